"""Who hears of which change, and what becomes of those who read slowly."""

from __future__ import annotations

import asyncio

import pytest

from bistro.db.drivers.protocol import Change
from bistro.db.drivers.subscribers import WAITING_MAX, Subscribers


def taken(queue: asyncio.Queue[Change]) -> list[Change]:
    return [queue.get_nowait() for _ in range(queue.qsize())]


def test_each_hears_of_the_table_asked_for_until_they_leave() -> None:
    subscribers = Subscribers()
    assert not subscribers
    notes, more, users = (subscribers.add(table) for table in ("note", "note", "user"))
    assert subscribers
    changes = [Change("note", "insert", 1), Change("user", "delete", 2), Change("other", "insert", 3)]
    subscribers.publish(changes)
    subscribers.discard(more)
    subscribers.discard(more)
    subscribers.publish([Change("note", "update", 1)])
    assert taken(notes) == [changes[0], Change("note", "update", 1)]
    assert taken(more) == [changes[0]]
    assert taken(users) == [changes[1]]
    for each in (notes, users):
        subscribers.discard(each)
    assert not subscribers


def test_change_of_nobody_knows_what_is_told_to_each_of_their_own_table() -> None:
    subscribers = Subscribers()
    notes, users = subscribers.add("note"), subscribers.add("user")
    subscribers.publish_unknown()
    assert (taken(notes), taken(users)) == ([Change("note", "unknown")], [Change("user", "unknown")])


@pytest.mark.parametrize("missed", [0, 1, 2])
def test_who_reads_slowly_is_told_that_something_has_changed_and_goes_on_from_there(missed: int) -> None:
    subscribers = Subscribers()
    slow, other = subscribers.add("note"), subscribers.add("user")
    changes = [Change("note", "insert", row) for row in range(WAITING_MAX + missed)]
    subscribers.publish(changes)
    expected = [Change("note", "unknown"), *changes[WAITING_MAX + 1 :]] if missed else changes
    assert taken(slow) == expected
    assert taken(other) == []
