"""What queries became is kept for the next run, and believed only if nobody else can have written it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.db import Field, ForeignKey, Model, auto
from bistro.db.lowering.compile import compile_shape
from bistro.db.plan_codec import decode_recipe, encode_recipe
from bistro.db.plan_store import FILE, SIZE_MAX, PlanStore
from bistro.db.shape import Shape
from bistro.ground.cache_folder import CacheFolder

PROGRAM = """
from __future__ import annotations
import asyncio, json, sys
from pathlib import Path
from bistro.db import (
    Database, Field, ForeignKey, ManyToMany, Model, Related, auto, create_tables, field, keep_plans, related
)

class Tag(Model):
    id: Field[int] = auto()
    name: Field[str]

class Author(Model):
    id: Field[int] = auto()
    name: Field[str] = field(max_length=80)
    books: Related[Book] = related("author")

class Book(Model):
    id: Field[int] = auto()
    title: Field[str]
    price: Field[int] = field(default=3)
    author: ForeignKey[Author]
    tags: ManyToMany[Tag] = related()

async def main():
    await create_tables(Tag, Author, Book)
    author = await Author.objects.create(name="Ann")
    book = await Book.objects.create(title="Dawn", author=author)
    await Book.objects.bulk_create([Book(title=f"Day {n}", author=author, price=n) for n in range(5)])
    await book.add(Book.tags, await Tag.objects.create(name="old"))
    found = await Book.objects.filter(Book.price > 2).order_by(Book.title).load(Book.author, Book.tags)
    authors = await Author.objects.load(Author.books)
    await Book.objects.filter(title__startswith="Day").update(price=Book.price + 1)
    await Book.objects.filter(Book.title == "Day 0").delete()
    book.price = 9
    await book.save()
    return [
        [[each.title, each.author.name, [tag.name for tag in each.tags]] for each in found],
        [len(each.books) for each in authors],
        await Book.objects.count(),
        (await Book.objects.get(Book.id == book.id)).price,
    ]

async def run():
    keep_plans(Path(__file__).parent)
    async with Database(sys.argv[1]):
        return await main()

