"""Paths made to mislead: traversal, open redirects, huge numbers, newlines, decoders."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.errors import BadRequest
from tests.routing.support import ask, find, found_name, make_table
from tests.timing import is_within

ITEMS = make_table("/", "/items", "/items/{id:int}", "/files/{rest:path}")


@pytest.mark.parametrize(
    "path",
    [
        "/files/../etc/passwd",
        "/files/%2e%2e/etc/passwd",
        "/files/%2E%2E%2Fetc%2Fpasswd",
        "/files/..%2fetc/passwd",
        "/files//etc/passwd",
        "/files/%2fetc/passwd",
        "/files/a%2Fb",
        "/files/a/../b",
        "/files/./b",
        "/files/a/..",
        "/items/..",
        "/items/%2e",
        "/./items",
        "/%2e%2e/items",
        "//items",
        "/items%2F5",
        "/items/%2F5",
    ],
)
def test_dot_segments_and_encoded_slashes_lead_nowhere(path: str) -> None:
    assert find(ITEMS, path) is None


@pytest.mark.parametrize(
    "path",
    [
        "/items/%00",
        "/files/a%00.txt",
        "/items/%",
        "/items/%4",
        "/items/%zz",
        "/items/%ff",
        "/files/%c3%28",
        "/%C0%AE%C0%AE/",
        "/files/%ed%a0%80",
        "/items/%u0031",
    ],
)
def test_what_does_not_decode_is_a_bad_request(path: str) -> None:
    with pytest.raises(BadRequest):
        find(ITEMS, path)


@pytest.mark.parametrize(
    "path",
    [
        "/items/1%0a",
        "/items/%0a1",
        "/items/1%0d",
        "/items/1%20",
        "/items/%201",
        "/items/%d9%a1",
        "/items/%C2%B2",
        "/items/+1",
        "/items/1_0",
    ],
)
def test_only_plain_digits_are_an_int(path: str) -> None:
    assert find(ITEMS, path) is None


@pytest.mark.parametrize("digits", [19, 20, 30, 5000, 100_000])
def test_an_int_of_any_length_is_no_error(digits: int) -> None:
    assert find(ITEMS, "/items/" + "9" * digits) is None


def test_the_longest_int_is_found() -> None:
    assert find(ITEMS, "/items/9223372036854775807") == ("/items/{id:int}", (2**63 - 1,))


def test_escapes_are_decoded_once() -> None:
    assert find(make_table("/{x}"), "/%252e%252e") == ("/{x}", ("%2e%2e",))
    assert find(make_table("/{x}"), "/%252Fa") == ("/{x}", ("%2Fa",))


def test_an_encoded_slash_stays_in_its_segment() -> None:
    table = make_table("/{x}", "/a/b", "/{x}/{y}")
    assert find(table, "/a%2Fb") == ("/{x}", ("a/b",))
    assert find(table, "/a%2fb/c") == ("/{x}/{y}", ("a/b", "c"))


@pytest.mark.parametrize("path", ["/%69tems/5", "/items/%35", "/%69%74%65%6d%73/5"])
def test_needless_escapes_make_no_difference(path: str) -> None:
    assert find(ITEMS, path) == ("/items/{id:int}", (5,))


@pytest.mark.parametrize("path", ["/caf%C3%A9", "/caf%c3%a9", "/%63af%c3%a9"])
def test_a_fixed_path_is_found_in_every_way_of_writing_it(path: str) -> None:
    assert found_name(make_table("/café"), path) == "/café"


@pytest.mark.parametrize("path", ["/it's", "/it%27s", "/i%74's"])
def test_a_fixed_path_with_a_sign_that_needs_no_escape_is_found(path: str) -> None:
    assert found_name(make_table("/it's"), path) == "/it's"


def test_a_fixed_path_with_a_percent_sign_is_found_only_escaped() -> None:
    table = make_table("/100%")
    assert found_name(table, "/100%25") == "/100%"
    with pytest.raises(BadRequest):
        found_name(table, "/100%")


def test_a_name_that_only_begins_with_a_dot_is_found() -> None:
    assert find(make_table("/.well-known/{x}"), "/.well-known/.a") == ("/.well-known/{x}", (".a",))


@pytest.mark.timed
@pytest.mark.parametrize("piece", ["%ff", "%41", "%2F", "%e2%82%ac", "/%41", "/", "a/", "/.", "%", "%25"])
def test_100_kb_of_anything_takes_at_most_50_ms(piece: str) -> None:
    table = make_table("/a/{x}/b/{y}", "/{x}", "/{x}/{y}", "/f/{rest:path}", "/{rest:path}")
    path = "/" + piece * (100_000 // len(piece))
    seconds = []
    for _ in range(3):
        start = time.thread_time()
        try:
            find(table, path)
            table.explain_miss("PATCH", path, ask())
        except BadRequest:
            pass
        seconds.append(time.thread_time() - start)
    assert is_within(min(seconds), 0.05)


@given(st.text(alphabet=st.sampled_from("/%.2fFeE05aA\\~-"), max_size=30))
def test_any_path_is_found_missed_or_a_bad_request(text: str) -> None:
    try:
        find(ITEMS, "/" + text)
        ITEMS.explain_miss("PUT", "/" + text, ask())
    except BadRequest:
        pass
