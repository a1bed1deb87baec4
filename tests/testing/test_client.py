from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import weakref
from typing import NamedTuple

import pytest

from bistro.ground.errors import BistroError
from bistro.testing import (
    AnswerIncomplete,
    AsyncClient,
    Client,
    ClientClosed,
    FakeClock,
    TooManyRedirects,
)

JSON = b"content-type: application/json\r\n"


class Seen(NamedTuple):
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@pytest.fixture
def client(app):
    with Client(app) as client:
        yield client


@pytest.fixture
def seen(app) -> list[Seen]:
    """What the handler of /seen was asked, newest last."""
    requests: list[Seen] = []

    async def handler(exchange):
        body = await exchange.read_body(10_000)
        headers = {name.decode(): value.decode() for name, value in exchange.header_items()}
        requests.append(Seen(exchange.method, exchange.raw_path, exchange.query_string, headers, body))
        exchange.send(200, b"", b"")

    app.handlers["/seen"] = handler
    return requests


def redirect_to(location: str, status: int = 302):
    return lambda exchange: exchange.send(status, f"location: {location}\r\n".encode(), b"")


def test_answer_is_read_back(app, client):
    app.handlers["/"] = lambda exchange: exchange.send(201, JSON, b'{"id": 1}')
    response = client.get("/")
    assert (response.status, response.json(), response.text) == (201, {"id": 1}, '{"id": 1}')
    assert (response.headers["Content-Type"], response.content_type) == ("application/json",) * 2
    assert (response.url, response.is_success, response.history) == ("http://localhost/", True, ())


def test_json_is_decoded_into_a_type_and_checked(app, client):
    app.handlers["/"] = lambda exchange: exchange.send(200, JSON, b'{"a": 1}')
    assert client.get("/").json(dict[str, int]) == {"a": 1}
    with pytest.raises(BistroError, match="text"):
        client.get("/").json(dict[str, str])


@pytest.mark.parametrize("method", ["get", "head", "options", "post", "put", "patch", "delete"])
def test_every_method_has_its_function(client, seen, method):
    assert getattr(client, method)("/seen").status == 200
    assert seen[0].method == method.upper()


def test_unusual_methods_go_through_request(client, seen):
    client.request("PROPFIND", "/seen")
    assert seen[0].method == "PROPFIND"


def test_handlers_error_reaches_the_test(app, client):
    def handler(exchange):
        error = LookupError("the real cause")
        exchange.note_error(error)
        exchange.send(500, b"", b"")

    app.handlers["/"] = handler
    with pytest.raises(LookupError, match="the real cause"):
        client.get("/")


def test_handlers_error_is_a_500_where_the_test_asks_for_that(app):
    def handler(exchange):
        exchange.note_error(LookupError("the real cause"))
        exchange.send(500, b"", b"sorry")

    app.handlers["/"] = handler
    with Client(app, raise_server_errors=False) as client:
        assert client.get("/").status == 500


def test_application_that_raises_is_never_an_empty_answer(app, client):
    def handler(exchange):
        raise LookupError("out of the gate")

    app.handlers["/"] = handler
    with pytest.raises(LookupError):
        client.get("/")


def test_missing_answer_is_told(app, client):
    app.handlers["/"] = lambda exchange: None
    with pytest.raises(AnswerIncomplete, match="GET / was not answered"):
        client.get("/")


def test_answer_that_breaks_off_is_told(app, client):
    async def handler(exchange):
        exchange.start(200, b"", None)
        await exchange.write(b"half")

    app.handlers["/"] = handler
    with pytest.raises(AnswerIncomplete, match="broke off"):
        client.get("/")


def test_handler_that_waits_is_waited_for(app, client):
    async def handler(exchange):
        await asyncio.sleep(0)
        assert asyncio.current_task() is not None
        exchange.send(200, b"", b"late")

    app.handlers["/"] = handler
    assert client.get("/").content == b"late"


