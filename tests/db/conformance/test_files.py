"""Columns that hold files: a file is there as long as its row says so, whatever becomes of a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro import Upload
from bistro.db import Check as TableCheck
from bistro.db import (
    CheckViolation,
    Database,
    Field,
    ForeignKey,
    IntegrityError,
    Model,
    ModelError,
    QueryError,
    StoredFile,
    TransactionError,
    UniqueViolation,
    ValueNotStorable,
    auto,
    create_tables,
    field,
    transaction,
)
from bistro.ground.stored_files import KeptFile, read_stored_file, write_stored_file


class Album(Model):
    id: Field[int] = auto()


class Shot(Model, constraints=(TableCheck("title <> 'bad'"),)):
    id: Field[int] = auto()
    title: Field[str] = field(unique=True)
    photo: Field[StoredFile | None]
    raw: Field[StoredFile | None] = field(private=True)
    album: ForeignKey[Album | None] = field(default=None, deferrable=True)


class MemoryFiles:
    """A place for files that a test can look into."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.fails = False

    async def save(self, pieces: AsyncIterable[bytes], *, suffix: str = "") -> str:
        content = b"".join([piece async for piece in pieces])
        if self.fails:
            raise OSError("no room")
        name = uuid4().hex + suffix
        self.kept[name] = content
        return name

    async def delete(self, name: str) -> None:
        self.kept.pop(name, None)

    @property
    def contents(self) -> set[bytes]:
        return set(self.kept.values())


def upload(content: bytes = b"one", name: str = "a b.png") -> Upload:
    return Upload(name, BytesIO(content), size=len(content))


async def made(database: Database) -> MemoryFiles:
    await create_tables(Album, Shot)
    files = MemoryFiles()
    database.files = files
    return files


async def test_file_is_kept_with_its_row_and_read_back(database: Database) -> None:
    files = await made(database)
    shot = await Shot.objects.create(title="a", photo=upload(), raw=upload(b"raw"))
    again = await Shot.objects.get(Shot.id == shot.id)
    assert isinstance(again.photo, StoredFile)
    assert (again.photo.file_name, again.photo.size) == ("a b.png", 3)
    assert files.kept[again.photo.name] == b"one"
    assert again.photo == shot.photo
    assert again.raw is not None
    assert files.kept[again.raw.name] == b"raw"
    assert await Shot.objects.filter(Shot.photo == again.photo).count() == 1
    assert await Shot.objects.filter(Shot.photo.is_null()).count() == 0
    assert await Shot.objects.select(Shot.photo) == [again.photo]


async def test_column_is_a_text_and_a_bare_name_in_it_is_a_file(database: Database) -> None:
    await made(database)
    await database.execute("insert into shot (title, photo) values ('old', 'abc.png')")
    old = await Shot.objects.get(title="old")
    assert old.photo == KeptFile("abc.png")
    await old.save()
    assert [tuple(row) for row in await database.fetch("select photo from shot")] == [("abc.png",)]


async def test_replaced_and_removed_files_go_after_the_commit(database: Database) -> None:
    files = await made(database)
    shot = await Shot.objects.create(title="a", photo=upload(b"1"))
    async with transaction():
        await Shot.objects.filter(Shot.id == shot.id).update(photo=upload(b"2"))
        assert files.contents == {b"1", b"2"}
    assert files.contents == {b"2"}
    await shot.refresh()
    shot.photo = StoredFile.of(upload(b"3"))
    await shot.save()
    assert files.contents == {b"3"}
    shot.photo = StoredFile.of(upload(b"4"))
    await shot.save("photo")
    assert files.contents == {b"4"}
    assert shot.photo.name in files.kept
    await shot.save()
    await shot.save("title")
    assert files.contents == {b"4"}
    await Shot.objects.filter(Shot.id == shot.id).update(photo=None)
    assert files.contents == set()


async def test_file_that_is_not_to_be_saved_waits(database: Database) -> None:
    files = await made(database)
    shot = await Shot.objects.create(title="a")
    shot.title, shot.photo = "b", StoredFile.of(upload(b"1"))
    await shot.save("title")
    assert files.contents == set()
    assert (shot.photo.name, shot.photo.file_name, shot.photo.size) == ("", "a b.png", 1)
    await shot.save("photo")
    assert files.contents == {b"1"}


