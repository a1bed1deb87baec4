"""The grammar of lists and parameters in headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.parameters import parse_parameters, split_outside_quotes


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a,b", ["a", "b"]),
        (",a,", ["", "a", ""]),
        ('"a,b",c', ['"a,b"', "c"]),
        ('a="b,c;d",e', ['a="b,c;d"', "e"]),
        (r'"a\",b",c', [r'"a\",b"', "c"]),
        (r'"a\\",c', [r'"a\\"', "c"]),
        (r'"a\\\",b",c', [r'"a\\\",b"', "c"]),
        (r'\"a,b",c', None),
        (r'"a\,b",c', [r'"a\,b"', "c"]),
        ('"a,b', None),
        ('a,"', None),
        (r'"a\"', None),
    ],
)
def test_list_is_split_outside_of_quotes(text, parts):
    assert split_outside_quotes(text, ",") == parts


@given(st.text(alphabet='a",\\; ', max_size=60))
def test_splitting_loses_nothing(text):
    parts = split_outside_quotes(text, ",")
    assert parts is None or ",".join(parts) == text


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a", ("a", {})),
        (" a ", ("a", {})),
        ("a;b=c", ("a", {"b": "c"})),
        ("a ; B = c ;\td=e", ("a", {"b": "c", "d": "e"})),
        ("a;;b=c;", ("a", {"b": "c"})),
        ('a;b="c d;e=f"', ("a", {"b": "c d;e=f"})),
        (r'a;b="c\"d\e"', ("a", {"b": 'c"de'})),
        ('a;b=""', ("a", {"b": ""})),
        ("a;b=", ("a", {"b": ""})),
        ("a;b", None),
        ("a;=c", None),
        ("a;b c=d", None),
        ("a;b=c;b=d", None),
        ("a;b=c;B=d", None),
        ('a;b="c', None),
        ('a;b="c"d', None),
        ('a;b=c"d"', None),
        ("a;" + ";".join(f"p{n}=1" for n in range(33)), None),
    ],
)
def test_parameters_are_read(text, result):
    assert parse_parameters(text) == result


def test_backslashes_stay_where_they_are_asked_to():
    text = r'a;b="C:\temp\"x\\y"'
    assert parse_parameters(text, keep_backslashes=True) == ("a", {"b": r'C:\temp"x\y'})


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_every_quoted_value_reads_back(value):
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_parameters(f'a; b="{quoted}"; c=d') == ("a", {"b": value, "c": "d"})


@given(st.text(alphabet='ab=";\\ ,\t', max_size=80))
def test_no_text_is_an_error(text):
    parsed = parse_parameters(text)
    assert parsed is None or all(name for name in parsed[1])
