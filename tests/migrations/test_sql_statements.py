"""SQL of one's own, taken apart as PostgreSQL reads it: nothing that it runs may hide from `bistro db lint`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bistro.migrations.sql_rules import find_faults
from bistro.migrations.sql_statements import split_actions, split_statements

# Each is one text, name or comment of PostgreSQL (Lexical Structure, §4.1), which hides what is in it.
PIECES = {
    "'a; b'": "''",
    "'it''s; b'": "''",
    "'a\\'": "''",
    "E'it\\'s; b'": "''",
    "e'\\\\'": "''",
    "E'it''s \\'; b'": "''",
    "$$a; 'b$$": "''",
    "$x$a; $$ b$x$": "''",
    '"a; b"': '"A;_B"',
    '"a ""b"': '"A_""B"',
    '"a, (b"': '"A___B"',
    "/* a; ' b */": "",
    "/* a /* b; */ c; ' */": "",
    "-- a; ' b\n": "",
}


def faults(sql: str, *, new: set[str] = frozenset(), alone: bool = False) -> list[str]:
    return [code for code, *_ in find_faults(sql, alone=alone, new=set(new))]


@pytest.mark.parametrize("piece", PIECES)
def test_statement_ends_behind_what_only_looks_like_its_end(piece: str) -> None:
    said = split_statements(f"select {piece} ; drop table note")
    assert said == [f"SELECT {PIECES[piece]}".strip(), "DROP TABLE NOTE"]
    assert faults(f"select {piece} ; drop table note") == ["drop"]


@pytest.mark.parametrize("open_piece", ["'a", "E'a\\'", "$$a", '"a', "/* a /* b */", "-- a"])
def test_what_is_never_closed_hides_the_rest(open_piece: str) -> None:
    (statement,) = split_statements(f"select {open_piece} ; drop table note")
    assert statement.startswith("SELECT")
    assert "DROP" not in statement or open_piece == '"a'


@settings(max_examples=60)
@given(st.lists(st.sampled_from([*PIECES, ";", "note", "e", " "]), max_size=12))
def test_any_pieces_make_as_many_statements_as_semicolons_between_them(pieces: list[str]) -> None:
    statements = [" "]
    for piece in pieces:
        if piece == ";":
            statements.append(" ")
        else:
            statements[-1] += f"{PIECES.get(piece, piece.upper())} "
    plain = [" ".join(each.split()) for each in statements]
    assert split_statements(" ".join(pieces)) == [each for each in plain if each]


@pytest.mark.parametrize(
    ("statement", "actions"),
    [
        ("DROP TABLE A, B", ["DROP TABLE A, B"]),
        ("ALTER TABLE A ADD X INT", ["ALTER TABLE A ADD X INT"]),
        (
            "ALTER TABLE IF EXISTS ONLY A.B * ADD X NUMERIC(3, 2), DROP Y",
            ["ALTER TABLE A.B ADD X NUMERIC(3, 2)", "ALTER TABLE A.B DROP Y"],
        ),
        (
            "ALTER TABLE A ADD CHECK (X IN (1, 2)), ADD Y INT, DROP Z",
            ["ALTER TABLE A ADD CHECK (X IN (1, 2))", "ALTER TABLE A ADD Y INT", "ALTER TABLE A DROP Z"],
        ),
    ],
)
def test_each_action_of_an_alter_table_is_looked_at_by_itself(statement: str, actions: list[str]) -> None:
    assert split_actions(statement) == actions


@pytest.mark.parametrize("name", ["note", '"Note"', '"my note"', '"a, b"', '"a (b"', 'shop."my note"'])
def test_table_of_any_name_is_linted(name: str) -> None:
    assert faults(f"alter table {name} add x int, drop column y") == ["drop"]
    assert faults(f"alter table {name} rename to other") == ["rename"]
    assert faults(f"create table {name} (id int); alter table {name} drop column y") == []
    assert faults(f"update {name} set x = 1") == ["all-rows"]
    assert faults(f"update {name} set x = 1 where y") == []


def test_table_that_the_migration_makes_may_be_changed_whatever_its_name() -> None:
    assert faults('alter table "my note" drop x', new={"my note"}) == []
    assert faults('alter table "my other" drop x', new={"my note"}) == ["drop"]


def test_escaped_texts_and_comments_within_comments_are_read_in_linear_time(assert_linear) -> None:
    for piece in ("E'\\'", "/*", '"'):
        assert_linear(split_statements, lambda size, piece=piece: piece * (size // len(piece)))
