"""Written plans do what interpreted ones do: the loop is the specification."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bistro import (
    App,
    Event,
    EventStream,
    Json,
    JsonLines,
    NotFound,
    Proceed,
    Query,
    Request,
    Response,
    Routes,
    Stream,
)
from bistro.app.plan import LAYERS_MAX, write_plan
from bistro.forms import Form
from bistro.testing import AnswerIncomplete, Client

KINDS = ("before", "after", "around", "catching around", "error", "route before", "group after")
HANDLERS = (
    "plain",
    "text",
    "none",
    "thread",
    "async",
    "stream",
    "blocking stream",
    "broken stream",
    "events",
    "lines",
    "query",
    "body",
    "form",
    "missing",
    "broken",
)
PROVIDERS = ("none", "plain", "async", "generator", "async generator")


class Resource:
    """What a provider gives."""

    def __init__(self, log: list[str]) -> None:
        self.log = log


@dataclass
class Filled:
    """A body or form with a field that may be wrong."""

    size: int
    name: str = "x"


@dataclass(frozen=True)
class Case:
    """One site, and how a request to it is made."""

    hooks: tuple[str, ...]
    handler: str
    provider: str
    observed: bool
    stops: int | None
    fails: int | None
    uses: bool
    limited: bool
    answered: bool


cases = st.builds(
    Case,
    st.lists(st.sampled_from(KINDS), max_size=5).map(tuple),
    st.sampled_from(HANDLERS),
    st.sampled_from(PROVIDERS),
    st.booleans(),
    st.none() | st.integers(0, 4),
    st.none() | st.integers(0, 4),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


def make_site(case: Case, plans: Any, log: list[str]) -> App:
    """The app of a case; everything that happens is told to `log`."""
    app = App(defaults=False, plans=plans)
    add_provider(app, case, log)
    # A limit that nobody reaches: it changes who steps the handler, and nothing else.
    inner = Routes(timeout_seconds=60, cancel_on_disconnect=False) if case.limited else Routes()
    if case.answered:
        app.answer(dict, lambda result, request: Json([request.method, result], status=203))
    route_before = []
    for number, kind in enumerate(case.hooks):
        if kind == "route before":
            route_before.append(before_hook(number, case, log))
        elif kind == "before":
            app.before(before_hook(number, case, log))
        elif kind == "around":
            app.around(around_hook(number, log))
        elif kind == "catching around":
            app.around(catching_hook(number, log))
        elif kind == "error":
            app.on_error(ValueError)(error_hook(number, log))
        else:
            (inner if kind == "group after" else app).after(after_hook(number, case, log))
    if case.observed:
        app.observe(lambda request, status, seconds: log.append(f"observed {request.path} {status}"))
    add_handler(inner, case, log, route_before)
    app.include(inner, at="/in")
    return app


def add_provider(app: App, case: Case, log: list[str]) -> None:
    def plain() -> Resource:
        log.append("made")
        return Resource(log)

    async def plain_async() -> Resource:
        return plain()

    def generator() -> Iterator[Resource]:
        try:
            yield plain()
        except Exception as error:
            log.append(f"undone {type(error).__name__}")
            raise
        log.append("done")

    async def generator_async() -> AsyncIterator[Resource]:
        try:
            yield plain()
        except Exception as error:
            log.append(f"undone {type(error).__name__}")
            raise
        log.append("done")

    makers = {
        "none": plain,
        "plain": plain,
        "async": plain_async,
        "generator": generator,
        "async generator": generator_async,
    }
    app.provide(Resource, makers[case.provider])


def before_hook(number: int, case: Case, log: list[str]) -> Any:
    def note(resource: Resource | None) -> Any:
        log.append(f"before {number} {resource is not None}")
        if case.fails == number:
            raise ValueError(number)
        return {"stopped": number} if case.stops == number else None

    def hook(request: Request) -> Any:
        return note(None)

    async def hook_with_resource(resource: Resource) -> Any:
        return note(resource)

    return hook_with_resource if case.uses and case.provider != "none" else hook


def after_hook(number: int, case: Case, log: list[str]) -> Any:
    def hook(response: Response) -> Any:
        log.append(f"after {number} {response.status}")
        if case.fails == number:
            raise NotFound(str(number))
        response.add_header("x-after", str(number))
        return Json({"replaced": number}) if case.stops == number else None

    return hook


def around_hook(number: int, log: list[str]) -> Any:
    async def hook(proceed: Proceed, request: Request) -> Response:
        log.append(f"in {number}")
        response = await proceed()
        log.append(f"out {number} {response.status}")
        return response

    return hook


def catching_hook(number: int, log: list[str]) -> Any:
    async def hook(proceed: Proceed) -> Response:
        try:
            return await proceed()
        except ValueError as error:
            log.append(f"caught {number} {error}")
            return Json({"caught": number}, status=409)

    return hook


def error_hook(number: int, log: list[str]) -> Any:
    def hook(error: ValueError) -> Any:
        log.append(f"error {number} {error}")
        return Json({"error": number}, status=418)

    return hook


def add_handler(routes: Routes, case: Case, log: list[str], before: list[Any]) -> None:
    def plain(resource: Resource) -> dict[str, object]:
        log.append("handler")
        return {"ok": True}

    def text() -> str:
        return "text"

    def none() -> None:
        return None

    async def run_async(request: Request, resource: Resource) -> dict[str, object]:
        return {"method": request.method}

    async def stream(resource: Resource) -> Stream:
        async def pieces() -> AsyncIterator[str]:
            yield "a"
            log.append("streaming")
            yield "b"

        return Stream(pieces(), content_type="text/plain")

    def blocking_stream(resource: Resource) -> Stream:
        def pieces() -> Iterator[str]:
            yield "a"
            yield "b"

        return Stream(pieces(), content_type="text/plain")

    async def broken_stream(resource: Resource) -> Stream:
        async def pieces() -> AsyncIterator[str]:
            yield "a"
            raise ValueError("in the middle")

        return Stream(pieces(), content_type="text/plain")

    async def events(resource: Resource) -> EventStream[Filled]:
        async def pieces() -> AsyncIterator[Event | Filled]:
            yield Event("a\nb", id="1")
            log.append("streaming")
            yield Filled(2)

        return EventStream(pieces())

    def lines(resource: Resource) -> JsonLines[Filled]:
        return JsonLines([Filled(1), Filled(2)])

    def query(page: int, size: Query[int] = 3) -> dict[str, object]:
        return {"page": page, "size": size}

    def body(filled: Filled, resource: Resource) -> dict[str, object]:
        return {"size": filled.size}

    async def form(filled: Form[Filled]) -> dict[str, object]:
        return {"size": filled.value.size, "name": filled.value.name}

    def missing(resource: Resource) -> None:
        raise NotFound("nothing here")

    def broken(resource: Resource) -> None:
        raise ValueError("broken")

    handlers = {
        "plain": plain, "text": text, "none": none, "thread": plain, "async": run_async, "stream": stream,
        "blocking stream": blocking_stream, "broken stream": broken_stream, "events": events, "lines": lines,
        "query": query, "body": body, "form": form, "missing": missing, "broken": broken,
    }  # fmt: skip
    routes.route(["GET", "POST"], "/x/{id:int}", blocking=case.handler == "thread", before=before)(
        handlers[case.handler]
    )


def answers_of(case: Case, plans: Any) -> tuple[list[tuple[int, bytes, list[tuple[str, str]]]], list[str]]:
    """What some requests get, and what happened meanwhile."""
    log: list[str] = []
    found = []
    with Client(make_site(case, plans, log), raise_server_errors=False) as client:
        for method, url, options in (
            ("GET", "/in/x/1?page=7", {}),
            ("GET", "/in/x/1?page=wrong&size=wrong", {}),
            ("POST", "/in/x/1", {"json": {"size": 4}}),
            ("POST", "/in/x/1", {"json": {"size": "wrong"}}),
            ("POST", "/in/x/1", {"data": {"size": "5", "name": "y"}}),
            ("HEAD", "/in/x/1?page=7", {}),
            ("GET", "/in/nowhere", {}),
        ):
            log.append(f"-- {method} {url}")
            try:
                response = client.request(method, url, **options)
            except AnswerIncomplete:
                found.append((0, b"broke off", []))
                continue
            found.append((response.status, response.content, sorted(response.headers.multi_items())))
    return found, log


@settings(max_examples=150, deadline=None)
@given(cases)
def test_a_written_plan_answers_and_acts_as_the_interpreted_one_does(case: Case) -> None:
    written, log = answers_of(case, "written")
    assert (written, log) == answers_of(case, "interpreted")
    if "generator" in case.provider:
        # Whatever was opened was closed: after an error, a replaced stream, a HEAD without pieces …
        ended = [line for line in log if line == "done" or line.startswith("undone")]
        assert len(ended) == log.count("made")


def test_a_written_plan_of_a_bare_route_has_no_request_and_no_response() -> None:
    app = App(defaults=False)

    @app.get("/", blocking=False)
    def hello() -> str:
        return "hello"

    source = app.freeze().plan_of(app.freeze().routes[0]).source
    made_at_once = source.partition("except Exception")[0]
    assert "Request(" not in made_at_once
    assert "prepared(" not in made_at_once


def test_a_plan_tells_its_route_and_the_hook_of_each_line() -> None:
    app = App(defaults=False)

    @app.before
    def refuse_nobody(request: Request) -> None:
        return None

    @app.get("/items/{id:int}", blocking=False)
    def show(id: int) -> str:
        return str(id)

    frozen = app.freeze()
    source = frozen.plan_of(frozen.routes[0]).source
    assert '"""GET /items/{id:int} -> ' in source
    assert "# before: test_a_plan_tells_its_route_and_the_hook_of_each_line.<locals>.refuse_nobody" in source


