"""`make_migration`: what is written, what is asked, and what is refused."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bistro.db import Check, Field, ForeignKey, Index, Model, auto, field, generated
from bistro.migrations import (
    SQL,
    AddColumn,
    AddRule,
    BranchError,
    ChangeColumn,
    Column,
    CreateTable,
    DropColumn,
    DropRule,
    DropTable,
    Migration,
    MigrationError,
    MigrationFileError,
    RenameColumn,
    RenameRule,
    RenameTable,
    RunSQL,
    ValueNeeded,
    make_plan,
)
from bistro.migrations.package import load_file
from bistro.migrations.writing import write_migration
from tests.migrations.support import Folder


class First:
    class Note(Model):
        id: Field[int] = auto()
        title: Field[str] = field(max_length=40, index=True)


def operations(folder: Folder, name: str) -> list[object]:
    return list(load_file(folder.path / f"{name}.py").migration.operations)


def test_first_migration_creates_the_tables_and_a_second_one_has_nothing_to_do(folder: Folder) -> None:
    name = folder.make(First.Note)

    assert name == "0001_first"
    assert [type(each) for each in operations(folder, name)] == [CreateTable]
    assert folder.make(First.Note) == ""


def test_each_migration_names_the_one_before(folder: Folder) -> None:
    class Note(Model):
        id: Field[int] = auto()
        title: Field[str] = field(max_length=40, index=True)
        pinned: Field[bool] = field(default=False)

    folder.make(First.Note)
    name = folder.make(Note)

    assert name == "0002_add_note_pinned"
    assert load_file(folder.path / f"{name}.py").after == ("0001_first",)
    assert operations(folder, name) == [AddColumn("note", Column("pinned", "bool"), fill=False)]


def test_renamed_column_keeps_its_values_and_takes_its_index_along(folder: Folder) -> None:
    class Note(Model):
        id: Field[int] = auto()
        heading: Field[str] = field(max_length=40, index=True)

    folder.make(First.Note)
    name = folder.make(Note, renames=True)

    assert operations(folder, name) == [
        RenameColumn("note", "title", "heading"),
        RenameRule("note", "ix_note_title", "ix_note_heading"),
    ]


def test_renamed_table_takes_everything_along(folder: Folder) -> None:
    class Memo(Model):
        id: Field[int] = auto()
        title: Field[str] = field(max_length=40, index=True)

    folder.make(First.Note)
    name = folder.make(Memo, renames=["note=memo"])

    assert operations(folder, name) == [
        RenameTable("note", "memo"),
        RenameRule("memo", "pk_note", "pk_memo"),
        RenameRule("memo", "ix_note_title", "ix_memo_title"),
    ]


def test_without_a_rename_the_column_is_dropped_and_another_one_added(folder: Folder) -> None:
    class Note(Model):
        id: Field[int] = auto()
        heading: Field[str] = field(max_length=40, default="")

    folder.make(First.Note)
    name = folder.make(Note)

    assert operations(folder, name) == [
        DropRule("note", "ix_note_title"),
        AddColumn("note", Column("heading", "text", max_length=40), fill=""),
        DropColumn("note", "title", fill=""),
    ]


def test_rename_of_what_is_not_there_names_what_may_be_meant(folder: Folder) -> None:
    folder.make(First.Note)

    with pytest.raises(MigrationError, match=r"note\.titel(.|\n)*Did you mean note\.title"):
        folder.make(First.Note, renames=["note.titel=heading"])


def test_required_column_without_a_default_asks_for_a_value(folder: Folder) -> None:
    class Note(Model):
        id: Field[int] = auto()
        title: Field[str] = field(max_length=40, index=True)
        slug: Field[str]

    folder.make(First.Note)

    with pytest.raises(ValueNeeded, match=r"note\.slug(.|\n)*--fill 'note\.slug=…'"):
        folder.make(Note)
    name = folder.make(Note, fills={"note.slug": "lower(title)"})
    assert operations(folder, name) == [AddColumn("note", Column("slug", "text"), fill=SQL("lower(title)"))]


def test_what_loses_data_comes_last(folder: Folder) -> None:
    class Note(Model, constraints=(Check("rank > 0"),), indexes=(Index(("rank",)),)):
        id: Field[int] = auto()
        rank: Field[int] = field(default=1)

    class Tag(Model):
        id: Field[int] = auto()

    folder.make(First.Note, Tag)
    name = folder.make(Note)

    kinds = [type(each) for each in operations(folder, name)]
    assert kinds == [DropRule, AddColumn, AddRule, AddRule, DropColumn, DropTable]


def test_tables_that_refer_to_each_other_are_made_in_an_order_that_works(folder: Folder) -> None:
    class Ring:
        class Hen(Model, table="hen"):
            id: Field[int] = auto()
            egg: ForeignKey[Egg | None] = field(on_delete="set null")  # type: ignore[name-defined]  # noqa: F821

        class Egg(Model, table="egg"):
            id: Field[int] = auto()
            hen: ForeignKey[Hen | None] = field(on_delete="set null")  # type: ignore[name-defined]  # noqa: F821

    name = folder.make(Ring.Hen, Ring.Egg)

    kinds = [type(each) for each in operations(folder, name)]
    assert kinds == [CreateTable, CreateTable, AddRule]


def test_computed_column_is_made_anew_where_what_it_comes_from_changes(folder: Folder) -> None:
    class Old:
        class Sale(Model):
            id: Field[int] = auto()
            price: Field[int] = field(bits=32)
            double: Field[int] = generated("price * 2")

    class Sale(Model):
        id: Field[int] = auto()
        price: Field[int]
        double: Field[int] = generated("price * 2")

    folder.make(Old.Sale)
    name = folder.make(Sale)

    assert operations(folder, name) == [
        DropColumn("sale", "double"),
        ChangeColumn("sale", Column("price", "integer")),
        AddColumn("sale", Column("double", "integer", computed="price * 2")),
    ]


def test_kind_that_does_not_convert_is_refused_when_it_is_made(folder: Folder) -> None:
    class Note(Model):
        id: Field[int] = auto()
        title: Field[datetime] = field(index=True)

    folder.make(First.Note)

    with pytest.raises(MigrationFileError, match="is text and can't become datetime by itself"):
        folder.make(Note)


def test_written_file_means_the_same_when_it_is_read(folder: Folder) -> None:
    migration = Migration(
        [
            AddColumn(
                "note", Column("price", "decimal", max_digits=9, decimal_places=2), fill=Decimal("1.50")
            ),
            AddColumn("note", Column("since", "datetime"), fill=datetime(2026, 1, 31, tzinfo=UTC)),
            AddColumn("note", Column("data", "json"), fill={"a": [1, 'quo"te', None]}),
            RunSQL(("select 'it''s'", SQL(sqlite="select 1", postgresql="select 2")), undo="select 3"),
        ],
        after=("0001_first", "accounts:0002_x"),
    )
    text = write_migration(migration)
    ast.parse(text)

    file = folder.write("0002_more", text)

    assert load_file(file).migration == migration


def test_two_migrations_after_the_same_one_are_two_branches(folder: Folder) -> None:
    folder.make(First.Note)
    text = 'from bistro.migrations import Migration\nmigration = Migration(after=("0001_first",))\n'
    folder.write("0002_mine", text)
    folder.write("0002_yours", text)

    with pytest.raises(
        BranchError, match=r"0002_mine and 0002_yours both come after 0001_first(.|\n)*db rebase"
    ):
        folder.graph()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("0001_x", "migration = 1", "has no migration"),
        ("0001_x", "import nothing_like_this", "No module named"),
        ("0001_x", "def f(:", "0001_x.py:1"),
        ("0001_X", "", "no name for a migration"),
        ("0001_x", "from bistro.migrations import *\nmigration = Migration([3])", "3 is no operation"),
        (
            "0001_x",
            "from bistro.migrations import *\nmigration = Migration([DropTable('none')])",
            "operation 1 .drop the table none.: there is no table none",
        ),
        (
            "0001_x",
            "from bistro.migrations import *\nmigration = Migration(after=('0000_gone',))",
            "comes after 0000_gone, which is not there",
        ),
    ],
)
def test_file_that_is_wrong_is_told_with_its_place(
    folder: Folder, name: str, text: str, message: str
) -> None:
    folder.write(name, text)

    with pytest.raises(MigrationFileError, match=message) as caught:
        folder.graph()
    assert caught.value.where[0].file.endswith(f"{name}.py")


def test_column_that_is_computed_from_now_on_is_kept_until_the_rest_is_done(folder: Folder) -> None:
    class Before:
        class Note(Model):
            id: Field[int] = auto()
            double: Field[int] = field(index=True)

    class Note(Model):
        id: Field[int] = auto()
        double: Field[int] = generated("id * 2", index=True)

    folder.make(Before.Note)
    name = folder.make(Note)

    made = operations(folder, name)
    assert [type(each) for each in made] == [DropRule, RenameColumn, AddColumn, AddRule, DropColumn]
    assert made[-1] == DropColumn("note", "double_before", fill=0)
    plan = make_plan(folder.graph(Note).get(name), "postgresql")
    assert [phase.how for phase in plan.phases] == ["together", "alone", "together"]
