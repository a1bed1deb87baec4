"""Operations as plain data: what they make of a schema, what undoes them, and where they do not fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bistro.migrations.errors import MigrationFileError
from bistro.migrations.operations.base import Operation
from bistro.migrations.operations.columns import (
    AddColumn,
    ChangeColumn,
    DropColumn,
    RenameColumn,
    is_computed,
)
from bistro.migrations.operations.links import LinkColumns, UnlinkColumns
from bistro.migrations.operations.rules import AddRule, DropRule, RenameRule
from bistro.migrations.operations.tables import (
    CreateExtension,
    CreateTable,
    DropTable,
    ForgetExtension,
    RenameTable,
)
from bistro.migrations.schema import (
    Check,
    Column,
    Exclude,
    ForeignKey,
    Index,
    PrimaryKey,
    State,
    Table,
    Unique,
)
from bistro.migrations.sql_text import SQL, names_in, with_names

AUTHOR = Table(
    "author",
    (Column("id", "integer", default="auto"), Column("name", "text"), Column("size", "integer")),
    (PrimaryKey("author_pkey", ("id",)), Unique("author_name_key", ("name",))),
    schema="shop",
)
NOTE = Table(
    "note",
    (
        Column("id", "integer", default="auto"),
        Column("title", "text"),
        Column("rank", "integer"),
        Column("upper", "text", computed="upper(title)"),
        Column("writer", "text"),
        Column("parent", "integer", nullable=True),
        Column("spare", "integer"),
    ),
    (
        PrimaryKey("note_pkey", ("id",)),
        Check("note_rank_check", "rank > 0 and title <> 'rank'"),
        ForeignKey("note_writer_fkey", ("writer",), "shop.author", ("name",)),
        ForeignKey("note_parent_fkey", ("parent",), "note", ("id",)),
    ),
    (
        Index("note_title_index", ("lower(title)", "-rank"), where="\"title\" <> ''"),
        Index("note_rank_index", ("rank",), including=("spare",)),
    ),
)
BEFORE = State({"shop.author": AUTHOR, "note": NOTE})


def in_any_order(state: State) -> object:
    """A schema without the order of columns and rules, which reversing need not give back."""
    tables = {
        label: (set(table.columns), set(table.constraints), set(table.indexes), set(table.links))
        for label, table in state.tables.items()
    }
    return tables, state.extensions


OPERATIONS: list[Operation] = [
    CreateTable(Table("tag", (Column("id", "integer"),))),
    DropTable("note"),
    RenameTable("note", "page"),
    RenameTable("shop.author", "shop.person"),
    CreateExtension("btree_gist"),
    AddColumn("note", Column("new", "text", nullable=True)),
    DropColumn("shop.author", "size"),
    DropColumn("note", "upper"),
    RenameColumn("note", "title", "headline"),
    RenameColumn("note", "id", "number"),
    RenameColumn("note", "spare", "other"),
    RenameColumn("shop.author", "name", "full_name"),
    ChangeColumn("note", Column("rank", "text", nullable=True)),
    AddRule("note", Unique("note_title_key", ("title",))),
    AddRule("note", Check("note_more_check", "rank < 9")),
    AddRule("note", Exclude("note_exclude", (("rank", "="),))),
    AddRule("note", Index("note_more_index", ("writer",))),
    DropRule("note", "note_rank_check"),
    DropRule("note", "note_rank_index"),
    RenameRule("note", "note_rank_check", "note_rank_positive"),
    RenameRule("note", "note_rank_index", "note_by_rank"),
    LinkColumns("note", "rank", "spare"),
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.describe())
def test_each_is_undone_by_its_reverse_and_that_by_its_own(operation: Operation) -> None:
    after = operation.apply(BEFORE)
    assert in_any_order(after) != in_any_order(BEFORE)
    reverse = operation.reverse(BEFORE)
    assert reverse is not None
    back = reverse.apply(after)
    assert in_any_order(back) == in_any_order(BEFORE)
    again = reverse.reverse(after)
    assert again is not None
    assert in_any_order(again.apply(back)) == in_any_order(after)


@given(st.permutations(OPERATIONS))
def test_whatever_fits_in_a_row_is_undone_from_its_end(operations: list[Operation]) -> None:
    state, undoing = BEFORE, []
    for operation in operations:
        try:
            after = operation.apply(state)
        except MigrationFileError:
            continue  # what came before has taken away what this one needs
        reverse = operation.reverse(state)
        assert reverse is not None
        undoing.append((state, reverse))
        state = after
    for before, reverse in undoing[::-1]:
        state = reverse.apply(state)
        assert in_any_order(state) == in_any_order(before)


MISFITS: list[tuple[Operation, str]] = [
    (CreateTable(Table("note")), "there is a table note already"),
    (CreateTable(Table("author", schema="shop")), r"there is a table shop\.author already"),
    (DropTable("author"), "no table author"),
    (RenameTable("note", "shop.note"), "a table stays in its schema"),
    (RenameTable("shop.author", "author"), "a table stays in its schema"),
    (RenameTable("note", "note"), "there is a table note already"),
    (RenameTable("nobody", "somebody"), "no table nobody"),
    (AddColumn("note", Column("rank", "text")), r"there is a column note\.rank already"),
    (AddColumn("nobody", Column("rank", "text")), "no table nobody"),
    (DropColumn("note", "nothing"), "no column nothing"),
    (DropColumn("note", "id"), "is used by note_pkey"),
    (DropColumn("note", "writer"), "is used by note_writer_fkey"),
    (DropColumn("note", "title"), "is used by note_title_index"),
    (DropColumn("note", "rank"), "is used by note_title_index, note_rank_index"),
    (DropColumn("note", "spare"), "is used by note_rank_index"),
    (RenameColumn("note", "nothing", "x"), "no column nothing"),
    (RenameColumn("note", "title", "rank"), r"there is a column note\.rank already"),
    (ChangeColumn("note", Column("nothing", "text")), "no column nothing"),
    (AddRule("note", Unique("note_rank_check", ("id",))), "there is a rule note_rank_check of note already"),
    (AddRule("note", Index("note_rank_check", ("id",))), "there is a rule note_rank_check of note already"),
    (AddRule("note", Unique("x", ("id", "nothing"))), "no column nothing"),
    (AddRule("note", ForeignKey("x", ("nothing",), "note", ("id",))), "no column nothing"),
    (DropRule("note", "nothing"), "no constraint or index nothing"),
    (RenameRule("note", "nothing", "x"), "no constraint or index nothing"),
    (RenameRule("note", "note_rank_check", "note_pkey"), "there is a rule note_pkey of note already"),
    (LinkColumns("note", "rank", "nothing"), "no column nothing"),
    (LinkColumns("note", "nothing", "rank"), "no column nothing"),
    (UnlinkColumns("note", "rank", "spare"), "not kept alike"),
]


@pytest.mark.parametrize(("operation", "why"), MISFITS, ids=lambda each: getattr(each, "describe", str)())
def test_what_does_not_fit_is_refused(operation: Operation, why: str) -> None:
    with pytest.raises(MigrationFileError, match=why):
        operation.apply(BEFORE)


def test_linked_column_is_neither_dropped_nor_renamed() -> None:
    linked = LinkColumns("note", "rank", "spare").apply(DropRule("note", "note_rank_index").apply(BEFORE))
    (link,) = linked.tables["note"].links
    with pytest.raises(MigrationFileError, match=f"is used by {link.name}"):
        DropColumn("note", "spare").apply(linked)
    for name in ("rank", "spare"):
        with pytest.raises(MigrationFileError, match="kept like another column"):
            RenameColumn("note", name, "x").apply(linked)
    assert UnlinkColumns("note", "rank", "spare").apply(linked).tables["note"].links == ()


def test_name_of_a_column_follows_into_all_that_is_about_it_and_into_no_text() -> None:
    after = RenameColumn("note", "title", "headline").apply(BEFORE).tables["note"]
    assert after.get_column("upper").computed == "upper(headline)"
    assert after.get_rule("note_rank_check") == Check("note_rank_check", "rank > 0 and headline <> 'rank'")
    assert after.get_rule("note_title_index") == Index(
        "note_title_index", ("lower(headline)", "-rank"), where="\"headline\" <> ''"
    )
    ranked = RenameColumn("note", "rank", "place").apply(BEFORE).tables["note"]
    assert ranked.get_rule("note_rank_check") == Check("note_rank_check", "place > 0 and title <> 'rank'")


def test_foreign_keys_follow_a_table_and_a_column_that_are_called_otherwise() -> None:
    state = RenameTable("shop.author", "shop.person").apply(BEFORE)
    state = RenameColumn("shop.person", "name", "full_name").apply(state)
    state = RenameColumn("page", "id", "number").apply(RenameTable("note", "page").apply(state))
    writer, parent = state.tables["page"].foreign_keys
    assert (writer.table, writer.target) == ("shop.person", ("full_name",))
    assert (parent.table, parent.target, parent.columns) == ("page", ("number",), ("parent",))
    assert "note" not in state.tables
    # Of the same name, and of another table: it is none of the two.
    assert RenameColumn("note", "rank", "name").apply(BEFORE).tables["note"].foreign_keys[0].target == (
        "name",
    )


def test_only_what_loses_rows_or_values_says_so() -> None:
    assert {type(each) for each in OPERATIONS if each.loses_data} == {DropTable, DropColumn}
    assert is_computed(DropColumn("note", "upper"), BEFORE)
    assert not is_computed(DropColumn("note", "spare"), BEFORE)
    assert not is_computed(DropTable("note"), BEFORE)


def test_what_rows_get_goes_both_ways() -> None:
    column = Column("rank", "text")
    change = ChangeColumn("note", column, 7, SQL("rank::text"), SQL("rank::integer"))
    back = change.reverse(BEFORE)
    assert back == ChangeColumn("note", NOTE.get_column("rank"), 7, SQL("rank::integer"), SQL("rank::text"))
    added = AddColumn("note", Column("new", "integer"), fill=3)
    dropped = added.reverse(BEFORE)
    assert dropped == DropColumn("note", "new", fill=3)
    assert dropped.reverse(added.apply(BEFORE)) == added


def test_extension_that_is_needed_no_longer_stays() -> None:
    state = replace(BEFORE, extensions=frozenset({"citext", "btree_gist"}))
    assert ForgetExtension("citext").apply(state).extensions == {"btree_gist"}
    assert ForgetExtension("citext").reverse(state) == CreateExtension("citext")
    assert CreateExtension("citext").reverse(state) == ForgetExtension("citext")


# --- names in SQL ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("a > 0", "b > 0"),
        ("aa > a_a and a.a = 1", "aa > a_a and b.b = 1"),
        ("x = 'a' and y = 'it''s a'", "x = 'a' and y = 'it''s a'"),
        ('"a" = 1 and "A" = 2', '"b" = 1 and "A" = 2'),
        ('"a""a" = a', '"a""a" = b'),
        ("a$1 = a", "a$1 = b"),
        ("b = a", "b = b"),
        ("", ""),
    ],
)
def test_name_is_replaced_where_it_is_one(text: str, renamed: str) -> None:
    assert with_names(text, {"a": "b"}) == renamed


@pytest.mark.parametrize("new", ["order", "index", "lateral", "Total", "a b"])
def test_name_that_needs_quotes_gets_them(new: str) -> None:
    assert with_names("a > 0 and \"a\" < 'a'", {"a": new}) == f'"{new}" > 0 and "{new}" < \'a\''


def test_column_of_an_index_is_a_name_and_not_sql() -> None:
    table = BEFORE.get_table("note").with_rule(
        Index("by_rank", ("rank", "-rank", "abs(rank)"), where="rank > 0")
    )
    renamed = table.with_column_names({"rank": "order"}).get_rule("by_rank")
    assert renamed == Index("by_rank", ("order", "-order", 'abs("order")'), where='"order" > 0')


def test_two_names_change_places() -> None:
    assert with_names("a - b", {"a": "b", "b": "a"}) == "b - a"


def test_names_are_found_outside_of_texts() -> None:
    assert names_in('lower(a) = \'b\' and "c ""d" is null') == {"lower", "a", "and", 'c "d', "is", "null"}


def test_words_of_one_database_come_before_those_of_all() -> None:
    made = SQL("all", sqlite="of sqlite")
    assert [made.for_dialect(each) for each in ("sqlite", "postgresql")] == ["of sqlite", "all"]
