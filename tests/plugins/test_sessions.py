from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from bistro.app import BaseApp
from bistro.db import Database as OpenDatabase
from bistro.db import create_tables
from bistro.ground import Keyring, WeakKeyError, find_keyring, make_secret_key
from bistro.http import Request
from bistro.plugins import (
    CookieSessions,
    Database,
    DatabaseSessions,
    FileSessions,
    MemorySessions,
    Session,
    SessionData,
    SessionError,
    Sessions,
    SessionStore,
    StoredSession,
)
from bistro.plugins.sessions import Record, SessionDataError
from bistro.testing import Client, FakeClock


class Cart(SessionData):
    items: list[int] = []


class Seen(SessionData):
    pages: int = 0


STORES = ("cookie", "memory", "file", "database")
SERVER_STORES = STORES[1:]


def make_app(store_name: str, folder: Path, clock: FakeClock | None = None) -> BaseApp:
    clock = clock or FakeClock()
    stores: dict[str, SessionStore] = {
        "cookie": CookieSessions(folder / "ended", Keyring(make_secret_key()), clock=clock),
        "memory": MemorySessions(),
        "file": FileSessions(folder / "sessions"),
        "database": DatabaseSessions(),
    }
    sessions = Sessions(stores[store_name], idle=timedelta(hours=1), lifetime=timedelta(hours=8), clock=clock)
    if store_name == "database":
        app = BaseApp(Database(f"sqlite:///{folder / 'test.sqlite3'}"), sessions)

        @app.on_start
        async def make() -> None:
            await create_tables(StoredSession)

    else:
        app = BaseApp(sessions)
    add_routes(app)
    return app


def add_routes(app: BaseApp) -> None:
    @app.get("/add/{id:int}")
    async def add(id: int, cart: Cart) -> list[int]:
        cart.items.append(id)
        return cart.items

    @app.get("/add-sync/{id:int}")
    def add_sync(id: int, cart: Cart) -> list[int]:
        cart.items.append(id)
        return cart.items

    @app.get("/cart")
    async def show(cart: Cart) -> list[int]:
        return cart.items

    @app.get("/see")
    async def see(seen: Seen) -> int:
        seen.pages += 1
        return seen.pages

    @app.get("/log-in/{name}")
    async def log_in(name: str, session: Session) -> str:
        session.owner = name
        return name

    @app.get("/log-out")
    async def log_out(session: Session) -> str:
        session.end()
        return "bye"

    @app.get("/end-and-rotate")
    async def end_and_rotate(session: Session, request: Request) -> str:
        """Another request ends the session while this one is about to give it a new token."""
        store = next(each.store for each in app.plugins if isinstance(each, Sessions))
        assert store is not None
        found = await store.find(request.cookies["__Host-session"])
        assert found is not None
        await store.end(found)
        session.rotate()
        return session.owner

    @app.get("/keys/{key}")
    async def set_key(key: str, session: Session) -> str:
        session[key] = {"items": [99]}
        return "kept"

    @app.get("/who")
    async def who(session: Session) -> str:
        return session.owner or "nobody"

    @app.get("/others")
    async def others(session: Session) -> list[str]:
        return [each.about for each in await session.others()]

    @app.get("/end-others")
    async def end_others(session: Session) -> int:
        return await session.end_others()

    @app.get("/take-out/{key}")
    async def take_out(key: str, session: Session) -> list[str]:
        session.pop(key)
        return list(session)

    @app.get("/all-keys")
    async def all_keys(session: Session) -> list[str]:
        return list(session)

    @app.get("/rotate")
    async def rotate(session: Session) -> str:
        session.rotate()
        return session.owner

    @app.get("/end-and-log-in/{name}")
    async def end_and_log_in(name: str, session: Session, request: Request) -> str:
        """Another request ends a visitor's session while this one makes it a user's."""
        store = next(each.store for each in app.plugins if isinstance(each, Sessions))
        assert store is not None
        found = await store.find(request.cookies["__Host-session"])
        assert found is not None
        await store.end(found)
        session.owner = name
        return name

    @app.get("/end-other/{id}")
    async def end_other(id: str, session: Session) -> bool:
        return await session.end_other(id)

    @app.get("/id")
    async def show_id(session: Session) -> str:
        return session.id

    @app.get("/plain")
    async def plain() -> str:
        return "plain"


