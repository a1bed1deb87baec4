"""`.env` files: what they say, and where they can't be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.ground.env_file import parse_env_file

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_characters="\0\r"), max_size=40)


def values_of(text: str) -> dict[str, str]:
    read = parse_env_file(text)
    assert read.faults == []
    return {name: entry.value for name, entry in read.values.items()}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=1", "1"),
        ("A = 1  ", "1"),
        ("  A=1", "1"),
        ("export A=1", "1"),
        ("export\tA=1", "1"),
        ("A=", ""),
        ("A=   ", ""),
        ("A=two words", "two words"),
        ("A=x # comment", "x"),
        ("A=x\t# comment", "x"),
        ("A=#fff", ""),
        ("A=x#fff", "x#fff"),
        ("A='#fff'", "#fff"),
        ("A='x' # comment", "x"),
        ("A='$HOME and \\n'", "$HOME and \\n"),
        ('A="a\\nb\\t\\"c\\" \\\\ \\$"', 'a\nb\t"c" \\ $'),
        ('A="# no comment"', "# no comment"),
        ("A='two\nlines'", "two\nlines"),
        ("A=it's", "it's"),
        ("A=a=b==", "a=b=="),
        ("A=$HOME", "$HOME"),
        ("A=`ls`", "`ls`"),
        ("\ufeffA=1", "1"),
        ("A=1\r\n", "1"),
        ("A=1\nA=2", "2"),
        ("A=grün", "grün"),
    ],
)
def test_value_of_a_line(text: str, value: str):
    assert values_of(text) == {"A": value}


def test_comments_and_blank_lines_say_nothing():
    assert values_of("\n# a comment\n   \n  # A=1\n\n") == {}


def test_each_value_knows_its_line_also_after_a_value_of_several_lines():
    read = parse_env_file("# head\nA='x\ny'\n\nB=1\n")

    assert {name: entry.line for name, entry in read.values.items()} == {"A": 2, "B": 5}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("A=1\nhello", 2, "there is no = on this line"),
        ("1A=3", 1, "this is not NAME=value"),
        ("=3", 1, "this is not NAME=value"),
        ("A-B=3", 1, "this is not NAME=value"),
        ("export A", 1, "there is no = on this line"),
        ("A='x", 1, "the quote that opens the value of A is never closed"),
        ('A="x\\"', 1, "the quote that opens the value of A is never closed"),
        ("A='x'y", 1, "something stands behind the closing quote of A"),
        ("A=a\0b", 1, "A holds a NUL character"),
    ],
)
def test_line_that_cannot_be_read_is_named_with_the_reason(text: str, line: int, message: str):
    (fault,) = parse_env_file(text).faults

    assert (fault.line, fault.message) == (line, message)


def test_every_fault_is_told_and_the_good_lines_are_read():
    read = parse_env_file("bad\nA=1\nworse\nB=2")

    assert [fault.line for fault in read.faults] == [1, 3]
    assert {name: entry.value for name, entry in read.values.items()} == {"A": "1", "B": "2"}


def test_fault_never_shows_what_stands_on_the_line():
    read = parse_env_file("hunter2\nPASSWORD='hunter2' x\nX-Y=hunter2\nPASSWORD='hunter2")

    assert len(read.faults) == 4
    assert "hunter2" not in str(read.faults)


def test_file_without_end_is_refused_unread():
    read = parse_env_file("A=1\n" * 500_000)

    assert read.values == {}
    assert len(read.faults) == 1


@given(st.dictionaries(NAMES, TEXTS, max_size=5))
def test_double_quoted_values_of_any_text_come_back(values: dict[str, str]):
    def quote(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    text = "\n".join(f"{name}={quote(value)}" for name, value in values.items())

    assert values_of(text) == values


@given(st.dictionaries(NAMES, TEXTS.filter(lambda value: "'" not in value), max_size=5))
def test_single_quoted_values_come_back_as_they_are(values: dict[str, str]):
    assert values_of("\n".join(f"{name}='{value}'" for name, value in values.items())) == values


@given(st.text(max_size=200))
def test_any_text_can_be_parsed_and_lines_are_counted_right(text: str):
    read = parse_env_file(text)
    lines = text.count("\n") + 1

    assert all(1 <= fault.line <= lines for fault in read.faults)
    assert all(1 <= entry.line <= lines for entry in read.values.values())


@given(st.lists(st.sampled_from(["A=1", "B='x'", 'C="y"', "# c", "", "bad", "D='open"]), max_size=8))
def test_a_faulty_line_does_not_hide_the_lines_after_it(lines: list[str]):
    read = parse_env_file("\n".join([*lines, "LAST=1"]))

    # An open quote takes what follows only if another line closes it.
    if lines.count("D='open") == 0:
        assert "LAST" in read.values
        assert len(read.faults) == lines.count("bad")


@pytest.mark.parametrize(
    "unit",
    [
        "A=1\n", "A='", 'A="', "A='\n", 'A="\n', 'A="\\', 'A="\\"\n', "A=\"'", "export ", "export A", " ", "\t", "#",
        "A= #", "A='x' ", "=", "\\", "'", '"', "a", "\n", "A=\"x\" '", "A= \t", "\r\n", "\r",
    ],
)  # fmt: skip
def test_parsing_is_linear(unit: str, assert_linear):
    assert_linear(parse_env_file, lambda n: (unit * n)[:n])
