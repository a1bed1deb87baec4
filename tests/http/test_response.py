"""Headers of answers that are set and asked for without making all of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http import DefaultHeaders, HeaderValueError, Response

BLOCK = b"content-type: text/plain\r\ncache-control: public, max-age=60\r\n"
NAMES = ["vary", "cache-control"]
VALUES = ["no-store", "public", "private, max-age=3", "s-maxage=9", "cookie", "*", "Accept, cookie"]
pairs = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=4)


def prepared() -> Response:
    return Response.prepared(200, BLOCK, b"")


@pytest.mark.parametrize("touch", [lambda response: None, lambda response: response.headers])
def test_a_header_is_known_wherever_it_was_set(touch: Callable[[Response], object]) -> None:
    response = prepared()
    response.add_header("X-Shop", "tea")
    touch(response)
    assert response.has_header("Content-Type")
    assert response.has_header("Cache-Control")
    assert response.has_header("x-shop")
    assert not response.has_header("vary")
    assert not response.has_header("plain")
    assert not response.has_header("type")


def test_nobody_can_end_the_line_of_a_header_by_what_an_answer_varies_on() -> None:
    with pytest.raises(HeaderValueError):
        Response().vary("cookie\r\nset-cookie: a=b")


def test_an_answer_that_was_made_public_is_kept_private_whatever_is_added_to_it() -> None:
    response = prepared()
    response.add_header("cache-control", "no-store")
    response.keep_private()
    assert b"public" not in response.header_block(DefaultHeaders())


@given(st.booleans(), pairs)
def test_an_answer_has_the_same_headers_whether_all_were_made_before_or_not(
    is_prepared: bool, added: list[tuple[str, str]]
) -> None:
    early, late = [prepared() if is_prepared else Response() for _ in range(2)]
    assert early.headers is not None
    for response in (early, late):
        for name, value in added:
            response.add_header(name, value)
        response.vary("Cookie")
        response.keep_private()
    assert late.header_block(DefaultHeaders({"vary": "accept"})) == early.header_block(
        DefaultHeaders({"vary": "accept"})
    )
    assert "public" not in late.headers["cache-control"]