@pytest.fixture(params=STORES)
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    with Client(make_app(request.param, tmp_path)) as client:
        yield client


@pytest.fixture(params=SERVER_STORES)
def server_client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    with Client(make_app(request.param, tmp_path)) as client:
        yield client


def token_of(client: Client) -> str:
    return client.cookies["__Host-session"]


def test_typed_data_is_kept_between_requests(client: Client) -> None:
    client.get("/add/1")
    client.get("/add-sync/2")
    assert client.get("/cart").json() == [1, 2]


def test_value_that_is_taken_out_is_gone_at_the_next_request(client: Client) -> None:
    client.get("/keys/a")
    client.get("/keys/b")
    assert client.get("/take-out/a").json() == ["b"]
    assert client.get("/all-keys").json() == ["b"]
    client.get("/rotate")
    assert client.get("/all-keys").json() == ["b"]


def test_two_kinds_of_data_are_kept_apart(client: Client) -> None:
    client.get("/add/1")
    client.get("/see")
    assert (client.get("/see").json(), client.get("/cart").json()) == (2, [1])


def test_visitor_without_data_gets_no_cookie(client: Client) -> None:
    answer = client.get("/cart")
    assert "set-cookie" not in answer.headers
    assert answer.headers["vary"] == "cookie"
    assert answer.headers["cache-control"] == "private"


def test_route_that_asks_for_no_session_has_none(client: Client) -> None:
    client.get("/add/1")
    assert "vary" not in client.get("/plain").headers


def test_cookie_has_its_safe_attributes(client: Client) -> None:
    cookie = client.get("/add/1").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie


def test_log_in_gives_a_new_token_and_keeps_the_data(client: Client) -> None:
    client.get("/add/1")
    planted = token_of(client)
    client.get("/log-in/ann")
    assert token_of(client) != planted
    assert client.get("/cart").json() == [1]
    # Fixation: who planted the token before the log-in has nothing of it.
    assert client.get("/who", headers={"cookie": f"__Host-session={planted}"}).text == "nobody"


def test_cookie_copied_before_log_out_is_worthless_after_it(client: Client) -> None:
    client.get("/log-in/ann")
    copied = token_of(client)
    answer = client.get("/log-out")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert client.get("/who", headers={"cookie": f"__Host-session={copied}"}).text == "nobody"


def test_visitor_without_a_session_may_log_out(client: Client) -> None:
    assert client.get("/log-out").text == "bye"
    client.get("/add/1")
    assert client.get("/cart").json() == [1]


@pytest.mark.parametrize("damage", ["", "x", "../../etc/passwd", "a" * 4000, '"', "eyJhIjoxfQ.e30."])
def test_forged_cookie_is_nobodys_session(client: Client, damage: str) -> None:
    assert client.get("/who", headers={"cookie": f"__Host-session={damage}"}).text == "nobody"


def test_truncated_and_changed_cookies_are_nobodys_session(client: Client) -> None:
    client.get("/log-in/ann")
    token = token_of(client)
    for bad in (token[:-1], token[1:], token[:-4] + "AAAA", token + "A", token.swapcase()):
        assert client.get("/who", headers={"cookie": f"__Host-session={bad}"}).text == "nobody"


def test_token_chosen_by_the_client_is_never_taken(client: Client) -> None:
    client.cookies["__Host-session"] = "mine"
    client.get("/add/1")
    assert token_of(client) != "mine"


@pytest.mark.parametrize("name", STORES)
def test_idle_and_absolute_expiry(name: str, tmp_path: Path) -> None:
    clock = FakeClock()
    with Client(make_app(name, tmp_path, clock)) as client:
        client.get("/log-in/ann")
        clock.advance(59 * 60)
        assert client.get("/who").text == "ann"
        clock.advance(61 * 60)
        assert client.get("/who").text == "nobody"
        client.get("/log-in/ann")
        for _ in range(9):
            clock.advance(50 * 60)
            busy = client.get("/who").text
        assert busy == "ann"
        clock.advance(50 * 60)
        assert client.get("/who").text == "nobody"