async def test_deleted_rows_take_their_files_along(database: Database) -> None:
    files = await made(database)
    for title in "abc":
        await Shot.objects.create(title=title, photo=upload(title.encode()), raw=upload(title.encode() * 2))
    await (await Shot.objects.get(title="a")).delete()
    assert files.contents == {b"b", b"bb", b"c", b"cc"}
    assert await Shot.objects.filter(Shot.title == "b").delete() == 1
    assert files.contents == {b"c", b"cc"}


async def test_transaction_that_is_undone_leaves_everything_as_it_was(database: Database) -> None:
    files = await made(database)
    kept = await Shot.objects.create(title="kept", photo=upload(b"1"))
    gone = await Shot.objects.create(title="gone", photo=upload(b"2"))
    fresh = Shot(title="new", photo=StoredFile.of(upload(b"3")))
    with pytest.raises(ZeroDivisionError):
        async with transaction():
            await fresh.save()
            await Shot.objects.filter(Shot.id == kept.id).update(photo=upload(b"4"))
            await gone.delete()
            assert files.contents == {b"1", b"2", b"3", b"4"}
            raise ZeroDivisionError
    assert files.contents == {b"1", b"2"}
    # Whoever tries again has what he had.
    await Shot.objects.create(title=fresh.title, photo=fresh.photo)
    assert files.contents == {b"1", b"2", b"3"}


async def test_part_that_is_undone_takes_its_own_files_alone(database: Database) -> None:
    files = await made(database)
    async with transaction():
        first = await Shot.objects.create(title="a", photo=upload(b"1"))
        with pytest.raises(ZeroDivisionError):
            async with transaction():
                await Shot.objects.create(title="b", photo=upload(b"2"))
                await Shot.objects.filter(Shot.id == first.id).update(photo=upload(b"3"))
                raise ZeroDivisionError
        assert files.contents == {b"1"}
        async with transaction():
            await Shot.objects.create(title="c", photo=upload(b"4"))
    assert files.contents == {b"1", b"4"}


async def test_part_that_was_kept_is_undone_with_the_whole(database: Database) -> None:
    files = await made(database)
    with pytest.raises(ZeroDivisionError):
        async with transaction():
            async with transaction():
                await Shot.objects.create(title="a", photo=upload(b"1"))
            raise ZeroDivisionError
    assert files.contents == set()


async def test_row_that_the_database_refuses_leaves_no_file(database: Database) -> None:
    files = await made(database)
    await Shot.objects.create(title="a", photo=upload(b"1"))
    with pytest.raises(UniqueViolation):
        await Shot.objects.create(title="a", photo=upload(b"2"))
    with pytest.raises(CheckViolation):
        await Shot.objects.filter(title="a").update(title="bad", photo=upload(b"3"))
    with pytest.raises(UniqueViolation):
        await Shot.objects.bulk_create([Shot(title=title, photo=StoredFile.of(upload())) for title in "bb"])
    assert files.contents == {b"1"}
    found, is_new = await Shot.objects.get_or_create({"photo": upload(b"4")}, title="a")
    assert (is_new, files.contents) == (False, {b"1"})
    assert found.photo is not None


async def test_error_that_is_caught_within_a_transaction_leaves_no_file(database: Database) -> None:
    files = await made(database)
    await Shot.objects.create(title="a", photo=upload(b"1"))
    with pytest.raises((UniqueViolation, TransactionError)):
        async with transaction():
            try:
                await Shot.objects.create(title="a", photo=upload(b"2"))
            finally:
                assert files.contents == {b"1"}
    assert files.contents == {b"1"}


async def test_commit_that_the_database_refuses_leaves_no_file(database: Database) -> None:
    files = await made(database)
    shot = await Shot.objects.create(title="kept", photo=upload(b"0"))
    with pytest.raises(IntegrityError):
        async with transaction():
            await Shot.objects.create(title="a", photo=upload(b"1"), album_id=777)
            await Shot.objects.filter(Shot.id == shot.id).update(photo=upload(b"2"))
    assert files.contents == {b"0"}


async def test_task_that_is_cancelled_leaves_no_file(database: Database) -> None:
    files = await made(database)
    kept = asyncio.Event()

    async def create() -> None:
        async with transaction():
            await Shot.objects.create(title="a", photo=upload(b"1"))
            kept.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(create())
    await kept.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files.contents == set()
    assert await Shot.objects.count() == 0


async def test_all_files_of_a_row_are_kept_or_none(database: Database) -> None:
    files = await made(database)

    class Broken(Upload):
        async def seek(self, offset: int) -> None:
            raise OSError("gone")

    broken = Broken("a.png", BytesIO(b""), size=0)
    with pytest.raises(OSError, match="gone"):
        await Shot.objects.create(title="a", photo=upload(), raw=broken)
    assert files.contents == set()
    assert await Shot.objects.count() == 0


