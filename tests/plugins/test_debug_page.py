from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bistro.app import BaseApp
from bistro.http import NotFound
from bistro.plugins import DebugPage, DebugPageError, ErrorPages
from bistro.plugins.debug_page.frames import read_chain, show_value
from bistro.plugins.debug_page.plugin import find_nearest
from bistro.testing import Client

HTML = {"accept": "text/html"}


@pytest.fixture(autouse=True)
def _development(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "development")


def client_of(handler: Callable[..., object], path: str = "/orders/{id:int}") -> Client:
    app = BaseApp(ErrorPages(), DebugPage(lambda: app.freeze().routes))
    app.get(path)(handler)
    return Client(app, raise_server_errors=False)


def ask(
    handler: Callable[..., object], url: str = "/orders/7", path: str = "/orders/{id:int}", **headers: str
) -> str:
    response = client_of(handler, path).get(url, headers={**HTML, **headers})
    assert (response.status, response.content_type) == (500, "text/html")
    return response.text


def total_of(lines: list[int]) -> float:
    api_token = "tok-123"  # noqa: F841
    return sum(lines) / (len(lines) - 2)


async def show_order(id: int) -> dict[str, float]:
    password = "hunter2"  # noqa: F841
    lines = [id, id]
    return {"total": total_of(lines)}


def test_page_shows_the_error_with_source_and_the_part_that_failed() -> None:
    page = ask(show_order)
    assert "<h1>ZeroDivisionError</h1>" in page
    assert "float division by zero" in page or "division by zero" in page
    assert "<mark>sum(lines) / (len(lines) - 2)</mark>" in page
    assert re.search(r'class="line current">.*return <mark>sum', page)


def test_values_are_shown_and_secret_ones_masked() -> None:
    page = ask(show_order)
    assert '<th scope="row">lines</th>' in page
    assert "[7, 7]" in page
    values = "".join(re.findall("<table>.*?</table>", page, re.DOTALL))
    assert "hunter2" not in values
    assert "tok-123" not in values
    assert values.count("***") >= 2


def test_plan_of_the_route_is_shown_with_the_line_that_was_run() -> None:
    page = ask(show_order)
    assert "The plan of this route, GET /orders/{id:int}" in page
    assert re.search(
        r'class="line current">\s*<span class="number">\s*\d+</span>\s+(result = )?await handler|handler\(id=',
        page,
    )


def test_request_is_shown_without_its_secrets() -> None:
    page = ask(
        show_order,
        "/orders/7?page=2&api_key=key-of-ada",
        cookie="session=cookie-of-ada",
        authorization="Bearer right-of-ada",
    )
    assert "Query: page" in page
    assert "of-ada" not in page


def test_cause_and_context_are_shown() -> None:
    def chained(id: int) -> str:
        try:
            raise KeyError("inner")
        except KeyError as error:
            error.add_note("read from the import")
            raise ValueError("outer") from error

    page = ask(chained)
    assert page.index("outer") < page.index("Caused by KeyError")
    assert "read from the import" in page


def test_what_is_shown_is_escaped() -> None:
    def evil(id: int) -> str:
        name = "<script>alert(1)</script>"
        raise ValueError(name)

    page = ask(evil, "/orders/7?q=<script>x</script>".replace("<", "%3C").replace(">", "%3E"))
    assert "<script" not in page


def test_page_needs_no_script_and_no_other_file() -> None:
    page = ask(show_order)
    assert not re.search(r"<script|<link|<img|@import|url\(|https?://", page)
    assert "style=" not in page


class Hostile:
    def __repr__(self) -> str:
        raise SystemExit("no")

    __str__ = __repr__

    @property
    def __class__(self) -> type:
        raise RuntimeError("no class")


class HostileError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class Endless:
    def __repr__(self) -> str:
        return repr(self)


def test_broken_objects_do_not_break_the_page() -> None:
    def broken(id: int) -> str:
        hostile = Hostile()  # noqa: F841
        endless = Endless()  # noqa: F841
        huge = "x" * 10_000_000  # noqa: F841
        many = list(range(1_000_000))  # noqa: F841
        number = 10**100_000  # noqa: F841
        circle: list[object] = []
        circle.append(circle)
        surrogate = "\ud800"  # noqa: F841
        raise HostileError

    page = ask(broken)
    assert "HostileError" in page
    assert "its text could not be made" in page
    assert len(page) < 500_000