@pytest.mark.parametrize("name", STORES)
def test_cookie_lives_no_longer_than_the_session_however_late_it_is_set_anew(
    name: str, tmp_path: Path
) -> None:
    clock = FakeClock()
    with Client(make_app(name, tmp_path, clock)) as client:
        first = client.get("/add/1").headers["set-cookie"]
        for _ in range(4):
            clock.advance(1_800)
            client.get("/add/1")
        later = client.get("/log-in/ann").headers["set-cookie"]
    assert ["Max-Age=28800" in first, "Max-Age=21600" in later] == [True, True]


def test_sessions_that_are_over_are_not_listed(tmp_path: Path) -> None:
    for name in SERVER_STORES:
        clock = FakeClock()
        with Client(make_app(name, tmp_path / name, clock)) as client:
            client.get("/log-in/ann", headers={"user-agent": "left alone"})
            client.cookies.clear()
            clock.advance(3_000)
            client.get("/log-in/ann", headers={"user-agent": "phone"})
            client.cookies.clear()
            clock.advance(601)
            client.get("/log-in/ann", headers={"user-agent": "laptop"})
            assert client.get("/others").json() == ["phone"]


def test_what_a_user_has_in_the_session_is_not_the_next_users(client: Client) -> None:
    client.get("/log-in/ann")
    client.get("/add/1")
    client.get("/log-in/bob")
    assert client.get("/who").text == "bob"
    assert client.get("/cart").json() == []


def test_what_a_visitor_has_in_the_session_goes_on_after_the_log_in(client: Client) -> None:
    client.get("/add/1")
    client.get("/log-in/ann")
    assert client.get("/cart").json() == [1]


def test_session_that_was_ended_elsewhere_does_not_come_back_by_a_new_token(client: Client) -> None:
    client.get("/log-in/ann")
    client.get("/end-and-rotate")
    assert client.get("/who").text == "nobody"


def test_key_of_a_session_never_reaches_typed_data(client: Client) -> None:
    # A site may take keys from requests; what plugins keep of a log-in is typed data of the session.
    with pytest.raises(SessionError, match="can't begin with 'data:'"):
        client.get("/keys/data:Cart")
    assert client.get("/cart").json() == []


def test_other_sessions_of_the_owner_are_listed_and_ended(server_client: Client) -> None:
    server_client.get("/log-in/ann", headers={"user-agent": "phone"})
    phone = token_of(server_client)
    server_client.cookies.clear()
    server_client.get("/log-in/bob", headers={"user-agent": "other"})
    bob = token_of(server_client)
    server_client.cookies.clear()
    server_client.get("/log-in/ann", headers={"user-agent": "laptop"})
    assert server_client.get("/others").json() == ["phone"]
    assert server_client.get("/end-others").json() == 1
    assert server_client.get("/who").text == "ann"
    assert server_client.get("/who", headers={"cookie": f"__Host-session={phone}"}).text == "nobody"
    assert server_client.get("/who", headers={"cookie": f"__Host-session={bob}"}).text == "bob"


def test_visitor_sees_and_ends_no_session_of_other_visitors(server_client: Client) -> None:
    server_client.get("/add/1")
    first, name = token_of(server_client), server_client.get("/id").text
    server_client.cookies.clear()
    server_client.get("/add/2")
    assert server_client.get("/others").json() == []
    assert server_client.get("/end-others").json() == 0
    assert server_client.get(f"/end-other/{name}").json() is False
    assert server_client.get("/cart", headers={"cookie": f"__Host-session={first}"}).json() == [1]


def test_one_other_session_of_the_owner_is_ended_and_nobody_elses(server_client: Client) -> None:
    tokens, names = [], []
    for owner in ("bob", "ann", "ann"):
        server_client.cookies.clear()
        server_client.get(f"/log-in/{owner}")
        tokens.append(token_of(server_client))
        names.append(server_client.get("/id").text)
    ended = [server_client.get(f"/end-other/{name}").json() for name in (*names, "unknown")]
    assert ended == [False, True, False, False]  # the last of them is this one
    who = [server_client.get("/who", headers={"cookie": f"__Host-session={each}"}).text for each in tokens]
    assert who == ["bob", "nobody", "ann"]