def test_context_variables_of_the_test_are_seen_and_never_changed(app, client):
    variable = contextvars.ContextVar("variable", default="unset")

    def handler(exchange):
        value = variable.get()
        variable.set("changed by the handler")
        exchange.send(200, b"", value.encode())

    app.handlers["/"] = handler
    variable.set("set by the test")
    assert client.get("/").text == "set by the test"
    assert variable.get() == "set by the test"


# Redirects


def test_redirect_is_not_followed_unless_asked(app, client):
    app.handlers["/"] = redirect_to("/seen")
    response = client.get("/")
    assert (response.status, response.is_redirect, response.headers["location"]) == (302, True, "/seen")


def test_followed_redirect_tells_its_history(app, client, seen):
    app.handlers["/a"] = redirect_to("/b?x=1")
    app.handlers["/b"] = redirect_to("seen", 307)
    response = client.get("/a", follow_redirects=True)
    assert [step.status for step in response.history] == [302, 307]
    assert response.url == "http://localhost/seen"


def test_client_may_follow_all_redirects(app, seen):
    app.handlers["/a"] = redirect_to("/seen")
    with Client(app, follow_redirects=True) as client:
        assert client.get("/a").status == 200
        assert client.get("/a", follow_redirects=False).status == 302


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "DELETE", "GET"),
        (302, "PUT", "PUT"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ],
)
def test_redirect_changes_the_method_as_browsers_do(app, client, seen, status, method, then):
    app.handlers["/a"] = redirect_to("/seen", status)
    client.request(method, "/a", content=b"body", follow_redirects=True)
    assert (seen[0].method, seen[0].body) == (then, b"" if then == "GET" else b"body")
    assert ("content-length" in seen[0].headers) is (then != "GET")


def test_head_stays_head_after_every_redirect(app, client, seen):
    app.handlers["/a"] = redirect_to("/seen", 303)
    client.head("/a", follow_redirects=True)
    assert seen[0].method == "HEAD"


def test_eleventh_redirect_is_refused(app, client):
    app.handlers["/"] = redirect_to("/")
    with pytest.raises(TooManyRedirects, match="more than 10"):
        client.get("/", follow_redirects=True)


def test_credentials_do_not_follow_to_another_host(app, client, seen):
    app.handlers["/a"] = redirect_to("http://evil.example/seen", 307)
    client.cookies["session"] = "secret"
    client.post(
        "/a", headers={"authorization": "Bearer x"}, cookies={"once": "secret"}, follow_redirects=True
    )
    headers = seen[0].headers
    assert headers["host"] == "evil.example"
    assert headers["sec-fetch-site"] == "cross-site"
    assert not {"cookie", "authorization"} & headers.keys()


def test_body_given_as_iterator_is_not_sent_again(app, client):
    app.handlers["/"] = redirect_to("/b", 307)
    with pytest.raises(ValueError, match="iterator"):
        client.post("/", content=iter([b"x"]), follow_redirects=True)


# Cookies


def test_cookies_are_kept_and_sent_back(app, client, seen):
    app.handlers["/set"] = lambda exchange: exchange.send(
        200, b"set-cookie: a=1\r\nset-cookie: b=2; path=/\r\n", b""
    )
    response = client.get("/set")
    client.get("/seen")
    assert response.cookies == {"a": "1", "b": "2"}
    assert seen[0].headers["cookie"] == "a=1; b=2"


def test_cookies_of_one_request_are_not_kept(client, seen):
    client.get("/seen", cookies={"once": "1"})
    client.get("/seen")
    assert seen[0].headers["cookie"] == "once=1"
    assert "cookie" not in seen[1].headers


