"""The pages as HTML. Every value is escaped where it is put in; nothing on them is a script."""

from __future__ import annotations

import linecache
import platform
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote

from bistro.ground import escape, escape_control_characters, is_sensitive_name, redact_text
from bistro.http import Request
from bistro.plugins.debug_page.frames import (
    ErrorView,
    FrameView,
    LocalValue,
    SourceLine,
    cut,
    format_plainly,
    read_chain,
    show_value,
)
from bistro.plugins.debug_page.style import STYLE
from bistro.plugins.error_pages import html_document
from bistro.routing import Route

ROUTES_MAX = 200
HEADER_LENGTH_MAX = 500


def make_error_page(error: BaseException, request: Request) -> str:
    """The page about an unexpected error."""
    chain = read_chain(error)
    first = chain[0]
    sections = [_banner(request, f"{first.kind}", first.message, first.notes, first.fix)]
    for position, view in enumerate(chain):
        sections.append(_error_section(view, is_first=position == 0))
    sections.append(_plan_section(chain))
    sections.append(_request_section(request))
    plain = _scrolling("Traceback", f'<pre class="plain">{_text(format_plainly(error))}</pre>')
    sections.append(_fold("Traceback as text, to copy", plain))
    sections.append(_footer())
    return html_document(f"{first.kind}: {cut(first.message, 80)}", _main(sections), STYLE)


def make_miss_page(request: Request, routes: Sequence[Route], nearest: Sequence[Route]) -> str:
    """The page about a path without a route."""
    shown = _shown_path(request)
    message = f"No route answers {request.method} {shown}"
    sections = [_banner(request, "404 Not Found", message, (), "")]
    if nearest:
        items = "".join(f"<li>{_route_link(route)}</li>" for route in nearest)
        sections.append(f"<section><h2>Did you mean</h2><ul>{items}</ul></section>")
    sections.append(_routes_section(routes))
    sections.append(_request_section(request))
    sections.append(_footer())
    return html_document(f"404 {cut(shown, 80)}", _main(sections), STYLE)


def _banner(request: Request, kind: str, message: str, notes: Iterable[str], fix: str) -> str:
    parts = [
        f'<p class="asked">{_text(request.method)} {_text(_shown_path(request))}</p>',
        f"<h1>{_text(kind)}</h1>",
        f'<p class="message">{_text(message)}</p>' if message else "",
        "".join(f'<p class="message">{_text(note)}</p>' for note in notes),
        f'<p class="fix"><b>How to fix it:</b> {_text(fix)}</p>' if fix else "",
    ]
    return f"<header>{_join(parts)}</header>"


def _error_section(view: ErrorView, *, is_first: bool) -> str:
    title = "Where it happened" if is_first else f"{view.relation} {view.kind}"
    parts = [f"<h2>{_text(title)}</h2>"]
    if not is_first:
        parts += [f'<p class="message">{_text(text)}</p>' for text in (view.message, *view.notes) if text]
    if view.frames_left_out:
        parts.append(f"<p>{view.frames_left_out} calls in the middle are left out.</p>")
    # The call in which it happened comes first: that is what one looks for.
    frames = list(reversed(view.frames))
    opened = next((frame for frame in frames if frame.is_own), frames[0] if frames else None)
    parts += [_frame(frame, is_open=frame is opened) for frame in frames if not frame.is_plan]
    return f"<section>{_join(parts)}</section>"


def _frame(frame: FrameView, *, is_open: bool) -> str:
    kind = "own" if frame.is_own else "other"
    place = f"{_short(frame.file)}:{frame.line}"
    summary = (
        f'<span class="function">{_text(frame.function)}</span> <span class="place">{_text(place)}</span>'
    )
    if frame.is_own:
        summary += ' <span class="tag">your code</span>'
    body = _source(frame.source) + _values(frame.values)
    is_open_text = " open" if is_open else ""
    return f'<details class="frame {kind}"{is_open_text}><summary>{summary}</summary>{body}</details>'


def _source(lines: Sequence[SourceLine]) -> str:
    if not lines:
        return '<p class="none">The source is not available.</p>'
    rows = "".join(_source_line(line) for line in lines)
    return _scrolling("Source", f'<pre class="source">{rows}</pre>')


def _source_line(line: SourceLine) -> str:
    text = _text(line.text)
    if line.mark is not None:
        start, stop = line.mark
        text = (
            f"{_text(line.text[:start])}<mark>{_text(line.text[start:stop])}</mark>{_text(line.text[stop:])}"
        )
    number = f'<span class="number">{line.number:>4}</span>'
    return f'<span class="line{" current" if line.is_current else ""}">{number} {text}</span>'