async def test_several_rows_at_once_have_files_of_their_own(database: Database) -> None:
    files = await made(database)
    shots = [Shot(title=title, photo=StoredFile.of(upload(title.encode()))) for title in "abc"]
    await Shot.objects.bulk_create(shots)
    assert files.contents == {b"a", b"b", b"c"}
    shots[0].photo, shots[1].photo = StoredFile.of(upload(b"new")), None
    assert await Shot.objects.bulk_update(shots, Shot.photo) == 3
    assert files.contents == {b"new", b"c"}
    assert await Shot.objects.filter(Shot.photo.is_null()).count() == 1
    assert await Shot.objects.filter(Shot.id.is_not_null()).update(photo=None) == 3
    assert files.contents == set()


async def test_one_file_for_several_rows_is_refused(database: Database) -> None:
    files = await made(database)
    for title in "ab":
        await Shot.objects.create(title=title)
    with pytest.raises(QueryError, match="2 rows"):
        await Shot.objects.update(photo=upload())
    with pytest.raises(QueryError, match="computed"):
        await Shot.objects.filter(title="a").update(Shot.photo.set(Shot.raw))
    with pytest.raises(QueryError, match="upsert"):
        await Shot.objects.upsert(title="a", photo=upload(), on=Shot.title)
    assert await Shot.objects.filter(title="nobody").update(photo=upload()) == 0
    assert files.contents == set()


@pytest.mark.parametrize("value", ["a" * 32, "../../etc/passwd", {"name": "x"}, b"x", 7, True])
async def test_what_is_no_file_can_not_be_stored(database: Database, value: Any) -> None:
    files = await made(database)
    shot = await Shot.objects.create(title="a", photo=upload(b"1"))
    with pytest.raises((ValueNotStorable, QueryError)):
        await Shot.objects.create(title="b", photo=value)
    with pytest.raises((ValueNotStorable, QueryError)):
        await Shot.objects.filter(Shot.id == shot.id).update(photo=value)
    with pytest.raises((ValueNotStorable, QueryError)):
        await Shot.objects.filter(Shot.id == shot.id).update({"photo": value})
    assert files.contents == {b"1"}


async def test_stale_instance_that_is_saved_removes_no_file(database: Database) -> None:
    files = await made(database)
    shot = await Shot.objects.create(title="a", photo=upload(b"1"))
    await Shot.objects.filter(Shot.id == shot.id).update(photo=upload(b"2"))
    await shot.save()
    assert files.contents == {b"2"}


async def test_two_who_replace_at_once_leave_one_file(database: Database) -> None:
    files = await made(database)
    shot = await Shot.objects.create(title="a", photo=upload(b"0"))

    async def replace(content: bytes) -> None:
        await Shot.objects.filter(Shot.id == shot.id).update(photo=upload(content))

    await asyncio.gather(*(replace(str(number).encode()) for number in range(1, 6)))
    await shot.refresh()
    assert shot.photo is not None
    assert list(files.kept) == [shot.photo.name]


async def test_without_a_place_a_file_is_refused_with_the_fix(database: Database) -> None:
    await create_tables(Album, Shot)
    with pytest.raises(QueryError, match="PrivateFiles"):
        await Shot.objects.create(title="a", photo=upload())
    shot = await Shot.objects.create(title="b")
    await shot.delete()


@pytest.mark.parametrize("options", [{"encrypted": True}, {"primary_key": True}, {"max_length": 20}])
def test_file_can_not_be_what_makes_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="a file can't be"):

        class Wrong(Model):
            id: Field[int] = auto()
            photo: Field[StoredFile] = field(**options)


def test_list_of_files_is_refused_with_the_fix() -> None:
    with pytest.raises(ModelError, match="rows of a model of their own"):

        class Wrong(Model):
            id: Field[int] = auto()
            photos: Field[list[StoredFile]]


names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60)


@given(
    st.from_regex(r"[0-9a-f]{32}(\.[a-z0-9]{1,10})?", fullmatch=True),
    names,
    st.none() | st.integers(0, 10**17),
)
def test_what_is_written_of_a_file_is_read_back(name: str, file_name: str, size: int | None) -> None:
    file = KeptFile(name, file_name, size)
    assert read_stored_file(write_stored_file(file)) == file


@given(st.text())
def test_any_text_in_the_column_can_be_read(text: str) -> None:
    assert read_stored_file(text).name == text.partition(" ")[0]