def test_cookie_expires_by_the_clients_clock(app, seen):
    app.handlers["/set"] = lambda exchange: exchange.send(200, b"set-cookie: a=1; max-age=60\r\n", b"")
    clock = FakeClock()
    with Client(app, clock=clock) as client:
        client.get("/set")
        clock.advance(59)
        client.get("/seen")
        clock.advance(1)
        client.get("/seen")
    assert [request.headers.get("cookie") for request in seen] == ["a=1", None]


def test_cookies_may_be_given_from_the_start(app, seen):
    with Client(app, cookies={"a": "1"}) as client:
        client.get("/seen")
    assert seen[0].headers["cookie"] == "a=1"


# Streams


def test_stream_is_read_while_the_handler_runs(app, client):
    step = threading.Event()

    async def handler(exchange):
        exchange.start(200, b"", None)
        await exchange.write(b"first")
        await asyncio.to_thread(step.wait, 10)
        await exchange.write(b"second")
        await exchange.finish()

    app.handlers["/"] = handler
    with client.stream("GET", "/") as response:
        pieces = response.iter_bytes()
        first = next(pieces)
        step.set()
        assert [response.status, first, *pieces] == [200, b"first", b"second"]


def test_leaving_a_stream_disconnects_it(app, client):
    ended = threading.Event()

    async def handler(exchange):
        exchange.start(200, b"", None)
        try:
            while True:
                await exchange.write(b"x" * 1000)
        finally:
            ended.set()

    app.handlers["/"] = handler
    with client.stream("GET", "/") as response:
        assert next(response.iter_bytes())
        assert not ended.is_set()
    assert ended.is_set()


def test_handler_that_waits_for_ever_is_told_of_the_disconnect_and_cancelled(app, client):
    ended = []

    async def handler(exchange):
        exchange.on_disconnect(lambda: ended.append("told"))
        exchange.start(200, b"", None)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("cleaned up")

    app.handlers["/"] = handler
    with client.stream("GET", "/") as response:
        assert response.status == 200
    assert ended == ["told", "cleaned up"]


def test_error_in_the_middle_of_a_stream_reaches_the_reader(app, client):
    async def handler(exchange):
        exchange.start(200, b"", None)
        await exchange.write(b"first")
        exchange.note_error(LookupError("in the middle"))
        exchange.abort()

    app.handlers["/"] = handler
    with client.stream("GET", "/") as response, pytest.raises(LookupError, match="in the middle"):
        response.read()


def test_stream_that_is_not_answered_is_told(app, client):
    app.handlers["/"] = lambda exchange: None
    with pytest.raises(AnswerIncomplete), client.stream("GET", "/"):
        pytest.fail("there is nothing to read")


def test_whole_answer_can_be_read_as_a_stream(app, client):
    app.handlers["/a"] = redirect_to("/b")
    app.handlers["/b"] = lambda exchange: exchange.send(200, b"", b"whole")
    with client.stream("GET", "/a", follow_redirects=True) as response:
        assert (response.url, response.is_success, response.read()) == ("http://localhost/b", True, b"whole")


def test_endless_stream_holds_a_bounded_amount_of_memory(app, client):
    written = 0

    async def handler(exchange):
        nonlocal written
        exchange.start(200, b"", None)
        while True:
            await exchange.write(b"x" * 1024)
            written += 1024

    app.handlers["/"] = handler
    with client.stream("GET", "/") as response:
        pieces = response.iter_bytes()
        for _ in range(3):
            next(pieces)
        assert written < 512 * 1024


def test_body_in_pieces_is_sent_while_the_handler_reads(app, client):
    async def handler(exchange):
        assert exchange.body is None
        sizes = [len(piece) async for piece in exchange.body_stream(100)]
        exchange.send(200, b"", repr(sizes).encode())

    app.handlers["/"] = handler
    assert client.post("/", content=iter([b"a", b"bc"])).text == "[1, 2]"


# Life


def test_with_starts_and_stops_the_application(app):
    with Client(app):
        assert app.log == ["start"]
    assert app.log == ["start", "stop"]


