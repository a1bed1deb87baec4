"""What a visitor sees when something goes wrong: a page for browsers, a problem document for programs.

A site's own `on_error` hooks come first: `@app.on_error(NotFound)` takes the place of these pages.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from bistro.app import Setup
from bistro.ground import escape
from bistro.http import Html, HttpError, InternalServerError, Request, Response, problem_details
from bistro.validation import encode_json_safely


@dataclass(frozen=True)
class ErrorPages:
    """Answer errors with a page that says what happened in plain words, or as RFC 9457 asks.

    Browsers get HTML, everyone else `application/problem+json`. `home` is where the page leads
    back to; `language` is that of the sentences in `sentences`, by status, which replace the built-in
    English ones.
    """

    home: str = "/"
    language: str = "en"
    sentences: Mapping[int, str] | None = None

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Answer every error that nothing else answers."""
        maker = ErrorPageMaker(self.home, self.language, self.sentences or {})
        setup.on_error(HttpError)(maker.answer)
        setup.on_error(Exception)(maker.answer_unexpected)


class ErrorPageMaker:
    """Makes the answers of one configuration."""

    def __init__(self, home: str, language: str, sentences: Mapping[int, str]) -> None:
        self._home = home
        self._language = language
        self._sentences = {**SENTENCES, **sentences}
        self._headers = page_headers(STYLE)

    def answer(self, error: HttpError, request: Request) -> Response:
        """The page, or the problem document, for an error that says its status itself."""
        if wants_page(request):
            response: Response = Html(self.page(error, request), status=error.status, headers=self._headers)
        else:
            response = problem_answer(error)
        for name, value in error.headers.items():
            response.headers[name] = value
        return response

    def answer_unexpected(self, error: Exception, request: Request) -> Response:
        """A 500 that tells nothing of the error; it is in the log, under the request's id."""
        return self.answer(InternalServerError(), request)

    def page(self, error: HttpError, request: Request) -> str:
        """The page as HTML."""
        sentence = error.detail or self._sentences.get(error.status, "")
        rows = "".join(
            f"<li>{_text(f'{problem.path or problem.place}: {problem.message}')}</li>"
            for problem in error.problems
        )
        parts = [
            f'<p class="status" aria-hidden="true">{error.status}</p>',
            f"<h1>{_text(error.title)}</h1>",
            f"<p>{_text(sentence)}</p>" if sentence else "",
            f"<ul>{rows}</ul>" if rows else "",
            f'<p><a href="{_text(self._home)}">Go to the start page</a></p>',
        ]
        if error.status >= 500:
            parts.append(f'<p class="id">If you report this, quote <code>{_text(request.id)}</code></p>')
        body = "<main>\n" + "\n".join(filter(None, parts)) + "\n</main>"
        return html_document(f"{error.status} {error.title}", body, STYLE, self._language)


def wants_page(request: Request) -> bool:
    """Whether to answer with HTML; an `Accept` header that can't be read asks for none."""
    try:
        return request.wants_html
    except HttpError:
        return False


def problem_answer(error: HttpError) -> Response:
    """`error` as `application/problem+json` (RFC 9457)."""
    body = encode_json_safely(problem_details(error))
    headers = {"cache-control": "no-store", "vary": "accept"}
    return Response(body, status=error.status, content_type="application/problem+json", headers=headers)


def html_document(title: str, body: str, style: str, language: str = "en") -> str:
    """A whole page with its style inside; `title` is escaped here, `body` must be already."""
    return (
        f'<!doctype html>\n<html lang="{_text(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n"
        f"<style>{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def page_headers(style: str) -> dict[str, str]:
    """The headers of a page that needs nothing but its own `style`; it lets in that style by its hash."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {"content-security-policy": policy, "cache-control": "no-store", "vary": "accept"}


def _text(text: str) -> str:
    # Lone surrogates have no UTF-8 form; a page about one must not be an error itself.
    return str(escape(text)).encode("utf-8", "replace").decode()


SENTENCES: Mapping[int, str] = {
    400: "The site could not understand this request.",
    401: "Please log in first.",
    403: "You may not see or do this.",
    404: "There is no page at this address. It may have moved, or the address may have a typing error.",
    405: "This address can't be used in this way.",
    408: "The request took too long to arrive. Please try again.",
    409: "Somebody else has changed this in the meantime. Please load it again.",
    410: "This page was here once and has been removed.",
    413: "What you sent is too large.",
    415: "The site does not read this kind of content.",
    422: "Some of the values that you sent are not valid.",
    429: "That was too often in too short a time. Please wait a little.",
    500: "Something went wrong on our side. It has been noted.",
    503: "The site is busy or being worked on. Please try again in a moment.",
    504: "The site took too long to answer. Please try again.",
    507: "The site has no room left to store this.",
}

STYLE = """
:root { color-scheme: light dark; --ground: #fbfaf7; --ink: #23211d; --quiet: #635e54; --link: #0b5c86;
  --line: #8a5a1c }
@media (prefers-color-scheme: dark) {
  :root { --ground: #181715; --ink: #ece8df; --quiet: #aca596; --link: #7cc4ec; --line: #d9a45b }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--ground); color: var(--ink); font: 1.0625rem/1.6 system-ui, sans-serif }
main { max-width: 36rem; width: 100%; border-left: .25rem solid var(--line); padding-left: 1.5rem;
  overflow-wrap: anywhere }
.status { margin: 0; font-size: 1rem; font-weight: 600; letter-spacing: .08em; color: var(--quiet) }
h1 { margin: 0 0 .75rem; font-size: clamp(1.75rem, 6vw, 2.5rem); line-height: 1.15; text-wrap: balance }
p, ul { margin: 0 0 1rem }
ul { padding-left: 1.25rem }
a { color: var(--link); text-underline-offset: .2em }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 3px }
.id { font-size: .875rem; color: var(--quiet) }
code { font: .95em ui-monospace, monospace }
"""