@pytest.mark.parametrize(
    "make",
    [
        Hostile,
        Endless,
        lambda: "x" * 10**6,
        lambda: b"\xff" * 10**6,
        lambda: {"a": {"password": "p"}},
        lambda: object,
    ],
    ids=["hostile", "endless", "text", "bytes", "dict", "class"],
)
def test_any_value_is_shown_in_bounded_length(make: Callable[[], object]) -> None:
    text = show_value("value", make())
    assert len(text) < 1_100
    assert "'p'" not in text


def test_endless_recursion_is_shown_in_part() -> None:
    def recurse(number: int) -> int:
        return recurse(number + 1)

    def deep(id: int) -> int:
        return recurse(0)

    page = ask(deep)
    assert "calls in the middle are left out" in page
    assert len(page) < 1_000_000


def test_chain_that_leads_back_to_itself_ends() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert [view.message for view in read_chain(first)] == ["first", "second"]


def test_source_that_has_gone_is_said_to_be_missing(tmp_path: Path) -> None:
    code = compile(
        "def gone(id: int) -> str:\n    raise ValueError('x')\n", str(tmp_path / "gone.py"), "exec"
    )
    scope: dict[str, object] = {}
    exec(code, scope)
    assert "The source is not available." in ask(scope["gone"])  # type: ignore[arg-type]


def test_error_of_bistro_shows_how_to_fix_it() -> None:
    def lost(id: int) -> str:
        return client.app.url("nowhere")  # type: ignore[attr-defined, no-any-return]

    client = client_of(lost)
    page = client.get("/orders/7", headers=HTML).text
    header = page[page.index("<header>") : page.index("</header>")]
    assert "How to fix it" in header
    fix = header.partition("How to fix it:</b> ")[2].partition("</p>")[0]
    assert header.count(fix) == 1


def test_program_gets_the_traceback_as_a_problem_document() -> None:
    response = client_of(show_order).get("/orders/7")
    assert response.content_type == "application/problem+json"
    document = response.json()
    assert document["exception"] == "ZeroDivisionError"
    assert any("total_of" in line for line in document["traceback"])


# --- paths without a route ---------------------------------------------------------------------------


def test_path_without_a_route_shows_what_was_probably_meant() -> None:
    page = client_of(show_order).get("/order/7", headers=HTML)
    assert page.status == 404
    assert "Did you mean" in page.text
    assert "/orders/{id:int}" in page.text.partition("Routes of this site")[0]
    assert "test_debug_page.py:" in page.text


def test_not_found_of_a_handler_looks_as_in_production() -> None:
    def missing(id: int) -> str:
        raise NotFound("There is no order 7.")

    page = client_of(missing).get("/orders/7", headers=HTML)
    assert page.status == 404
    assert "There is no order 7." in page.text
    assert "Routes of this site" not in page.text


def test_not_found_of_a_plugin_that_says_what_is_not_there_says_so() -> None:
    # A handler without a frame of its own in the traceback, as those of Bistro's plugins are seen.
    scope: dict[str, object] = {"__name__": "bistro.plugins.some", "NotFound": NotFound}
    exec("def missing(id: int) -> str: raise NotFound('There is no build.')", scope)
    page = client_of(scope["missing"]).get("/orders/7", headers=HTML)  # type: ignore[arg-type]
    assert page.status == 404
    assert "There is no build." in page.text
    assert "Routes of this site" not in page.text


def test_program_is_told_no_routes() -> None:
    assert "routes" not in client_of(show_order).get("/order/7").text


def test_nothing_is_suggested_for_what_looks_like_nothing() -> None:
    assert find_nearest("/" + "x" * 10_000, client_of(show_order).app.freeze().routes) == []  # type: ignore[attr-defined]


# --- never in production -------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", ["production", "prod", ""])
def test_app_with_the_page_does_not_start_in_production(
    environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", environment)
    with pytest.raises(DebugPageError, match="secrets"):
        BaseApp(ErrorPages(), DebugPage()).freeze()
