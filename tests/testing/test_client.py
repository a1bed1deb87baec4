from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest

from bistro.ground.errors import BistroError
from bistro.testing import (
    AnswerIncomplete,
    Client,
    ClientClosed,
)

JSON = b"content-type: application/json\r\n"


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
    gc.collect()  # what other tests have forgotten
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


def test_a_client_that_nobody_closed_lets_the_program_end_in_silence(tmp_path: Path) -> None:
    program = (
        "from bistro import App\n"
        "from bistro.plugins import Database\n"
        "from bistro.testing import Client\n"
        "app = App(Database(), defaults=False)\n"
        "app.get('/')(lambda: 'x')\n"
        "client = Client(app)\n"
        "assert client.get('/').text == 'x'\n"
    )
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/site.db"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
