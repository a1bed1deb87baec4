"""F13: a hook or guard holds for one route, for a group of routes, or for the whole app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bistro import App, Proceed, Request, Response, Routes
from bistro.http import Forbidden
from bistro.testing import Client


def require(name: str) -> Callable[[Request], None]:
    def guard(request: Request) -> None:
        if name not in request.headers:
            raise Forbidden(f"The header {name} is missing.")

    return guard


def say_ok() -> str:
    return "ok"


def make_app() -> App:
    app, staff, payroll = App(), Routes(), Routes()
    app.before(require("x-app"))
    staff.before(require("x-staff"))
    payroll.before(require("x-payroll"))
    app.get("/open", name="open")(say_ok)
    app.get("/guarded", name="guarded", before=[require("x-route")])(say_ok)
    staff.get("/list", name="list")(say_ok)
    payroll.get("/list", name="payroll")(say_ok)
    staff.include(payroll, at="/payroll")
    app.include(staff, at="/staff")
    return app


def passes(client: Client, target: str, *names: str) -> bool:
    return client.get(target, headers=dict.fromkeys(names, "1")).status == 200


def test_guards_hold_where_they_were_put_and_nowhere_else() -> None:
    with Client(make_app()) as client:
        for target, needed in {
            "/open": ["x-app"],
            "/guarded": ["x-app", "x-route"],
            "/staff/list": ["x-app", "x-staff"],
            "/staff/payroll/list": ["x-app", "x-staff", "x-payroll"],
        }.items():
            assert passes(client, target, *needed), target
            for left_out in needed:
                assert not passes(client, target, *(name for name in needed if name != left_out)), target


def test_after_and_around_hooks_too_hold_for_route_group_and_app_from_outside_in() -> None:
    app, group, log = App(), Routes(), list[str]()

    def note(where: str) -> Callable[[Proceed], Awaitable[Response]]:
        async def wrap(proceed: Proceed) -> Response:
            log.append(where)
            return await proceed()

        return wrap

    def mark(where: str) -> Callable[[Response], None]:
        def add(response: Response) -> None:
            response.add_header("x-mark", where)

        return add

    for registry, where in ((app, "app"), (group, "group")):
        registry.around(note(where))
        registry.after(mark(where))
    group.get("/", around=[note("route")], after=[mark("route")])(say_ok)
    app.include(group, at="/group")
    app.get("/other", name="other")(say_ok)

    with Client(app) as client:
        inner = client.get("/group/").headers.get_all("x-mark")
        inner_log = log.copy()
        log.clear()
        outer = client.get("/other").headers.get_all("x-mark")

    assert (inner_log, inner) == (["app", "group", "route"], ["route", "group", "app"])
    assert (log, outer) == (["app"], ["app"])
