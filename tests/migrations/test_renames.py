"""What is asked about as a rename, and what a rename that is given means."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bistro.migrations.diff import Rename
from bistro.migrations.errors import MigrationError
from bistro.migrations.operations.columns import RenameColumn
from bistro.migrations.operations.tables import RenameTable
from bistro.migrations.renames import find_renames, parse_rename
from bistro.migrations.schema import Column, State, Table

KINDS = {
    "id": "integer",
    "title": "text",
    "size": "float",
    "at": "datetime",
    "is_open": "boolean",
    "day": "date",
}


def table(name: str, *columns: str | Column, schema: str = "") -> Table:
    made = [Column(each, KINDS.get(each, "text")) if isinstance(each, str) else each for each in columns]
    return Table(name, tuple(made), schema=schema)


def state(*tables: Table) -> State:
    found = State()
    for each in tables:
        found = found.with_table(each)
    return found


NOTE = table("note", "id", "title", "body")
BEFORE, AFTER = state(NOTE), state(table("note", "id", "heading", "body"))


def asked(before: State, after: State, *agreed: Rename) -> list[Rename]:
    """What is asked, in its order, where `agreed` is answered with yes."""
    questions: list[Rename] = []

    def ask(rename: Rename) -> bool:
        questions.append(rename)
        return rename in agreed

    assert find_renames(before, after, ask) == [each for each in questions if each in agreed]
    return questions


def given(before: State, after: State, texts: Sequence[str]) -> list[Rename]:
    return find_renames(before, after, lambda rename: False, texts)


@pytest.mark.parametrize("text", ["note.title=heading", "note.title=note.heading", " note.title = heading "])
def test_new_name_of_a_column_may_have_its_table_before_it(text: str) -> None:
    assert parse_rename(text, BEFORE, AFTER) == RenameColumn("note", "title", "heading")


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("", "'' is no rename", "Write --rename"),
        ("note", "'note' is no rename", "Write --rename"),
        ("=heading", "'=heading' is no rename", "Write --rename"),
        ("note.title=", "'note.title=' is no rename", "Write --rename"),
        ("nott=memo", "no table or column nott", "Did you mean note?"),
        ("x=memo", "no table or column x", "It is the name that the database has now."),
        ("nott.title=heading", "no table or column nott.title", "Did you mean note.title?"),
        ("note.titel=heading", "no table or column note.titel", "Did you mean note.title?"),
        ("note=memo", "no model has the table memo", "Change the model first."),
        ("note.title=headin", "no model has the column note.headin", "Did you mean heading?"),
        ("note.title=memo.heading", "no model has the column note.memo.heading", ""),
    ],
)
def test_rename_that_cannot_be_is_refused_with_the_nearest(text: str, what: str, fix: str) -> None:
    with pytest.raises(MigrationError) as refused:
        given(BEFORE, AFTER, [text])
    assert what in refused.value.what
    assert fix in refused.value.fix


def test_tables_are_renamed_before_their_columns_in_whatever_order_they_are_given() -> None:
    after = state(table("memo", "id", "heading", "body"))
    expected = [RenameTable("note", "memo"), RenameColumn("memo", "title", "heading")]
    for texts in (["memo.title=heading", "note=memo"], ["note=memo", "memo.title=heading"]):
        assert given(BEFORE, after, texts) == expected


def test_column_is_asked_about_where_one_goes_and_one_of_its_kind_comes() -> None:
    rename = RenameColumn("note", "title", "heading")
    assert asked(BEFORE, AFTER, rename) == [rename]
    may_be_null = state(table("note", "id", Column("heading", "text", nullable=True), "body"))
    assert asked(BEFORE, may_be_null) == [rename]


@pytest.mark.parametrize(
    "after",
    [
        table("note", "id", "body"),
        table("note", "id", "title", "body", "heading"),
        table("note", "id", Column("heading", "integer"), "body"),
        table("note", "id", Column("heading", "text", default="'x'"), "body"),
    ],
)
def test_column_is_not_asked_about_where_none_goes_or_another_kind_comes(after: Table) -> None:
    assert asked(BEFORE, state(after)) == []


def test_computed_column_is_not_asked_about_since_nothing_would_be_lost() -> None:
    before = state(table("note", "id", Column("up", "text", computed="upper(title)"), "title"))
    assert (
        asked(before, state(table("note", "id", Column("upper", "text", computed="upper(title)"), "title")))
        == []
    )


def test_each_pair_is_asked_about_once_until_one_is_agreed_to() -> None:
    after = state(table("note", "id", "head", "text"))
    pairs = [RenameColumn("note", old, new) for old in ("title", "body") for new in ("head", "text")]
    assert asked(BEFORE, after) == pairs
    # With the title in "head", only the other two are left.
    assert asked(BEFORE, after, pairs[0]) == [pairs[0], pairs[3]]


@pytest.mark.parametrize(
    ("columns", "is_asked"),
    [
        (("id", "title", "size", "at"), True),
        (("id", "title", "size", "is_open"), True),  # three of five are common: the least that is asked about
        (("id", "title", "is_open", "day"), False),
        (("id", "title", "size", "is_open", "day"), False),
        ((), False),
    ],
)
def test_table_is_asked_about_where_most_of_its_columns_come_again(
    columns: tuple[str, ...], is_asked: bool
) -> None:
    before, after = state(table("note", "id", "title", "size", "at")), state(table("memo", *columns))
    assert asked(before, after) == ([RenameTable("note", "memo")] if is_asked else [])


def test_most_alike_tables_are_asked_about_first_and_never_across_schemas() -> None:
    before = state(NOTE, table("kept", "id"))
    after = state(
        table("kept", "id"),
        table("near", "id", "title", "body", "size"),
        table("same", "id", "title", "body"),
        table("there", "id", "title", "body", schema="shop"),
    )
    assert asked(before, after) == [RenameTable("note", "same"), RenameTable("note", "near")]


def test_renamed_table_is_looked_at_for_renamed_columns() -> None:
    after = state(table("memo", "id", "heading", "body", "size"))
    table_first, column = RenameTable("note", "memo"), RenameColumn("memo", "title", "heading")
    before = state(table("note", "id", "title", "body", "size"))
    assert asked(before, after, table_first, column) == [table_first, column]
    assert asked(before, after) == [table_first]
