"""ETags and conditions: the order of RFC 9110 §13.2.2."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.conditional import evaluate_preconditions, is_range_current, make_etag, parse_etags
from bistro.http.dates import format_http_date

MODIFIED = datetime(2026, 11, 22, 12, 0, 0, 500_000, tzinfo=UTC)
SAME = format_http_date(MODIFIED)
EARLIER = format_http_date(MODIFIED - timedelta(days=1))
LATER = format_http_date(MODIFIED + timedelta(days=1))


def evaluate(method="GET", *, etag='"a"', last_modified=MODIFIED, exists=True, **headers):
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return evaluate_preconditions(method, sent.get, etag=etag, last_modified=last_modified, exists=exists)


def test_etag_is_quoted_and_the_same_for_the_same_bytes():
    assert make_etag(b"a") == make_etag(b"a") != make_etag(b"b")
    assert parse_etags(make_etag(b"a")) == [make_etag(b"a")]


def test_weak_etag_is_marked():
    assert make_etag(b"a", weak=True) == f"W/{make_etag(b'a')}"


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ('"a"', ['"a"']),
        ('"a", W/"b" ,"c"', ['"a"', 'W/"b"', '"c"']),
        (',, "a",, ,"b",', ['"a"', '"b"']),
        ('"a,b", "c"', ['"a,b"', '"c"']),
        ('""', ['""']),
        ('"xyz\xe9"', ['"xyz\xe9"']),
        ("", []),
        ("a", []),
        ('"a" "b"', []),
        ('"a", b, "c"', ['"a"']),
        ('w/"a"', []),
        ('"a', []),
        ('"a b"', []),
    ],
)
def test_tags_are_read_up_to_the_first_malformed_one(header, tags):
    assert parse_etags(header) == tags


def test_no_more_than_100_tags_are_read():
    assert len(parse_etags(", ".join(['"a"'] * 1000))) == 100


def test_request_without_conditions_goes_on():
    assert evaluate() is None


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        # If-None-Match compares weakly (§13.1.2).
        ("GET", {"if_none_match": '"a"'}, 304),
        ("HEAD", {"if_none_match": '"a"'}, 304),
        ("GET", {"if_none_match": 'W/"a"'}, 304),
        ("GET", {"if_none_match": '"x", "a"'}, 304),
        ("GET", {"if_none_match": "*"}, 304),
        ("GET", {"if_none_match": '"x"'}, None),
        ("GET", {"if_none_match": "a"}, None),
        ("PUT", {"if_none_match": '"a"'}, 412),
        ("POST", {"if_none_match": "*"}, 412),
        ("PUT", {"if_none_match": '"x"'}, None),
        # If-Match compares strongly (§13.1.1).
        ("PUT", {"if_match": '"a"'}, None),
        ("PUT", {"if_match": "*"}, None),
        ("PUT", {"if_match": '"x", "a"'}, None),
        ("PUT", {"if_match": '"x"'}, 412),
        ("PUT", {"if_match": 'W/"a"'}, 412),
        ("GET", {"if_match": '"x"'}, 412),
        ("PUT", {"if_match": "nonsense"}, 412),
        # Dates, to the second (§13.1.3, §13.1.4).
        ("GET", {"if_modified_since": SAME}, 304),
        ("GET", {"if_modified_since": LATER}, 304),
        ("GET", {"if_modified_since": EARLIER}, None),
        ("GET", {"if_modified_since": "yesterday"}, None),
        ("POST", {"if_modified_since": LATER}, None),
        ("PUT", {"if_unmodified_since": SAME}, None),
        ("PUT", {"if_unmodified_since": LATER}, None),
        ("PUT", {"if_unmodified_since": EARLIER}, 412),
        ("PUT", {"if_unmodified_since": "yesterday"}, None),
        # Tags go before dates, and what forbids goes before what saves work.
        ("GET", {"if_none_match": '"x"', "if_modified_since": LATER}, None),
        ("GET", {"if_none_match": '"a"', "if_modified_since": EARLIER}, 304),
        ("PUT", {"if_match": '"a"', "if_unmodified_since": EARLIER}, None),
        ("GET", {"if_match": '"x"', "if_none_match": '"a"'}, 412),
        ("GET", {"if_match": '"a"', "if_none_match": '"a"'}, 304),
        ("GET", {"if_unmodified_since": EARLIER, "if_modified_since": LATER}, 412),
    ],
)
def test_conditions_are_evaluated_in_the_order_of_the_standard(method, headers, status):
    assert evaluate(method, **headers) == status


def test_weak_tag_of_the_site_answers_304():
    assert evaluate(etag='W/"a"', if_none_match='"a"') == 304


def test_weak_tag_of_the_site_never_matches_strongly():
    assert evaluate("PUT", etag='W/"a"', if_match='W/"a"') == 412


def test_create_only_passes_where_nothing_is_yet():
    assert evaluate("PUT", exists=False, etag=None, last_modified=None, if_none_match="*") is None


def test_update_only_fails_where_nothing_is_yet():
    assert evaluate("PUT", exists=False, etag=None, last_modified=None, if_match="*") == 412


def test_tags_are_ignored_by_a_site_without_tags():
    assert evaluate(etag=None, if_none_match='"a"') is None


def test_dates_are_ignored_by_a_site_without_dates():
    assert evaluate(last_modified=None, if_modified_since=LATER) is None
    assert evaluate("PUT", last_modified=None, if_unmodified_since=EARLIER) is None


@pytest.mark.parametrize(
    ("if_range", "current"),
    [
        (None, True),
        ('"a"', True),
        ('"x"', False),
        ('W/"a"', False),
        (SAME, True),
        (LATER, False),
        (EARLIER, False),
        ("nonsense", False),
        ("", False),
        ('"a", "b"', False),
    ],
)
def test_range_is_current_only_for_the_same_bytes(if_range, current):
    assert is_range_current(if_range, etag='"a"', last_modified=MODIFIED) is current


def test_range_is_never_current_by_a_weak_tag():
    assert not is_range_current('W/"a"', etag='W/"a"', last_modified=None)


@given(st.text(alphabet='W/"a,* \t', max_size=40), st.sampled_from(["GET", "PUT"]))
def test_no_condition_is_an_error(header, method):
    assert evaluate(method, if_match=header, if_none_match=header) in (None, 304, 412)
    is_range_current(header, etag='"a"', last_modified=MODIFIED)
