"""Headers of requests and of responses."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.headers import Headers, HeaderValueError, ResponseHeaders, check_header, encode_headers

NAMES = st.text(alphabet=string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1, max_size=20)
VALUES = st.text(alphabet=[chr(c) for c in [9, *range(0x20, 0x7F), *range(0x80, 0x100)]], max_size=40)


@pytest.fixture
def headers() -> Headers:
    return Headers([(b"host", b"example.com"), (b"x-tag", b"a"), (b"x-tag", b"b"), (b"x-name", b"Andr\xe9")])


def test_header_is_found_whatever_the_case(headers):
    assert headers["Host"] == headers["HOST"] == headers["host"] == "example.com"


def test_first_of_equal_headers_is_given(headers):
    assert headers["x-tag"] == "a"


def test_all_of_equal_headers_are_given_in_order(headers):
    assert headers.get_all("X-Tag") == ["a", "b"]


def test_equal_headers_can_be_joined_to_one_list(headers):
    assert headers.find_joined("x-tag") == "a, b"


def test_header_that_is_missing_joins_to_none(headers):
    assert headers.find_joined("accept") is None


def test_value_is_read_as_latin_1(headers):
    assert headers["x-name"] == "André"


def test_missing_header_raises_key_error(headers):
    with pytest.raises(KeyError):
        headers["accept"]


def test_missing_header_gives_the_default(headers):
    assert headers.get("accept", "*/*") == "*/*"


def test_name_that_no_header_can_have_is_just_missing(headers):
    assert headers.get("höst") is None
    assert "höst" not in headers


def test_kelvin_sign_is_no_letter_k():
    assert Headers([(b"x-k", b"1")]).get("x-\u212a") is None


def test_membership_asks_for_names_in_any_case(headers):
    assert "X-TAG" in headers
    assert 5 not in headers


def test_iteration_and_length_count_names_once(headers):
    assert list(headers) == ["host", "x-tag", "x-name"]
    assert len(headers) == 3


def test_items_give_the_first_and_multi_items_all(headers):
    assert dict(headers.items())["x-tag"] == "a"
    assert headers.multi_items().count(("x-tag", "b")) == 1


def test_repr_shows_names_but_no_secrets():
    assert repr(Headers([(b"authorization", b"Bearer abc")])) == "Headers(authorization)"


def test_name_with_underscore_is_another_name():
    # CVE-2015-0219: X_Forwarded_Host must not pass for X-Forwarded-Host.
    assert Headers([(b"x_forwarded_host", b"evil")]).get("x-forwarded-host") is None


def test_setting_a_response_header_replaces_all_of_its_name():
    headers = ResponseHeaders([("x-a", "1"), ("x-b", "2"), ("X-A", "3")])
    headers["X-A"] = "4"
    assert headers.multi_items() == [("x-a", "4"), ("x-b", "2")]


def test_adding_a_response_header_keeps_what_is_there():
    headers = ResponseHeaders({"set-cookie": "a=1"})
    headers.add("Set-Cookie", "b=2")
    assert headers.get_all("set-cookie") == ["a=1", "b=2"]


def test_response_header_is_read_whatever_the_case():
    headers = ResponseHeaders({"ETag": '"1"'})
    assert headers["etag"] == headers["ETAG"] == '"1"'
    assert headers.get("x-missing") is None


def test_setdefault_keeps_the_present_value():
    headers = ResponseHeaders({"x-a": "1"})
    assert headers.setdefault("X-A", "2") == "1"
    assert headers.setdefault("x-b", "3") == "3"


def test_removing_takes_every_value_and_tells_whether_there_was_one():
    headers = ResponseHeaders([("x-a", "1"), ("x-a", "2")])
    assert headers.remove("X-A") is True
    assert headers.remove("X-A") is False
    assert len(headers) == 0


def test_deleting_a_missing_response_header_raises_key_error():
    with pytest.raises(KeyError):
        del ResponseHeaders()["x-a"]


def test_deleting_takes_a_header_away():
    headers = ResponseHeaders({"x-a": "1"})
    del headers["X-A"]
    assert "x-a" not in headers


def test_copy_is_changed_apart():
    headers = ResponseHeaders({"x-a": "1"})
    twin = headers.copy()
    twin["x-a"] = "2"
    assert headers["x-a"] == "1"


def test_response_headers_made_of_others_keep_every_cookie():
    first = ResponseHeaders([("set-cookie", "a=1"), ("set-cookie", "b=2")])
    assert ResponseHeaders(first).get_all("set-cookie") == ["a=1", "b=2"]


def test_names_are_iterated_once():
    headers = ResponseHeaders([("x-a", "1"), ("x-a", "2"), ("x-b", "3")])
    assert list(headers) == ["x-a", "x-b"]
    assert len(headers) == 2


def test_block_has_one_complete_line_for_each_header():
    headers = ResponseHeaders([("Content-Type", "text/html"), ("x-name", "André")])
    assert headers.to_block() == b"content-type: text/html\r\nx-name: Andr\xe9\r\n"


def test_empty_headers_make_an_empty_block():
    assert ResponseHeaders().to_block() == b""


def test_response_repr_shows_names_only():
    assert repr(ResponseHeaders({"set-cookie": "id=secret"})) == "ResponseHeaders(set-cookie)"


def test_vary_collects_names_once_each():
    headers = ResponseHeaders({"Vary": "Accept, Cookie"})
    headers.vary("cookie", "Origin")
    assert headers["vary"] == "accept, cookie, origin"


def test_vary_merges_several_lines_into_one():
    headers = ResponseHeaders([("vary", "Accept"), ("vary", "Cookie")])
    headers.vary("Origin")
    assert headers.get_all("vary") == ["accept, cookie, origin"]


def test_vary_on_everything_stays():
    headers = ResponseHeaders({"vary": "*"})
    headers.vary("cookie")
    assert headers["vary"] == "*"


def test_vary_on_everything_swallows_the_rest():
    headers = ResponseHeaders({"vary": "cookie"})
    headers.vary("*")
    assert headers["vary"] == "*"


def test_checked_name_comes_back_in_lower_case():
    assert check_header("X-Frame-Options", "DENY") == "x-frame-options"


@pytest.mark.parametrize("name", ["", " ", "a b", "a:b", "a\r\nb", "ä", "a\0", "(a)", "a/b", "content-type "])
def test_name_that_is_no_token_is_refused(name):
    with pytest.raises(HeaderValueError, match="can't be the name of a header"):
        check_header(name, "x")


def test_value_outside_of_latin_1_is_refused_with_a_hint():
    with pytest.raises(HeaderValueError, match="Encode the value"):
        check_header("x-price", "5 €")


def test_tab_and_letters_of_latin_1_are_allowed_in_values():
    assert check_header("x-a", "a\tb é ÿ") == "x-a"


def test_refusal_of_a_huge_value_is_short():
    with pytest.raises(HeaderValueError) as caught:
        check_header("x-a", "a" * 100_000 + "\n")
    assert len(str(caught.value)) < 300


def test_encoded_headers_are_lines_for_the_exchange():
    assert encode_headers({"X-A": "1", "x-b": "2"}) == b"x-a: 1\r\nx-b: 2\r\n"


def test_encoded_headers_take_pairs_too():
    assert encode_headers([("x-a", "1"), ("x-a", "2")]) == b"x-a: 1\r\nx-a: 2\r\n"


@given(st.lists(st.tuples(NAMES, VALUES), max_size=20))
def test_every_block_reads_back_to_what_was_added(pairs):
    headers = ResponseHeaders()
    for name, value in pairs:
        headers.add(name, value)
    lines = headers.to_block().split(b"\r\n")
    assert lines.pop() == b""
    read = [tuple(line.decode("latin-1").split(": ", 1)) for line in lines]
    assert read == [(name.lower(), value) for name, value in pairs]


@given(NAMES, st.lists(VALUES, min_size=1, max_size=5))
def test_request_headers_give_back_all_values(name, values):
    pairs = [(name.lower().encode(), value.encode("latin-1")) for value in values]
    headers = Headers(pairs)
    assert headers[name] == values[0]
    assert headers.get_all(name) == values
