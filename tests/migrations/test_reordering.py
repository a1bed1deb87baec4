"""Two branches that made a migration each."""

from __future__ import annotations

import pytest

from bistro.db import Database, Field, Model, auto, field
from bistro.migrations import BranchError, MigrationError
from bistro.migrations.package import load_file
from bistro.migrations.reordering import find_moves, with_after
from tests.migrations.support import Folder


class Note(Model):
    id: Field[int] = auto()


class Mine:
    class Note(Model):
        id: Field[int] = auto()
        pinned: Field[bool] = field(default=False)


class Yours:
    class Note(Model):
        id: Field[int] = auto()
        title: Field[str] = field(default="")

    class Tag(Model):
        id: Field[int] = auto()


class Both:
    class Note(Model):
        id: Field[int] = auto()
        pinned: Field[bool] = field(default=False)
        title: Field[str] = field(default="")


def branch(folder: Folder, first: list[type[Model]], second: list[type[Model]]) -> tuple[str, str]:
    """Both made from the same start, as on two branches that are merged then."""
    folder.make(Note)
    one = folder.make(*first)
    text = (folder.path / f"{one}.py").read_text()
    (folder.path / f"{one}.py").unlink()
    other = folder.make(*second)
    folder.write(one, text)
    return one, other


def moves(folder: Folder, name: str = ""):
    from bistro.migrations import Package

    package = Package("site", folder.path)
    return find_moves([package], package, name)


async def test_second_branch_gets_the_next_number_and_both_apply(folder: Folder, database: Database):
    one, other = branch(folder, [Mine.Note], [Yours.Note, Yours.Tag])
    with pytest.raises(BranchError):
        folder.graph()

    for move in moves(folder, other):
        move.write()

    assert [each.full_name for each in folder.graph().placed] == [
        "0001_first",
        one,
        f"0003_{other.partition('_')[2]}",
    ]
    await folder.migrator(database).migrate()
    assert folder.make(Both.Note, Yours.Tag) == ""


def test_the_branch_that_is_named_is_the_one_that_moves(folder: Folder):
    one, _ = branch(folder, [Mine.Note], [Yours.Note])

    (move,) = moves(folder, one)

    assert move.loaded.name == one
    assert move.name.startswith("0003_")


def test_all_migrations_of_the_branch_move_in_their_order(folder: Folder):
    one, other = branch(folder, [Mine.Note], [Yours.Note])
    text = f'from bistro.migrations import Migration\nmigration = Migration(after=("{other}", "shop:0001_first"))\n'
    folder.write("0003_more", text)

    found = moves(folder, other)
    for move in found:
        move.write()

    assert [move.name[:4] for move in found] == ["0003", "0004"]
    last = load_file(folder.path / "0004_more.py")
    assert last.migration.after == (found[0].name, "shop:0001_first")
    assert one


def test_branches_whose_order_matters_are_explained(folder: Folder):
    class Renamed:
        class Note(Model, table="memo"):
            id: Field[int] = auto()

    folder.make(Note)
    one = folder.make(Renamed.Note, renames=True)
    text = (folder.path / f"{one}.py").read_text()
    (folder.path / f"{one}.py").unlink()
    other = folder.make(Yours.Note)
    folder.write(one, text)

    with pytest.raises(
        BranchError, match=r"there is no table note at this place(.|\n)*Delete .*bistro db make"
    ):
        moves(folder, other)


def test_one_row_has_nothing_to_move(folder: Folder):
    folder.make(Note)

    assert moves(folder) == []
    with pytest.raises(MigrationError, match="there is no migration 0009_x"):
        moves(folder, "0009_x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Migration([], after=("a",))', 'Migration([], after=("b",))'),
        ('Migration(\n    [],\n    after=(\n        "ä",\n        "x:y",\n    ),\n)', 'Migration(\n    [],\n    after=("b",),\n)'),
        ("# after=1\nm = Migration(after=('ü',), operations=[])", '# after=1\nm = Migration(after=("b",), operations=[])'),
    ],
)  # fmt: skip
def test_only_the_names_before_it_are_changed_in_a_file(text: str, expected: str):
    assert with_after(text, ("b",)) == expected
