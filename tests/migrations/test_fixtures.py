"""Rows as JSON and back, on both databases."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address
from typing import Any
from uuid import UUID

import pytest

from bistro.db import Database, Field, ForeignKey, ManyToMany, Model, Range, auto, field, generated, related
from bistro.migrations import MigrationError
from bistro.migrations.fixtures import dump_rows, in_order, load_rows, to_json
from tests.migrations.support import Folder


class Tag(Model):
    id: Field[int] = auto()
    name: Field[str]


class Note(Model):
    id: Field[int] = auto()
    title: Field[str]
    double: Field[int] = generated("id * 2")
    price: Field[Decimal] = field(max_digits=9, decimal_places=2)
    at: Field[datetime]
    day: Field[date | None]
    hour: Field[time]
    length: Field[timedelta]
    code: Field[UUID]
    data: Field[dict[str, int]]
    words: Field[list[str]]
    span: Field[Range[int]]
    address: Field[IPv4Address]
    raw: Field[bytes]
    done: Field[bool]
    above: ForeignKey[Note | None] = field(on_delete="set null")
    tags: ManyToMany[Tag] = related()


VALUES: dict[str, Any] = {
    "title": "it's",
    "price": Decimal("1.50"),
    "at": datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
    "day": None,
    "hour": time(9, 30),
    "length": timedelta(minutes=90),
    "code": UUID(int=7),
    "data": {"a": 1},
    "words": ["x", "y"],
    "span": Range(1, 5),
    "address": IPv4Address("10.0.0.1"),
    "raw": b"\x00\xff",
    "done": True,
}


async def store(folder: Folder, database: Database) -> None:
    folder.make(Tag, Note)
    await folder.migrator(database).migrate()
    tag = await Tag.objects.using(database).create(name="red")
    first = await Note.objects.using(database).create(**VALUES)
    second = await Note.objects.using(database).create(**VALUES, above=first)
    await second.add(Note.tags, tag, using=database)


async def test_rows_come_back_as_they_were_and_numbers_go_on(folder: Folder, database: Database):
    await store(folder, database)
    state = folder.graph().state
    content = to_json(await dump_rows(database, state))
    await database.execute("delete from note")
    await database.execute("delete from tag")

    counts = await load_rows(database, state, content)

    assert counts == {"tag": 1, "note": 2, "note_tags": 1}
    second = await Note.objects.using(database).load(Note.tags).get(Note.id == 2)
    assert {name: getattr(second, name) for name in VALUES} == VALUES
    assert second.above_id == 1  # type: ignore[attr-defined]
    assert [tag.name for tag in second.tags] == ["red"]
    third = await Note.objects.using(database).create(**VALUES)
    assert third.id == 3


async def test_a_second_load_changes_nothing(folder: Folder, database: Database):
    await store(folder, database)
    state = folder.graph().state
    content = to_json(await dump_rows(database, state))

    await load_rows(database, state, content)

    assert to_json(await dump_rows(database, state)) == content


async def test_only_the_tables_that_are_named_are_dumped(folder: Folder, database: Database):
    await store(folder, database)

    rows = json.loads(to_json(await dump_rows(database, folder.graph().state, ["tag"])))

    assert rows == {"tag": [{"id": 1, "name": "red"}]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"tga": []}', "no migration makes a table tga"),
        ('{"tag": [{"id": 1, "nme": "red"}]}', "row 1 of tag has a value for nme"),
        ('{"tag": [{"id": "one", "name": "red"}]}', "row 1 of tag: id: "),
        ("[]", "not as `bistro db dump` writes one"),
        ("{", "not as `bistro db dump` writes one"),
    ],
)
async def test_file_that_does_not_fit_is_refused_as_a_whole(
    folder: Folder, database: Database, content: str, message: str
):
    await store(folder, database)

    with pytest.raises(MigrationError, match=message):
        await load_rows(database, folder.graph().state, content.encode())


def test_tables_stand_behind_those_that_they_name(folder: Folder):
    folder.make(Tag, Note)

    assert [table.name for table in in_order(folder.graph().state)] == ["note", "tag", "note_tags"]
