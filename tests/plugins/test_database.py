"""The plugin: where the database is, what each request gets, what is kept and what is undone."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import apsw
import pytest

from bistro import App, Json, NotFound, Response, Stream, WebSocket
from bistro.app import BaseApp
from bistro.db import Database as OpenDatabase
from bistro.db import Field, Model, RowNotFound, auto, get_database, on_commit, sync, transaction
from bistro.plugins import Database, Health
from bistro.testing import AsyncClient, Client

pytestmark = pytest.mark.usefixtures("as_in_production")

INSERT = "insert into note (title) values (?)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "notes.db"
    connection = apsw.Connection(str(path))
    connection.execute("create table note (id integer primary key, title text not null unique)")
    connection.close()
    return path


class Jotting(Model, table="note"):
    id: Field[int] = auto()
    title: Field[str]


def titles(path: Path) -> list[str]:
    # By the same library as the site: two of them in one process don't see each other's locks.
    connection = apsw.Connection(str(path))
    try:
        return [row[0] for row in connection.execute("select title from note order by id")]  # type: ignore[misc]
    finally:
        connection.close()


def site(path: Path, plans: str = "written", **options: Any) -> App:
    plugin = Database(f"sqlite:///{path}", **options)
    app = App(plugin, Health(watch=[plugin]), defaults=False, plans=plans)  # type: ignore[arg-type]

    @app.get("/notes")
    async def notes(database: OpenDatabase) -> list[str]:
        return [row[0] for row in await database.fetch("select title from note order by id")]

    @app.get("/missing")
    async def missing() -> None:
        raise RowNotFound("there is no note 7")

    @app.post("/notes/{title}")
    async def add(title: str) -> Response:
        await get_database().execute(INSERT, (title,))
        if title.startswith("refused"):
            return Json({"error": "no"}, status=400)
        if title.startswith("fails"):
            raise RuntimeError("on purpose")
        if title.startswith("404"):
            raise NotFound
        return Json({"added": title})

    @app.post("/loose/{title}", atomic=False)
    async def add_loosely(title: str) -> None:
        await get_database().execute(INSERT, (title,))
        raise RuntimeError("on purpose")

    return app


@pytest.fixture(params=["written", "interpreted"])
def client(path: Path, request: pytest.FixtureRequest) -> Any:
    with Client(site(path, request.param), raise_server_errors=False) as client:
        yield client


# --- what a request gets --------------------------------------------------------------------------------


def test_a_handler_gets_the_database_and_code_below_it_the_same(client: Client, path: Path) -> None:
    assert client.post("/notes/a").json() == {"added": "a"}
    assert client.get("/notes").json() == ["a"]


def test_a_request_that_goes_well_is_kept(client: Client, path: Path) -> None:
    client.post("/notes/a")
    assert titles(path) == ["a"]


@pytest.mark.parametrize(("title", "status"), [("refused", 400), ("fails", 500), ("404", 404)])
def test_a_request_that_does_not_go_well_is_undone(
    client: Client, path: Path, title: str, status: int
) -> None:
    assert client.post(f"/notes/{title}").status == status
    assert titles(path) == []
    assert client.post("/notes/after").status == 200


def test_a_route_can_opt_out_of_being_one_transaction(client: Client, path: Path) -> None:
    assert client.post("/loose/a").status == 500
    assert titles(path) == ["a"]


def test_the_plugin_can_opt_out_for_all_routes(path: Path) -> None:
    with Client(site(path, atomic=False), raise_server_errors=False) as client:
        client.post("/notes/fails")
    assert titles(path) == ["fails"]


def test_a_missing_row_is_a_404(client: Client) -> None:
    answer = client.get("/missing")
    assert answer.status == 404
    assert "note 7" not in answer.text


def test_a_value_that_exists_already_is_a_409_that_names_the_column(client: Client) -> None:
    client.post("/notes/a")
    answer = client.post("/notes/a")
    assert answer.status == 409
    assert answer.json()["errors"] == [
        {"place": "body", "path": "title", "message": "is taken already", "code": "unique"}
    ]


def test_routes_that_only_read_have_no_transaction_in_their_plan(path: Path) -> None:
    frozen = site(path).freeze()
    sources = {str(route): frozen.plan_of(route).source for route in frozen.routes}  # type: ignore[attr-defined]
    assert "Atomic.run" not in sources["GET /notes"]
    assert "Atomic.run" in sources["POST /notes/{title}"]
    assert "Atomic.run" not in sources["POST /loose/{title}"]


def test_an_inner_transaction_is_a_part_of_that_of_the_request(path: Path) -> None:
    app = site(path)
    log: list[str] = []

    @app.post("/both")
    async def both(database: OpenDatabase) -> None:
        await on_commit(lambda: log.append("committed"))
        await database.execute(INSERT, ("kept",))
        with pytest.raises(RuntimeError):
            async with transaction():
                await database.execute(INSERT, ("undone",))
                raise RuntimeError
        log.append("handler ends")

    with Client(app) as client:
        client.post("/both")
    assert titles(path) == ["kept"]
    assert log == ["handler ends", "committed"]


def test_a_stream_reads_after_the_transaction_of_its_request(path: Path) -> None:
    app = site(path)

    @app.post("/stream")
    async def stream(database: OpenDatabase) -> Stream:
        await database.execute(INSERT, ("a",))

        async def lines() -> Any:
            yield str(len(await database.fetch("select title from note")))

        return Stream(lines())

    with Client(app) as client:
        assert client.post("/stream").text == "1"


def test_each_of_several_requests_has_a_transaction_of_its_own(path: Path) -> None:
    async def post_all() -> list[int]:
        async with AsyncClient(site(path), raise_server_errors=False) as client:
            answers = await asyncio.gather(
                *(client.post(f"/notes/{title}") for title in ("a", "fails", "b", "c"))
            )
        return [answer.status for answer in answers]

    assert asyncio.run(post_all()) == [200, 500, 200, 200]
    assert sorted(titles(path)) == ["a", "b", "c"]


def test_a_client_that_goes_away_leaves_nothing_open(path: Path) -> None:
    app = site(path)
    begun = asyncio.Event()

    @app.post("/slow")
    async def slow(database: OpenDatabase) -> None:
        await database.execute(INSERT, ("a",))
        begun.set()
        await asyncio.Event().wait()

    async def leave() -> None:
        async with AsyncClient(app) as client:
            request = asyncio.create_task(client.post("/slow"))
            await begun.wait()
            request.cancel()
            await asyncio.gather(request, return_exceptions=True)
            async with asyncio.timeout(5):
                assert (await client.post("/notes/b")).status == 200

    asyncio.run(leave())
    assert titles(path) == ["b"]


# --- where it is and how it is --------------------------------------------------------------------------


def test_ready_while_the_database_answers(client: Client) -> None:
    assert client.get("/readyz").json() == {"status": "ready", "checks": {"Database": "ok"}}


@pytest.mark.service
def test_a_database_that_is_down_is_a_503_that_may_be_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    plugin = Database("postgresql://alice@127.0.0.1:9/shop")
    app = App(plugin, Health(watch=[plugin]), defaults=False)

    @app.get("/")
    async def show(database: OpenDatabase) -> None:
        await database.fetch("select 1")

    with Client(app) as client:
        answer = client.get("/")
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert "127.0.0.1" not in answer.text
        assert client.get("/livez").status == 200
        assert client.get("/readyz").status == 503


def test_what_opens_at_start_may_use_the_database(path: Path) -> None:
    app = site(path)
    seen: list[object] = []

    async def look() -> None:
        seen.extend(await get_database().fetch("select count(*) from note"))

    app.on_start(look)
    with Client(app):
        assert seen == [(0,)]


# --- what is said of statements -------------------------------------------------------------------------


def looping_site(path: Path) -> BaseApp:
    app = site(path, repeats_max=3, test_url=f"sqlite:///{path}")

    @app.get("/loop")
    async def loop(database: OpenDatabase) -> str:
        for number in range(6):
            await database.fetch("select title from note where id = ?", (number,))  # the line in the loop
        return "done"

    return app


def loop_line() -> int:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return 1 + next(number for number, line in enumerate(lines) if line.endswith("# the line in the loop"))


def test_in_development_each_statement_is_logged_with_the_line_that_asked(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ENV", "development")
    with caplog.at_level(logging.INFO, "bistro.sql"), Client(looping_site(path)) as client:
        client.get("/loop")
    fields = [record.bistro_fields for record in caplog.records if record.name == "bistro.sql"]  # type: ignore[attr-defined]
    assert len(fields) == 6
    assert fields[0]["sql"] == "select title from note where id = ?"
    assert fields[0]["asked_by"] == f"{__file__}:{loop_line()}"
    assert fields[0]["ms"] >= 0


def test_the_line_that_asked_is_found_in_def_handlers_too(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ENV", "development")
    app = site(path)

    @app.get("/plain")
    def plain(database: OpenDatabase) -> int:
        return len(sync(database.fetch("select 'plain'")))  # the plain line

    with caplog.at_level(logging.INFO, "bistro.sql"), Client(app) as client:
        client.get("/plain")
    (record,) = [record for record in caplog.records if record.name == "bistro.sql"]
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    line = 1 + next(number for number, text in enumerate(lines) if text.endswith("# the plain line"))
    assert record.bistro_fields["asked_by"] == f"{__file__}:{line}"  # type: ignore[attr-defined]


def test_in_development_a_statement_in_a_loop_is_warned_of_once(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ENV", "development")
    with caplog.at_level(logging.WARNING, "bistro.db"), Client(looping_site(path)) as client:
        assert client.get("/loop").text == "done"
    messages = [record.getMessage() for record in caplog.records if record.name == "bistro.db"]
    assert len(messages) == 1
    assert "runs more than 3 times in one request" in messages[0]
    assert f"{__file__}:{loop_line()}" in messages[0]


def test_in_tests_a_statement_in_a_loop_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")
    with Client(looping_site(path)) as client, pytest.raises(Exception, match="more than 3 times") as caught:
        client.get("/loop")
    assert f"{__file__}:{loop_line()}" in str(caught.value)


def test_in_production_statements_are_not_counted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "production")
    with Client(looping_site(path)) as client:
        assert client.get("/loop").text == "done"


def test_a_slow_statement_is_logged_in_production(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ENV", "production")
    with caplog.at_level(logging.WARNING, "bistro.sql"), Client(site(path, slow_seconds=0.0)) as client:
        client.get("/notes")
    (record,) = [record for record in caplog.records if record.name == "bistro.sql"]
    assert record.getMessage() == "slow statement"
    assert record.bistro_fields["sql"] == "select title from note order by id"  # type: ignore[attr-defined]


def test_a_command_uses_the_database_within_the_started_app(path: Path) -> None:
    app = site(path)

    async def count() -> object:
        async with app:
            await get_database().execute(INSERT, ("a",))
            return (await get_database().fetch("select count(*) from note"))[0][0]

    assert asyncio.run(count()) == 1


@pytest.mark.parametrize("environment", ["development", "testing"])
def test_what_goes_on_for_long_may_ask_the_same_again_and_again(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, environment: str
) -> None:
    monkeypatch.setenv("ENV", environment)
    app = site(path, repeats_max=2, test_url=f"sqlite:///{path}")

    @app.get("/stream")
    async def stream(database: OpenDatabase) -> Stream:
        async def pieces() -> Any:
            for _ in range(5):
                yield str(len(await database.fetch("select 1")))

        return Stream(pieces())

    @app.websocket("/socket")
    async def talk(socket: WebSocket, database: OpenDatabase) -> None:
        await database.execute(INSERT, ("kept at once",))
        async for _ in socket:
            await socket.send(str(len(await database.fetch("select 1"))))

    with caplog.at_level(logging.WARNING, "bistro.db"), Client(app) as client:
        assert client.get("/stream").text == "11111"
        with client.websocket("/socket") as socket:
            for _ in range(5):
                socket.send("again")
                assert socket.receive() == "1"
            assert titles(path) == ["kept at once"]
    assert caplog.text == ""


def test_the_next_start_finds_what_queries_became(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BISTRO_CACHE", str(path.parent / "cache"))
    app = site(path)

    @app.get("/jottings")
    async def jottings() -> list[Jotting]:
        return await Jotting.objects.filter(Jotting.title != "hidden").order_by(Jotting.title)

    with Client(app) as client:
        assert client.get("/jottings").json() == []

    kept = (path.parent / "cache" / "plans.txt").read_text()
    assert "note.title <> ?" in kept.replace("!=", "<>")