def test_a_traceback_shows_the_line_of_the_plan() -> None:
    app = App(defaults=False)

    @app.get("/", blocking=False)
    def broken() -> str:
        raise LookupError("here")

    with Client(app) as client, pytest.raises(LookupError) as caught:
        client.get("/")
    entries = [str(entry) for entry in caught.traceback]
    assert any("<plan GET /" in entry for entry in entries)


def test_more_hooks_than_python_can_nest_are_interpreted() -> None:
    app = App(defaults=False)
    for _ in range(LAYERS_MAX + 10):

        @app.after
        def count(response: Response) -> None:
            response.headers["x-count"] = str(int(response.headers.get("x-count", "0")) + 1)

    @app.get("/", blocking=False)
    def hello() -> str:
        return "hello"

    with Client(app) as client:
        assert client.get("/").headers["x-count"] == str(LAYERS_MAX + 10)


def test_a_body_that_arrives_in_pieces_reaches_a_handler_in_place() -> None:
    app = App(defaults=False)

    @app.post("/", blocking=False)
    def echo(filled: Filled) -> dict[str, object]:
        return {"size": filled.size}

    def pieces() -> Iterator[bytes]:
        yield b'{"si'
        yield b'ze": 4}'

    with Client(app) as client:
        response = client.post("/", content=pieces(), headers={"content-type": "application/json"})
        assert response.json() == {"size": 4}


def test_write_plan_gives_a_function_whose_text_is_kept() -> None:
    app = App(defaults=False)

    @app.get("/", blocking=False)
    def hello() -> str:
        return "hello"

    plan = app.freeze().plan_of(app.freeze().routes[0])
    assert plan.source.startswith("def plan(exchange, captured):")
    assert write_plan is not None
