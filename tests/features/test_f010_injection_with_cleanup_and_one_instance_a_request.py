"""F10: what a type hint asks for is made once a request, shared by all who ask, and cleaned up after."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from bistro import App, Html, Request
from bistro.testing import Client


class Connection:
    """Something that must be closed."""

    def __init__(self) -> None:
        self.is_open = True


class Cart:
    """Something that is made with a connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection


def provide_connection(app: App, log: list[str], *, is_async: bool) -> None:
    def open_one() -> Iterator[Connection]:
        connection = Connection()
        log.append("open")
        try:
            yield connection
        except LookupError as error:
            log.append(f"saw {error}")
            raise
        finally:
            connection.is_open = False
            log.append("closed")

    async def open_async() -> AsyncIterator[Connection]:
        for connection in open_one():
            yield connection

    app.provide(Connection, open_async if is_async else open_one)


@pytest.mark.parametrize("is_async", [False, True])
def test_all_who_ask_in_one_request_share_one_instance(is_async: bool) -> None:
    app, log, seen = App(), list[str](), list[Connection]()
    provide_connection(app, log, is_async=is_async)
    app.provide(Cart, Cart)

    @app.before
    def look(connection: Connection) -> None:
        seen.append(connection)

    @app.get("/")
    async def index(connection: Connection, cart: Cart) -> str:
        log.append("handler")
        seen.extend([connection, cart.connection])
        return "open" if connection.is_open else "closed already"

    with Client(app) as client:
        assert client.get("/").text == client.get("/").text == "open"

    first, second = seen[:3], seen[3:]
    assert len({id(each) for each in first}) == len({id(each) for each in second}) == 1
    assert first[0] is not second[0]
    assert log == ["open", "handler", "closed"] * 2


def test_nothing_is_made_for_a_handler_that_does_not_ask() -> None:
    app, log = App(), list[str]()
    provide_connection(app, log, is_async=False)

    @app.get("/")
    async def index() -> str:
        return "alone"

    with Client(app) as client:
        client.get("/")

    assert log == []


def test_clean_up_runs_where_the_handler_fails_and_sees_the_error() -> None:
    app, log = App(), list[str]()
    provide_connection(app, log, is_async=False)

    @app.get("/")
    async def index(connection: Connection) -> str:
        raise LookupError("the fault")

    with Client(app, raise_server_errors=False) as client:
        assert client.get("/").status == 500

    assert log == ["open", "saw the fault", "closed"]


def test_a_provider_is_given_what_it_asks_for_itself() -> None:
    app = App()

    def find_language(request: Request) -> Html:
        return Html(f"<p>{request.headers['accept-language']}</p>")

    app.provide(Html, find_language)

    @app.get("/")
    async def index(page: Html) -> Html:
        return page

    with Client(app) as client:
        assert client.get("/", headers={"accept-language": "de"}).text == "<p>de</p>"