def _values(values: Sequence[LocalValue]) -> str:
    if not values:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{_text(value.name)}</th><td class="kind">{_text(value.kind)}</td>'
        f"<td>{_text(value.text)}</td></tr>"
        for value in values
    )
    return f"<table><caption>Values</caption><tbody>{rows}</tbody></table>"


def _plan_section(chain: Sequence[ErrorView]) -> str:
    """The function that was written for the route, whole, with the line that was being run."""
    plan = next((frame for view in chain for frame in view.frames if frame.is_plan), None)
    if plan is None:
        return ""
    lines = [
        SourceLine(number, text.rstrip("\n"), number == plan.line)
        for number, text in enumerate(linecache.getlines(plan.file), start=1)
    ]
    title = f"The plan of this route, {plan.file.removeprefix('<plan ').removesuffix('>')}"
    return _fold(title, _source(lines) + _values(plan.values))


def _request_section(request: Request) -> str:
    exchange = request.exchange
    facts = [
        ("Request", f"{request.method} {_shown_path(request)}"),
        ("Id", request.id),
        ("Client", exchange.client[0] if exchange.client else "unknown"),
        ("Protocol", f"{exchange.scheme}, HTTP/{exchange.http_version}"),
    ]
    facts += [(f"Query: {name}", value) for name, value in _query_of(request)]
    facts += [
        (f"From the path: {name}", show_value(name, value)) for name, value in request.path_parameters.items()
    ]
    facts += [(name, _header_value(name, value)) for name, value in request.headers.multi_items()]
    rows = "".join(
        f'<tr><th scope="row">{_text(name)}</th><td>{_text(value)}</td></tr>' for name, value in facts
    )
    return _fold("The request", f"<table><tbody>{rows}</tbody></table>")


def _query_of(request: Request) -> list[tuple[str, str]]:
    try:
        return [(name, show_value(name, value)) for name, value in request.query.multi_items()[:100]]
    except Exception:  # noqa: BLE001 - a malformed query may be what the page is about
        return [("", "malformed")]


def _header_value(name: str, value: str) -> str:
    if is_sensitive_name(name):
        return "***"
    return cut(escape_control_characters(redact_text(value)), HEADER_LENGTH_MAX)


def _routes_section(routes: Sequence[Route]) -> str:
    if not routes:
        return "<section><h2>Routes</h2><p>This site has no routes yet.</p></section>"
    rows = "".join(
        f"<tr><td>{_text(', '.join(route.shown_methods))}</td><th scope='row'>{_route_link(route)}</th>"
        f"<td>{_text(route.name)}</td>"
        f'<td class="place">{_text(f"{_short(route.origin.file)}:{route.origin.line}")}</td></tr>'
        for route in sorted(routes, key=lambda route: bool(route.origin.by))[:ROUTES_MAX]
    )
    head = "<tr><th>Method</th><th>Path</th><th>Name</th><th>Where</th></tr>"
    more = f"<p>And {len(routes) - ROUTES_MAX} more.</p>" if len(routes) > ROUTES_MAX else ""
    table = f"<table class='routes'><thead>{head}</thead><tbody>{rows}</tbody></table>"
    return f"<section><h2>Routes of this site</h2>{_scrolling('Routes', table)}{more}</section>"


def _route_link(route: Route) -> str:
    text = _text(f"{route.host or ''}{route.pattern.text}")
    can_be_followed = "GET" in route.shown_methods and not route.parameters and route.host is None
    return f'<a href="{text}"><code>{text}</code></a>' if can_be_followed else f"<code>{text}</code>"


def _scrolling(label: str, body: str) -> str:
    """What is wider than a small screen scrolls by itself, by the keyboard too (WCAG 2.1.1)."""
    return f'<div class="wide" role="region" tabindex="0" aria-label="{label}">{body}</div>'


def _fold(title: str, body: str) -> str:
    return (
        f'<section><details class="fold"><summary><h2>{_text(title)}</h2></summary>{body}</details></section>'
    )


def _footer() -> str:
    return (
        f"<footer>Python {platform.python_version()}, {_text(sys.executable)}. "
        "This page is shown in development only; in production visitors see an error page that tells nothing."
        "</footer>"
    )


def _shown_path(request: Request) -> str:
    """Path and query as people read them, with what looks secret masked."""
    exchange = request.exchange
    path = unquote(exchange.raw_path, errors="replace")
    query = f"?{unquote(exchange.query_string, errors='replace')}" if exchange.query_string else ""
    return cut(escape_control_characters(redact_text(path + query)), HEADER_LENGTH_MAX)


def _short(file: str) -> str:
    """The path as seen from the folder in which the site was started, where that is shorter."""
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return file


def _main(sections: Iterable[str]) -> str:
    return f"<main>\n{_join(sections)}\n</main>"


def _join(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)


def _text(text: str) -> str:
    return str(escape(text)).encode("utf-8", "replace").decode()