def test_without_with_the_first_request_starts_the_application_once(app):
    client = Client(app)
    assert app.log == []
    client.get("/")
    client.get("/")
    assert app.log == ["start"]
    client.close()
    client.close()
    assert app.log == ["start", "stop"]


def test_error_at_the_start_reaches_the_test_and_nothing_is_stopped(app):
    app.fails_to_start = LookupError("no database")
    with pytest.raises(LookupError, match="no database"), Client(app):
        pytest.fail("it has started")
    assert app.log == ["start"]


def test_closed_client_says_so(app):
    client = Client(app)
    client.close()
    with pytest.raises(ClientClosed):
        client.get("/")
    with pytest.raises(ClientClosed), client:
        pytest.fail("it was opened again")


def test_no_thread_outlives_its_client(app):
    before = threading.active_count()
    with Client(app) as client:
        client.get("/")
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_forgotten_client_is_cleaned_up_by_the_garbage_collector(app):
    before = threading.active_count()
    client = Client(app)
    client.get("/")
    forgotten = weakref.ref(client)
    del client
    gc.collect()
    assert forgotten() is None
    assert app.log == ["start", "stop"]
    assert threading.active_count() == before


def test_unused_client_has_no_thread(app):
    before = threading.active_count()
    client = Client(app)
    assert threading.active_count() == before
    client.close()
    assert app.log == []


def test_background_tasks_go_on_between_requests(app, client):
    done = threading.Event()

    async def work():
        await asyncio.sleep(0)
        done.set()

    tasks = []

    def handler(exchange):
        tasks.append(asyncio.create_task(work()))
        exchange.send(202, b"", b"")

    app.handlers["/"] = handler
    client.get("/")
    assert done.wait(10)


def test_handler_that_calls_its_own_client_gets_an_error_and_no_deadlock(app, client):
    def handler(exchange):
        with pytest.raises(RuntimeError, match="wait for itself"):
            client.get("/")
        exchange.send(200, b"", b"")

    app.handlers["/"] = handler
    assert client.get("/").status == 200


# The async face


def test_async_client_runs_in_the_tests_own_loop(app):
    async def run():
        loop = asyncio.get_running_loop()

        async def handler(exchange):
            assert asyncio.get_running_loop() is loop
            exchange.send(200, b"", b"here")

        app.handlers["/"] = handler
        async with AsyncClient(app) as client:
            return (await client.get("/")).text, app.log

    assert asyncio.run(run()) == ("here", ["start", "stop"])


@pytest.mark.parametrize("method", ["get", "head", "options", "post", "put", "patch", "delete"])
def test_async_client_has_every_method(app, seen, method):
    async def run():
        async with AsyncClient(app) as client:
            await getattr(client, method)("/seen")

    asyncio.run(run())
    assert seen[0].method == method.upper()


def test_requests_at_once_start_the_application_once(app):
    async def run():
        client = AsyncClient(app)
        await asyncio.gather(*[client.get("/") for _ in range(5)])
        await client.close()

    asyncio.run(run())
    assert app.log == ["start", "stop"]


def test_async_stream_is_read_while_the_handler_runs(app):
    async def run():
        gate = asyncio.Event()

        async def handler(exchange):
            exchange.start(200, b"", None)
            await exchange.write(b"first")
            await gate.wait()
            await exchange.write(b"second")
            await exchange.finish()

        app.handlers["/"] = handler
        async with AsyncClient(app) as client, client.stream("GET", "/") as response:
            pieces = []
            async for piece in response.iter_bytes():
                pieces.append(piece)
                gate.set()
            return pieces

    assert asyncio.run(run()) == [b"first", b"second"]


def test_test_that_gives_up_waiting_cancels_the_handler(app):
    ended = []

    async def handler(exchange):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def run():
        app.handlers["/"] = handler
        async with AsyncClient(app) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await client.get("/")

    asyncio.run(run())
    assert ended == ["cancelled"]