@pytest.mark.parametrize("owner", ["", "ann"])
def test_new_token_stands_for_the_same_session_and_the_old_one_for_none(client: Client, owner: str) -> None:
    if owner:
        client.get(f"/log-in/{owner}")
    client.get("/add/1")
    old = token_of(client)
    assert client.get("/rotate").text == owner
    assert token_of(client) != old
    assert (client.get("/who").text, client.get("/cart").json()) == (owner or "nobody", [1])
    assert client.get("/cart", headers={"cookie": f"__Host-session={old}"}).json() == []


def test_visitor_who_has_nothing_gets_no_cookie_by_a_new_token(client: Client) -> None:
    assert "set-cookie" not in client.get("/rotate").headers


def test_log_in_goes_on_where_the_visitors_session_was_ended_meanwhile(client: Client) -> None:
    client.get("/add/1")
    assert client.get("/end-and-log-in/ann").status == 200
    assert (client.get("/who").text, client.get("/cart").json()) == ("ann", [])


class CountingSessions(MemorySessions):
    """Counts how often it is written to."""

    saves = 0

    async def save(self, record: Record, changes: Mapping[str, str | None]) -> str | None:
        self.saves += 1
        return await super().save(record, changes)


def test_session_that_is_only_read_is_written_a_few_times_in_its_idle_time_and_not_each_time() -> None:
    clock, store = FakeClock(), CountingSessions()
    app = BaseApp(Sessions(store, idle=timedelta(hours=1), clock=clock))
    add_routes(app)
    with Client(app) as client:
        client.get("/log-in/ann")
        for _ in range(60):
            clock.advance(10)
            assert client.get("/who").text == "ann"
    assert 2 <= store.saves <= 10  # it is kept alive, by one write in more than a minute


def test_owner_who_logs_in_again_keeps_what_is_in_the_session_and_its_token(client: Client) -> None:
    client.get("/log-in/ann")
    client.get("/add/1")
    token = token_of(client)
    answer = client.get("/log-in/ann")
    assert (client.get("/cart").json(), token_of(client)) == ([1], token)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("name", ["memory", "file", "database"])
def test_parallel_changes_of_different_keys_are_all_kept(name: str, tmp_path: Path) -> None:
    store: SessionStore = {
        "memory": MemorySessions(),
        "file": FileSessions(tmp_path / "sessions"),
        "database": DatabaseSessions(),
    }[name]  # type: ignore[assignment]
    app = BaseApp(Database(f"sqlite:///{tmp_path / 'test.sqlite3'}", repeats_max=None))
    done: list[dict[str, str]] = []

    @app.on_start
    async def change_all_at_once() -> None:
        await create_tables(StoredSession)

    @app.get("/")
    async def run() -> dict[str, str]:
        record = Record(created_at=0, seen_at=0, expires_at=10)
        token = await store.save(record, {"first": "1"}) or ""
        loaded = [await store.find(token) for _ in range(10)]
        await asyncio.gather(
            *(store.save(each, {f"key{i}": str(i)}) for i, each in enumerate(loaded) if each is not None)
        )
        found = await store.find(token)
        return found.data if found else {}

    with Client(app) as client:
        done.append(client.get("/").json())
    assert done == [{"first": "1", **{f"key{i}": str(i) for i in range(10)}}]


@pytest.mark.parametrize("name", SERVER_STORES)
def test_saving_does_not_bring_back_a_session_that_ended_meanwhile(name: str, tmp_path: Path) -> None:
    app = make_app(name, tmp_path)

    @app.get("/end-and-write")
    async def end_and_write(session: Session, cart: Cart) -> str:
        cart.items.append(1)
        await session.end_others()
        return "done"

    with Client(app) as client:
        client.get("/log-in/ann")
        first = token_of(client)
        client.cookies.clear()
        client.get("/log-in/ann")
        client.get("/end-others")
        answer = client.get("/add/1", headers={"cookie": f"__Host-session={first}"})
        assert answer.json() == [1]
        assert client.get("/who", headers={"cookie": f"__Host-session={first}"}).text == "nobody"


