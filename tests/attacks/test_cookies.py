"""Attacks with cookies (security.md, rows 27, 29, 30, 31)."""

import pytest

from bistro.http.cookies import make_set_cookie, parse_cookies
from bistro.http.errors import BadRequest
from bistro.http.headers import HeaderValueError


@pytest.mark.parametrize(
    "header", [b"=__Host-a=evil", b" =__Host-a=evil", b"\t=\t__Host-a=evil", b"a=1; =__Secure-b=evil"]
)
def test_nameless_cookie_never_becomes_a_protected_one(header):
    # CVE-2023-23934: browsers send `=__Host-a=evil` for a cookie whose *value* is `__Host-a=evil`.
    assert not [name for name in parse_cookies(header) if name.lower().startswith(("__host-", "__secure-"))]


@pytest.mark.parametrize("blank", ["\u00a0", "\u0085", "\x0b", "\x0c", "\x1c", "\x1f"])
def test_blank_that_only_python_strips_does_not_make_a_protected_name(blank):
    # Browsers let scripts set `<U+00A0>__Host-a`, for them it has no prefix; `str.strip` would give it one.
    assert parse_cookies(f"{blank}__Host-a=evil") == {f"{blank}__Host-a": "evil"}


def test_cookie_set_for_a_longer_path_is_not_overridden_by_a_later_one():
    assert parse_cookies(b"session=mine; session=tossed")["session"] == "mine"


def test_legacy_attributes_are_plain_cookies():
    # RFC 2109 readers let `$Version` change how the rest is quoted, which hides cookies from filters.
    assert parse_cookies(b'$Version=1; a="b; admin=1"') == {"$Version": "1", "a": '"b', "admin": '1"'}


def test_quote_cannot_swallow_the_cookies_behind_it():
    assert parse_cookies(b'theme="; session=abc; x="')["session"] == "abc"


def test_escaped_line_break_in_a_quoted_value_stays_a_value():
    cookies = parse_cookies(rb'a="\015\012Set-Cookie: b=1"')
    with pytest.raises(HeaderValueError):
        make_set_cookie("a", cookies["a"])


def test_fifty_cookies_are_read():
    assert len(parse_cookies("; ".join(f"c{n}=1" for n in range(50)))) == 50


def test_fifty_first_cookie_is_refused():
    with pytest.raises(BadRequest, match="more than 50 cookies"):
        parse_cookies("; ".join(f"c{n}=1" for n in range(51)))


def test_more_than_8_kib_of_cookies_are_refused():
    assert parse_cookies(b"a=" + b"b" * 8190)
    with pytest.raises(BadRequest, match="over 8192 bytes"):
        parse_cookies(b"a=" + b"b" * 8191)


def test_30_kb_of_quoted_escapes_take_no_time(assert_linear):
    # CVE-2024-52804, CVE-2024-7592.
    assert_linear(
        lambda header: parse_cookies(header, size_max=10**6),
        lambda size: b'a="' + b"\\000" * (size // 4) + b'"',
    )


INJECTIONS = [
    "x; Domain=evil.example", "x;Secure", "x\r\nSet-Cookie: admin=1", "x\n", "\rx", "x\0", "x, y=1", 'x"', "x y", "x\ty",
    "x\\", "x\x7f", "x\u00a0", "ä", "x\u2028", "x\ud800", "x\x1b[0m",
]  # fmt: skip


@pytest.mark.parametrize("text", INJECTIONS)
def test_value_cannot_add_an_attribute_or_a_header(text):
    # CVE-2026-35536.
    with pytest.raises(HeaderValueError, match="can't hold"):
        make_set_cookie("a", text)


@pytest.mark.parametrize("text", [*INJECTIONS, "", "a=b", "(a)", "a/b", "@", "[x]"])
def test_name_cannot_add_an_attribute_or_a_header(text):
    with pytest.raises(HeaderValueError, match="can't be the name"):
        make_set_cookie(text, "1")


@pytest.mark.parametrize("text", ["/; Domain=evil", "/\r\nX: 1", "/a;b", "", "evil", "/\0", "/ä", "/a\n"])
def test_path_cannot_add_an_attribute_or_a_header(text):
    with pytest.raises(HeaderValueError, match="can't be the path"):
        make_set_cookie("a", "1", path=text)


@pytest.mark.parametrize(
    "text",
    ["x; Secure", "x\r\nX: 1", "", "a b", "a,b", "-a", "a-", "ä.example", "a\n", "[::1]", ".example.com"],
)
def test_domain_cannot_add_an_attribute_or_a_header(text):
    with pytest.raises(HeaderValueError, match="can't be the domain"):
        make_set_cookie("a", "1", domain=text)


@pytest.mark.parametrize("text", ["lax; Domain=evil", "LAX", "", "lax\r\nX: 1"])
def test_same_site_cannot_add_an_attribute_or_a_header(text):
    with pytest.raises(HeaderValueError, match="same_site can't be"):
        make_set_cookie("a", "1", same_site=text)


def test_refusal_does_not_repeat_the_value_which_may_be_a_secret():
    with pytest.raises(HeaderValueError) as caught:
        make_set_cookie("session", "secret-token;")
    assert "secret-token" not in str(caught.value)
