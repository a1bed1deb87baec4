"""Hooks: where they stand, what they may do, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from bistro import App, Json, Proceed, Request, Response, Routes, Text
from bistro.app import HookError
from bistro.testing import Client

log: list[str] = []


@pytest.fixture(autouse=True)
def empty_log() -> None:
    log.clear()


def note(text: str):
    def before() -> None:
        log.append(f"in {text}")

    return before


def note_after(text: str):
    def after(response: Response) -> None:
        log.append(f"out {text}")

    return after


def test_hooks_stand_in_the_order_app_group_route_and_leave_in_reverse() -> None:
    app, outer, inner = App(defaults=False), Routes(), Routes()
    for name, place in (("app", app), ("outer", outer), ("inner", inner)):
        place.before(note(name))
        place.after(note_after(name))

    @inner.get("/", before=[note("route")], after=[note_after("route")])
    async def show() -> str:
        log.append("handler")
        return "x"

    outer.include(inner, at="/inner")
    app.include(outer, at="/outer")
    assert Client(app).get("/outer/inner/").status == 200
    names = ["app", "outer", "inner", "route"]
    assert log == [*[f"in {name}" for name in names], "handler", *[f"out {name}" for name in reversed(names)]]


def test_sync_and_async_hooks_mix() -> None:
    app = App(defaults=False)

    @app.before
    async def first(request: Request) -> None:
        log.append("async")

    @app.before
    def second(request: Request) -> None:
        log.append("sync")

    @app.get("/", blocking=False)
    def show() -> str:
        return "x"

    assert Client(app).get("/").text == "x"
    assert log == ["async", "sync"]


def test_a_before_hook_that_answers_ends_the_way_in_and_outer_after_hooks_see_it() -> None:
    app = App(defaults=False)
    app.after(note_after("outer"))

    @app.before
    def stop() -> Response:
        return Json({"stopped": True}, status=403)

    app.after(note_after("inner"))

    @app.get("/")
    async def show() -> str:
        raise AssertionError("never called")

    response = Client(app).get("/")
    assert (response.status, response.json()) == (403, {"stopped": True})
    assert log == ["out outer"]


def test_an_after_hook_may_put_another_answer_in_place() -> None:
    app = App(defaults=False)

    @app.after
    def replace(response: Response) -> Response:
        return Text(f"was {response.body.decode()}")

    @app.get("/")
    async def show() -> str:
        return "x"

    assert Client(app).get("/").text == "was x"


def test_hooks_of_the_app_run_for_paths_that_nobody_answers() -> None:
    app = App(defaults=False)
    app.after(note_after("app"))
    assert Client(app).get("/nowhere").status == 404
    assert Client(app).post("/nowhere").status == 404
    assert log == ["out app", "out app"]


def test_an_around_hook_may_answer_without_going_on() -> None:
    app = App(defaults=False)

    @app.around
    async def closed(proceed: Proceed) -> Response:
        return Text("closed", status=503)

    @app.get("/")
    async def show() -> str:
        raise AssertionError("never called")

    assert Client(app).get("/").status == 503


def test_an_around_hook_sees_the_error_of_what_it_wraps() -> None:
    app = App(defaults=False)

    @app.around
    async def catch(proceed: Proceed) -> Response:
        try:
            return await proceed()
        except LookupError as error:
            return Text(f"caught {error}")

    @app.get("/", blocking=False)
    def show() -> str:
        raise LookupError("inside")

    assert Client(app).get("/").text == "caught inside"


def test_a_hook_that_depends_on_a_type_stands_only_where_it_is_used() -> None:
    class Session:
        """Something that only some routes want."""

    def save(session, response):
        log.append("saved")

    save.__annotations__ = {"session": Session, "response": Response}

    async def with_session(session):
        return "x"

    with_session.__annotations__ = {"session": Session}

    async def without() -> str:
        return "x"

    app = App(defaults=False)
    app.provide(Session, Session)
    app.after(save, only_if_used=Session)
    app.get("/with")(with_session)
    app.get("/without")(without)
    client = Client(app)
    client.get("/without")
    assert log == []
    client.get("/with")
    assert log == ["saved"]


def test_a_hook_stands_only_on_the_routes_that_it_is_for() -> None:
    app = App(defaults=False)
    app.before(lambda: log.append("asked"), only_for=lambda route: "POST" in route.methods)
    app.get("/", name="get")(lambda: "x")
    app.post("/", name="post")(lambda: "x")
    client = Client(app)
    client.get("/")
    assert log == []
    client.post("/")
    assert log == ["asked"]


def test_observers_hear_once_of_every_answer() -> None:
    app = App(defaults=False)
    app.observe(lambda request, status, seconds: log.append(f"{request.method} {status} {seconds >= 0}"))

    @app.get("/", blocking=False)
    def show() -> str:
        return "x"

    @app.get("/stream", blocking=False)
    def stream() -> Iterator[str]:
        yield "x"

    @app.get("/broken")
    async def broken() -> None:
        raise LookupError

    client = Client(app, raise_server_errors=False)
    for path in ("/", "/stream", "/broken", "/nowhere"):
        client.get(path)
    assert log == ["GET 200 True", "GET 200 True", "GET 500 True", "GET 404 True"]


def wrong_hooks() -> list[tuple[str, str, object]]:
    def sync_around(proceed: Proceed) -> Response: ...

    async def around_without_proceed(request: Request) -> Response: ...

    def generator_before(request: Request) -> Iterator[None]:
        yield

    async def generator_after(response: Response) -> AsyncIterator[None]:
        yield

    def response_in_before(response: Response) -> None: ...

    def unknown_parameter(thing: Routes) -> None: ...

    return [
        ("around", "is not async", sync_around),
        ("around", "never goes on", around_without_proceed),
        ("before", "is a generator", generator_before),
        ("after", "is a generator", generator_after),
        ("before", "response: Response", response_in_before),
        ("after", "thing: Routes", unknown_parameter),
    ]


@pytest.mark.parametrize(
    ("kind", "what", "hook"), wrong_hooks(), ids=lambda value: getattr(value, "__name__", None)
)
def test_a_hook_of_the_wrong_shape_stops_the_start_with_its_place(kind: str, what: str, hook: object) -> None:
    app = App(defaults=False)
    getattr(app, kind)(hook)
    with pytest.raises(HookError) as caught:
        app.freeze()
    message = str(caught.value)
    assert what in message
    assert "test_hooks.py:" in message
    assert "B301" in message


@pytest.mark.parametrize("plans", ["written", "interpreted"])
@pytest.mark.parametrize("cleans_up", [True, False])
def test_what_an_around_hook_sees_of_an_error_does_not_depend_on_the_providers(
    cleans_up: bool, plans
) -> None:
    class Resource:
        """Provided, with or without a clean-up."""

    def plain():
        return Resource()

    def with_cleanup():
        try:
            yield Resource()
        except LookupError as error:
            log.append(f"undone {error}")
            raise

    async def show(resource):
        raise LookupError("inside")

    show.__annotations__ = {"resource": Resource}
    app = App(defaults=False, plans=plans)
    app.provide(Resource, with_cleanup if cleans_up else plain)

    @app.around
    async def catch(proceed: Proceed) -> Response:
        try:
            return await proceed()
        except LookupError as error:
            return Text(f"caught {error}")

    app.get("/")(show)
    assert Client(app).get("/").text == "caught inside"
    assert log == (["undone inside"] if cleans_up else [])


def test_hooks_of_the_app_hold_for_the_routes_of_plugins_unless_a_route_says_otherwise() -> None:
    class Pages:
        """A plugin with two routes."""

        def install(self, setup) -> None:
            setup.before(note("plugin"))
            setup.routes.get("/page", blocking=False)(lambda: "page")
            setup.routes.get("/probe", blocking=False, name="probe", without_app_hooks=True)(lambda: "probe")

    app = App(Pages(), defaults=False)
    app.before(note("app"))
    client = Client(app)
    client.get("/page")
    assert log == ["in plugin", "in app"]
    log.clear()
    client.get("/probe")
    assert log == ["in plugin"]