def test_session_in_production_needs_a_secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "production")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.delenv("SECRET_KEYS", raising=False)
    with pytest.raises(WeakKeyError, match="B110"):
        BaseApp(Sessions()).freeze()


def test_cookie_in_production_has_the_host_prefix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app = make_app("memory", tmp_path)
    monkeypatch.setenv("ENV", "production")
    cookie = Client(app, base_url="https://testserver").get("/add/1").headers["set-cookie"]
    assert cookie.startswith("__Host-session=")
    assert "; Secure" in cookie


def test_cookie_in_development_works_without_https(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app = make_app("memory", tmp_path)
    monkeypatch.setenv("ENV", "development")
    cookie = Client(app, base_url="http://127.0.0.1").get("/add/1").headers["set-cookie"]
    assert cookie.startswith("session=")
    assert "Secure" not in cookie


def test_development_key_is_made_once_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "development")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.delenv("SECRET_KEYS", raising=False)
    first, second = find_keyring(tmp_path), find_keyring(tmp_path)
    assert first.derive("a", "b") == second.derive("a", "b")
    assert (tmp_path / ".bistro" / "development-key").stat().st_mode & 0o777 == 0o600


def test_value_that_json_cannot_hold_is_refused_where_it_is_put_in() -> None:
    session = Session(Record(created_at=0, seen_at=0, expires_at=1), None)  # type: ignore[arg-type]
    with pytest.raises(SessionError, match="B950"):
        session["x"] = object()
    with pytest.raises(SessionError, match="characters"):
        session["x"] = "a" * 70_000


def test_session_is_a_mapping_whose_values_change_in_place() -> None:
    record = Record(created_at=0, seen_at=0, expires_at=1, data={"a": "[1]", "b": "2"})
    session = Session(record, None)  # type: ignore[arg-type]
    session["a"].append(2)
    del session["b"]
    session["c"] = "new"
    assert dict(session) == {"a": [1, 2], "c": "new"}
    assert session.find_changes() == {"a": "[1,2]", "b": None, "c": '"new"'}
    for gone in ("b", "never"):
        with pytest.raises(KeyError):
            session[gone]
        with pytest.raises(KeyError):
            del session[gone]


def test_what_was_only_read_is_not_written_over_what_another_request_changes() -> None:
    kept = {"a": "[1]", "data:Cart": '{"items":[1]}'}
    session = Session(Record(created_at=0, seen_at=0, expires_at=1, data=kept), None)  # type: ignore[arg-type]
    assert (session["a"], session.data(Cart).items) == ([1], [1])
    assert session.find_changes() == {}


def test_data_that_no_longer_fits_its_type_begins_anew() -> None:
    record = Record(created_at=0, seen_at=0, expires_at=1, data={"data:Cart": '{"items":"none"}'})
    assert Session(record, None).data(Cart).items == []  # type: ignore[arg-type]


def test_session_in_a_cookie_is_not_too_long_for_it(tmp_path: Path) -> None:
    store = CookieSessions(tmp_path, Keyring(make_secret_key()))
    record = Record(created_at=0, seen_at=0, expires_at=1)
    with pytest.raises(SessionError, match="cookie holds"):
        asyncio.run(store.save(record, {"a": '"' + "x" * 3000 + '"'}))


def test_without_the_plugin_session_data_is_not_read_from_the_body() -> None:
    app = BaseApp()

    @app.post("/")
    async def handler(cart: Cart) -> None: ...

    with pytest.raises(Exception, match="nobody can provide"):
        app.freeze()


@pytest.mark.parametrize("name", SERVER_STORES)
def test_purge_removes_what_is_over_or_was_left_alone_and_nothing_else(name: str, tmp_path: Path) -> None:
    stores = {"memory": MemorySessions, "database": DatabaseSessions}
    store: SessionStore = FileSessions(tmp_path) if name == "file" else stores[name]()
    times = {"expired": (100, 50), "left alone": (10, 500), "both": (10, 50), "alive": (11, 51)}

    async def story() -> tuple[int, list[str]]:
        tokens = {}
        for what, (seen, expires) in times.items():
            record = Record(created_at=0, seen_at=seen, expires_at=expires)
            tokens[what] = await store.save(record, {}) or ""
        count = await store.purge(50, 10)
        return count, [what for what, token in tokens.items() if await store.find(token) is not None]

    async def in_database() -> tuple[int, list[str]]:
        async with OpenDatabase(f"sqlite:///{tmp_path / 'purge.sqlite3'}"):
            await create_tables(StoredSession)
            return await story()

    assert asyncio.run(in_database() if name == "database" else story()) == (3, ["alive"])


