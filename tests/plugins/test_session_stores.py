"""What every store of sessions promises, asked of each without a request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bistro.db import Database, create_tables
from bistro.ground import Keyring, make_secret_key
from bistro.plugins import (
    CookieSessions,
    DatabaseSessions,
    FileSessions,
    MemorySessions,
    SessionError,
    Sessions,
    SessionStore,
    StoredSession,
)
from bistro.plugins.accounts.current import UserSessions
from bistro.plugins.sessions import Record
from bistro.plugins.sessions.database import TRIES_MAX

SERVER_STORES = ("memory", "file", "database")
STORES = ("cookie", *SERVER_STORES)
Story = Callable[[SessionStore], Awaitable[Any]]


def make_store(name: str, folder: Path) -> SessionStore:
    stores: dict[str, Callable[[], SessionStore]] = {
        "cookie": lambda: CookieSessions(folder / "ended", Keyring(make_secret_key())),
        "memory": MemorySessions,
        "file": lambda: FileSessions(folder / "sessions"),
        "database": DatabaseSessions,
    }
    return stores[name]()


def tell(name: str, folder: Path, story: Story) -> Any:
    """What a story gives that has an empty store to itself."""

    async def run() -> Any:
        if name != "database":
            return await story(make_store(name, folder))
        async with Database("sqlite://"):
            await create_tables(StoredSession)
            return await story(make_store(name, folder))

    return asyncio.run(run())


def record(owner: str = "", **changed: Any) -> Record:
    return Record(**{"created_at": 1, "seen_at": 2, "expires_at": 1_000, "owner": owner, **changed})


async def find(store: SessionStore, token: str) -> Record:
    found = await store.find(token)
    assert found is not None
    return found


@pytest.mark.parametrize("name", STORES)
def test_what_was_kept_is_found_by_its_token_and_by_no_other(name: str, tmp_path: Path) -> None:
    async def story(store: SessionStore) -> None:
        token = await store.save(record("ann", about="a browser"), {"a": "1"}) or ""
        other = await store.save(record("bob"), {}) or ""
        found = await find(store, token)
        said = (found.owner, found.about, found.created_at, found.seen_at, found.expires_at, found.data)
        assert said == ("ann", "a browser", 1, 2, 1_000, {"a": "1"})
        assert (await find(store, other)).owner == "bob"
        assert found.id not in token
        for wrong in ("", "x", f"{token}x", token[:-1], token.swapcase(), found.id, "../lock", "é"):
            assert await store.find(wrong) is None

    tell(name, tmp_path, story)


@pytest.mark.parametrize("name", STORES)
def test_keys_are_changed_added_and_removed_one_by_one(name: str, tmp_path: Path) -> None:
    async def story(store: SessionStore) -> dict[str, str]:
        token = await store.save(record(), {"gone": "1", "kept": "2", "changed": "3"}) or ""
        changes = {"gone": None, "changed": "4", "new": "5", "never": None}
        token = await store.save(await find(store, token), changes) or token
        return (await find(store, token)).data

    assert tell(name, tmp_path, story) == {"kept": "2", "changed": "4", "new": "5"}


@pytest.mark.parametrize("name", SERVER_STORES)
def test_request_that_comes_late_changes_only_its_own_keys(name: str, tmp_path: Path) -> None:
    async def story(store: SessionStore) -> dict[str, str]:
        token = await store.save(record(), {"gone": "1", "kept": "2"}) or ""
        early, late = await find(store, token), await find(store, token)
        assert await store.save(early, {"gone": None, "early": "3"}) is None
        assert await store.save(late, {"late": "4"}) is None
        return (await find(store, token)).data

    assert tell(name, tmp_path, story) == {"kept": "2", "early": "3", "late": "4"}


@pytest.mark.parametrize("name", SERVER_STORES)
def test_session_that_ends_while_a_request_has_it_stays_ended(name: str, tmp_path: Path) -> None:
    async def story(store: SessionStore) -> None:
        token = await store.save(record("ann"), {"a": "1"}) or ""
        loaded = await find(store, token)
        await store.end(await find(store, token))
        await store.end(loaded)
        assert await store.save(loaded, {"a": "2"}) is None
        assert await store.find(token) is None
        assert list(await store.list_of("ann")) == []

    tell(name, tmp_path, story)


@pytest.mark.parametrize("name", SERVER_STORES)
def test_sessions_of_an_owner_are_listed_and_ended_apart_from_all_others(name: str, tmp_path: Path) -> None:
    async def story(store: SessionStore) -> None:
        first = await store.save(record("ann"), {}) or ""
        second = await store.save(record("ann"), {}) or ""
        others = await store.save(record("bob"), {}) or ""
        await store.save(record(), {})
        listed = {each.id for each in await store.list_of("ann")}
        assert listed == {(await find(store, each)).id for each in (first, second)}
        assert list(await store.list_of("an")) == []
        await store.end(await find(store, first))
        assert [each.id for each in await store.list_of("ann")] == [(await find(store, second)).id]
        assert (await find(store, others)).owner == "bob"

    tell(name, tmp_path, story)


def test_ended_cookie_is_worthless_and_nobody_can_list_what_is_in_cookies(tmp_path: Path) -> None:
    async def story(store: SessionStore) -> None:
        token = await store.save(record("ann"), {"a": "1"}) or ""
        other = await store.save(record("ann"), {}) or ""
        await store.end(await find(store, token))
        await store.end(record())  # one that was never kept
        assert await store.find(token) is None
        assert await store.find(other) is not None
        with pytest.raises(SessionError, match="can't be listed"):
            await store.list_of("ann")

    tell("cookie", tmp_path, story)


def test_only_sessions_that_can_be_listed_are_said_to_be(tmp_path: Path) -> None:
    assert [Sessions(make_store(name, tmp_path)).can_list for name in STORES] == [False, True, True, True]
    assert not Sessions().can_list
    assert Sessions(UserSessions()).can_list


def test_memory_has_room_for_so_many_and_the_oldest_go_first(tmp_path: Path) -> None:
    async def story() -> list[bool]:
        store = MemorySessions(count_max=3)
        tokens = [await store.save(record(), {}) or "" for _ in range(3)]
        kept = [await find(store, each) for each in tokens]
        await store.save(kept[0], {"a": "1"})  # no new one, so nobody goes
        assert [await store.find(each) is not None for each in tokens] == [True] * 3
        tokens.append(await store.save(record(), {}) or "")
        return [await store.find(each) is not None for each in tokens]

    assert asyncio.run(story()) == [False, True, True, True]


def test_session_that_others_change_all_the_time_is_an_error_and_not_lost_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    async def story(store: SessionStore) -> dict[str, str]:
        token = await store.save(record(), {"a": "1"}) or ""
        late = await find(store, token)
        rows = StoredSession.objects
        honest = type(rows).find

        async def find_and_be_late(self: Any, *conditions: Any) -> Any:
            row = await honest(self, *conditions)
            if row is not None:
                tries.append(row.version)
                await rows.filter(StoredSession.id == row.id).update(version=row.version + 1)
            return row

        with monkeypatch.context() as patched:
            patched.setattr(type(rows), "find", find_and_be_late)
            with pytest.raises(SessionError, match=f"changed by others {TRIES_MAX} times"):
                await store.save(late, {"a": "2"})
        return (await find(store, token)).data

    assert tell("database", tmp_path, story) == {"a": "1"}
    assert len(tries) == TRIES_MAX
