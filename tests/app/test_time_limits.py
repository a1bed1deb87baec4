"""`timeout_seconds` and `cancel_on_disconnect`, on routes, groups and the app."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from bistro import App, Request, Response, Routes
from bistro.app.options import Plans
from bistro.routing import RouteError
from bistro.serving.memory import MemoryExchange
from bistro.testing import Client

SECONDS_MAX = 10.0
pytestmark = pytest.mark.parametrize("plans", ["written", "interpreted"])


class Transaction:
    """Provided to handlers; commits, or rolls back."""


async def wait_for_ever() -> None:
    await asyncio.Event().wait()


def statuses(app: App, *paths: str) -> list[int]:
    with Client(app) as client:
        return [client.get(path).status for path in paths]


def test_the_innermost_limit_holds(plans: Plans) -> None:
    app = App(defaults=False, plans=plans, timeout_seconds=0.01)
    patient = Routes(timeout_seconds=SECONDS_MAX)
    unlimited = Routes(timeout_seconds=None)

    async def quick_enough() -> str:
        await asyncio.sleep(0.03)
        return "done"

    app.get("/app")(quick_enough)
    app.get("/route", timeout_seconds=SECONDS_MAX)(quick_enough)
    patient.get("/group")(quick_enough)
    patient.get("/route-in-group", timeout_seconds=0.01)(quick_enough)
    unlimited.get("/unlimited")(quick_enough)
    patient.include(unlimited)
    app.include(patient)

    paths = ("/app", "/route", "/group", "/route-in-group", "/unlimited")
    assert statuses(app, *paths) == [504, 200, 200, 504, 200]


def test_the_limit_of_the_app_holds_for_routes_of_plugins(plans: Plans) -> None:
    class Slow:
        def install(self, setup) -> None:
            setup.routes.get("/plugin")(wait_for_ever)

    app = App(Slow(), defaults=False, plans=plans, timeout_seconds=0.01)
    assert statuses(app, "/plugin") == [504]


def test_an_option_that_there_is_not_is_refused(plans: Plans) -> None:
    with pytest.raises(TypeError, match="there is no option timeout; did you mean timeout_seconds"):
        App(plans=plans, timeout=3)  # type: ignore[call-arg]  # the mistake under test
    with pytest.raises(TypeError, match="there is no option debug"):
        Routes(debug=True)  # type: ignore[call-arg]  # the mistake under test


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout_seconds", "5"),
        ("timeout_seconds", 0),
        ("blocking", "no"),
        ("body_size_max", 1.5),
        ("atomic", 1),
    ],
)
def test_a_value_that_would_fail_only_in_a_request_is_refused_when_the_route_is_made(
    name: str, value: object, plans: Plans
) -> None:
    app = App(defaults=False, plans=plans)
    with pytest.raises(RouteError, match=name) as caught:
        app.get("/slow", **{name: value})(wait_for_ever)  # type: ignore[arg-type]  # the mistake under test
    assert "/slow" in caught.value.what
    assert __file__ in str(caught.value)
    with pytest.raises(TypeError, match=name):
        App(plans=plans, **{name: value})  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize("is_sync", [False, True])
def test_what_a_provider_opened_is_told_of_the_end(plans: Plans, is_sync: bool) -> None:
    app = App(defaults=False, plans=plans, timeout_seconds=0.01)
    events: list[str] = []

    async def transact() -> AsyncIterator[Transaction]:
        try:
            yield Transaction()
            events.append("commit")
        except BaseException as error:
            events.append(f"roll back: {type(error).__name__}")
            raise

    def transact_sync() -> Iterator[Transaction]:
        try:
            yield Transaction()
            events.append("commit")
        except BaseException as error:
            events.append(f"roll back: {type(error).__name__}")
            raise

    app.provide(Transaction, transact_sync if is_sync else transact)

    @app.get("/")
    async def slow(transaction: Transaction) -> None:
        await wait_for_ever()

    assert statuses(app, "/") == [504]
    assert events == ["roll back: CancelledError"]


def test_hooks_around_see_the_504(plans: Plans) -> None:
    app = App(defaults=False, plans=plans)
    seen: list[int] = []

    @app.after
    def note(response: Response) -> None:
        seen.append(response.status)

    app.get("/", timeout_seconds=0.01)(wait_for_ever)
    assert statuses(app, "/") == [504]
    assert seen == [504]


@contextmanager
def released(event: threading.Event) -> Iterator[None]:
    try:
        yield
    finally:
        event.set()


def test_a_def_handler_is_answered_for_while_its_thread_runs_on(plans: Plans) -> None:
    app = App(defaults=False, plans=plans, timeout_seconds=0.05)
    go_on, events = threading.Event(), []

    def transact() -> Iterator[Transaction]:
        try:
            yield Transaction()
        finally:
            events.append("closed")

    app.provide(Transaction, transact)

    @app.get("/")
    def slow(transaction: Transaction) -> str:
        go_on.wait(SECONDS_MAX)
        events.append("ended")
        return "too late"

    with Client(app) as client, released(go_on):
        assert client.get("/").status == 504
        assert events == []  # what the thread uses is still open
        # The app stops when the thread has ended.
    assert events == ["ended", "closed"]


def test_a_def_handler_that_shares_what_a_hook_opened_is_waited_for(plans: Plans) -> None:
    app = App(defaults=False, plans=plans, timeout_seconds=0.01)
    events: list[str] = []

    def transact() -> Iterator[Transaction]:
        try:
            yield Transaction()
        finally:
            events.append("closed")

    app.provide(Transaction, transact)

    @app.before
    def look(transaction: Transaction) -> None:
        pass

    @app.get("/")
    def slow(transaction: Transaction) -> None:
        threading.Event().wait(0.05)
        events.append("ended")

    assert statuses(app, "/") == [504]
    assert events == ["ended", "closed"]


def test_a_quick_def_handler_answers_for_itself(plans: Plans) -> None:
    app = App(defaults=False, plans=plans, timeout_seconds=SECONDS_MAX)

    @app.get("/")
    def quick() -> str:
        return "done"

    @app.get("/broken")
    def broken() -> str:
        raise TimeoutError("of something else")

    client = Client(app, raise_server_errors=False)
    assert client.get("/").text == "done"
    assert client.get("/broken").status == 500


@pytest.mark.parametrize("has_limit", [False, True])
def test_a_def_handler_whose_client_leaves_keeps_what_it_uses_until_it_ends(
    plans: Plans, has_limit: bool
) -> None:
    app = App(defaults=False, plans=plans, timeout_seconds=SECONDS_MAX if has_limit else None)
    entered, go_on, events = threading.Event(), threading.Event(), []

    def transact() -> Iterator[Transaction]:
        try:
            yield Transaction()
            events.append("commit")
        except BaseException:
            events.append("roll back")
            raise

    app.provide(Transaction, transact)

    @app.get("/")
    def slow(transaction: Transaction) -> None:
        entered.set()
        go_on.wait(SECONDS_MAX)
        events.append("ended")

    async def run() -> None:
        task = asyncio.ensure_future(app.handle(MemoryExchange()))
        await asyncio.to_thread(entered.wait, SECONDS_MAX)
        task.cancel()
        await asyncio.sleep(0)
        assert events == []
        go_on.set()
        await asyncio.wait([task], timeout=SECONDS_MAX)
        assert task.cancelled()

    manager: AbstractContextManager[None] = released(go_on)
    with manager:
        asyncio.run(run())
    assert events == ["ended", "roll back"]


def test_only_handlers_that_ask_for_it_are_shielded(plans: Plans) -> None:
    app = App(defaults=False, plans=plans)
    durable = Routes(cancel_on_disconnect=False)

    @durable.get("/durable")
    async def durable_handler() -> str:
        return "done"

    @durable.get("/plain", cancel_on_disconnect=True)
    async def plain(request: Request) -> str:
        return request.method

    app.include(durable)

    def is_shielded(path: str) -> bool:
        async def run() -> bool:
            exchange = MemoryExchange(target=path)
            waiting = app.handle(exchange)
            if waiting is not None:
                await waiting
            assert exchange.status == 200
            return exchange.is_shielded

        return asyncio.run(run())

    assert is_shielded("/durable")
    assert not is_shielded("/plain")