def test_mark_of_a_log_out_is_kept_as_long_as_a_copy_of_the_cookie_would_be_believed(tmp_path: Path) -> None:
    async def story() -> list[tuple[int, bool, int]]:
        store = CookieSessions(tmp_path / "ended", Keyring(make_secret_key()))
        assert await store.purge(0, 0) == 0  # nobody has ever logged out
        record = Record(created_at=0, seen_at=0, expires_at=1_000)
        copied = await store.save(record, {"a": "1"}) or ""
        assert await store.find(copied) is not None
        await store.end(record)
        await store.end(record)
        (tmp_path / "ended" / "somebody-elses").write_text("")
        return [
            (
                await store.purge(now, now),
                await store.find(copied) is None,
                len(list((tmp_path / "ended").iterdir())),
            )
            for now in (500, 999, 1_000)
        ]

    assert asyncio.run(story()) == [(0, True, 2), (0, True, 2), (1, False, 1)]


@pytest.mark.parametrize("key", ["", "x" * 101, "data:", "data:Cart"])
def test_key_that_can_not_be_one_is_refused(key: str) -> None:
    session = Session(Record(created_at=0, seen_at=0, expires_at=1), None)  # type: ignore[arg-type]
    with pytest.raises(SessionError, match="key of a session"):
        session[key] = 1
    assert (len(session), session.find_changes()) == (0, {})


def test_session_holds_a_hundred_values_and_64_kib_in_each() -> None:
    session = Session(Record(created_at=0, seen_at=0, expires_at=1, data={"x" * 100: "0"}), None)  # type: ignore[arg-type]
    for number in range(99):
        session[f"key{number}"] = number
    session["key0"] = "x" * (64 * 1024 - 2)  # with its quotes
    assert len(session.find_changes()) == 99
    with pytest.raises(SessionError, match="characters"):
        session["key1"] = "x" * (64 * 1024 - 1)
    session["one too many"] = 1
    with pytest.raises(SessionError, match="at most 100 values"):
        session.find_changes()


def test_typed_data_that_is_as_it_began_is_stored_only_where_it_was_something_else() -> None:
    session = Session(Record(created_at=0, seen_at=0, expires_at=1), None)  # type: ignore[arg-type]
    session.data(Cart)
    assert session.find_changes() == {}
    kept = Record(created_at=0, seen_at=0, expires_at=1, data={"data:Cart": '{"items":[1]}', "own": "1"})
    session = Session(kept, None)  # type: ignore[arg-type]
    assert (list(session), len(session)) == (["own"], 1)
    session.data(Cart).items.clear()
    assert session.find_changes() == {"data:Cart": '{"items":[]}'}


def test_memory_forgets_the_oldest_session_beyond_its_limit() -> None:
    async def fill() -> list[bool]:
        store = MemorySessions(count_max=2)
        tokens = [await store.save(Record(created_at=0, seen_at=0, expires_at=1), {}) or "" for _ in range(3)]
        return [await store.find(token) is not None for token in tokens]

    assert asyncio.run(fill()) == [False, True, True]


def test_files_of_sessions_are_private(tmp_path: Path) -> None:
    store = FileSessions(tmp_path / "sessions")
    asyncio.run(store.save(Record(created_at=0, seen_at=0, expires_at=1), {}))
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "sessions").iterdir()}
    assert modes == {0o600}
    assert (tmp_path / "sessions").stat().st_mode & 0o777 == 0o700


class Needy(SessionData):
    items: list[int]


def test_session_data_without_defaults_stops_the_start() -> None:
    app = BaseApp(Sessions(MemorySessions()))

    @app.get("/")
    def show(needy: Needy) -> None: ...

    with pytest.raises(SessionDataError, match=r"Needy\.items has no default") as caught:
        app.freeze()
    assert caught.value.where[0].file == __file__