print(json.dumps([asyncio.run(run()), "sqlalchemy" in sys.modules]))
"""
DAWN, DAYS = ["Dawn", "Ann", ["old"]], [["Day 3", "Ann", []], ["Day 4", "Ann", []]]
FIRST = [[DAWN, *DAYS], [6], 5, 9]
SECOND = [[DAWN, DAWN, ["Day 2", "Ann", []], *sorted(DAYS * 2)], [5, 6], 10, 9]


class Writer(Model):
    id: Field[int] = auto()
    name: Field[str]


class Story(Model):
    id: Field[int] = auto()
    title: Field[str]
    writer: ForeignKey[Writer | None]


def a_shape() -> Shape:
    return Story.objects.filter(Story.title == "x").load(Story.writer).order_by(Story.id).shape


def keep(folder: Path) -> None:
    PlanStore(CacheFolder(folder)).keep(a_shape(), "sqlite", compile_shape(a_shape(), "sqlite"))


def is_found(folder: Path, shape: Shape | None = None) -> bool:
    return PlanStore(CacheFolder(folder)).find(shape or a_shape(), "sqlite") is not None


@pytest.fixture(autouse=True)
def _with_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BISTRO_CACHE")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keep(tmp_path)
    return tmp_path


def cleared() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "BISTRO_CACHE"}


def run(folder: Path, url: str, *, changed: bool = False) -> tuple[object, bool]:
    """What the program gives, and whether it has loaded SQLAlchemy."""
    program = folder / "shop.py"
    program.write_text(
        PROGRAM.replace("Field[str] = field(max_length=80)", "Field[str | None]") if changed else PROGRAM
    )
    command = [sys.executable, program, url]
    done = subprocess.run(command, capture_output=True, text=True, env=cleared(), check=False)
    assert done.returncode == 0, done.stderr
    result, has_loaded = json.loads(done.stdout)
    return result, has_loaded


@pytest.mark.parametrize("kind", ["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.service)])
def test_the_next_run_answers_the_same_without_sqlalchemy(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(kind)
    first, had_to_load = run(tmp_path, url)
    assert had_to_load
    assert first == FIRST

    second, had_to_load = run(tmp_path, url)
    assert not had_to_load
    assert second == SECOND  # the rows of both runs


def test_a_run_with_a_changed_model_makes_its_sql_anew(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    run(tmp_path, url)

    assert run(tmp_path, url, changed=True)[1]
    assert not run(tmp_path, url, changed=True)[1]
    assert not run(tmp_path, url)[1]  # what was before is still there


def test_processes_that_start_at_once_share_the_file(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(PROGRAM)
    url, environment = f"sqlite:///{tmp_path / 'shop.db'}", cleared()
    command = [sys.executable, tmp_path / "shop.py", url]
    processes = [subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]

    assert not run(tmp_path, url)[1]


def test_a_kept_recipe_is_found_by_the_next_process(folder: Path) -> None:
    found = PlanStore(CacheFolder(folder)).find(a_shape(), "sqlite")

    assert found is not None
    made = compile_shape(a_shape(), "sqlite")
    tables = [Story.__table_info__, Writer.__table_info__]
    assert encode_recipe(found, tables) == encode_recipe(made, tables)


def test_another_form_or_database_is_not_found(folder: Path) -> None:
    assert not is_found(folder, Story.objects.filter(Story.title != "x").load(Story.writer).shape)
    assert PlanStore(CacheFolder(folder)).find(a_shape(), "postgresql") is None


@pytest.mark.parametrize(
    ("thing", "attribute", "value"),
    [
        (Story.title.info, "name", "heading"),
        (Story.title.info, "nullable", True),
        (Writer.__table_info__, "name", "authors"),
        (Writer.__table_info__, "schema", "shop"),
    ],
)
def test_a_changed_model_is_not_found(
    folder: Path, thing: object, attribute: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(thing, attribute, value)
        assert not is_found(folder)
    assert is_found(folder)


def test_a_model_that_was_made_in_a_function_is_not_kept(tmp_path: Path) -> None:
    class Passing(Model):
        id: Field[int] = auto()

    shape = Passing.objects.limit(1).shape
    PlanStore(CacheFolder(tmp_path)).keep(shape, "sqlite", compile_shape(shape, "sqlite"))

    assert not (tmp_path / ".bistro").exists()


def test_a_line_that_was_cut_spoils_no_other(folder: Path) -> None:
    file = folder / ".bistro" / FILE
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert not is_found(folder)

    keep(folder)
    assert is_found(folder)


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\n" * 100, b"x" * 64 + b" []", b"\xff" * 1000])
def test_what_is_no_plan_is_passed_over(folder: Path, content: bytes) -> None:
    (folder / ".bistro" / FILE).write_bytes(content)

    assert not is_found(folder)


@given(data=st.data())
def test_a_line_with_any_byte_changed_is_not_believed(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    keep(folder)
    file = folder / ".bistro" / FILE
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(1, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[place]))
    file.write_bytes(content)

    assert not is_found(folder)


def test_a_name_that_means_no_model_any_more_is_not_found() -> None:
    line = encode_recipe(compile_shape(a_shape(), "sqlite"), [Story.__table_info__, Writer.__table_info__])

    for name in (b"sys:modules", b"os:system", b"gone:Story", b"%s:Gone" % __name__.encode()):
        assert decode_recipe(line.replace(b"%s:Story" % __name__.encode(), name)) is None


def test_a_file_that_grew_too_large_is_begun_anew(folder: Path) -> None:
    file = folder / ".bistro" / FILE
    with file.open("ab") as opened:
        opened.truncate(SIZE_MAX + 1)
    assert not is_found(folder)
    assert not file.exists()

    keep(folder)
    assert is_found(folder)


def test_a_program_that_makes_forms_without_end_does_not_fill_the_disk(tmp_path: Path) -> None:
    store = PlanStore(CacheFolder(tmp_path))
    shape = a_shape()
    large = msgspec.structs.replace(compile_shape(shape, "sqlite"), sql="x" * (SIZE_MAX // 3))
    for _ in range(9):
        store.keep(shape, "sqlite", large)

    assert (tmp_path / ".bistro" / FILE).stat().st_size <= SIZE_MAX


def test_a_file_that_others_may_write_is_not_believed(folder: Path) -> None:
    (folder / ".bistro" / FILE).chmod(0o622)

    assert not is_found(folder)


def test_the_cache_can_be_switched_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BISTRO_CACHE", "off")

    assert not is_found(folder)
