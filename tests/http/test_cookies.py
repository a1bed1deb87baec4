"""Cookies, read and written."""

from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.cookies import make_delete_cookie, make_set_cookie, parse_cookies
from bistro.http.headers import HeaderValueError

OCTETS = [chr(c) for c in range(0x21, 0x7F) if chr(c) not in '",;\\']
TOKENS = [chr(c) for c in range(0x21, 0x7F) if chr(c) not in '()<>@,;:\\"/[]?={}']
COOKIE_NAMES = st.text(alphabet=TOKENS, min_size=1, max_size=20)
COOKIE_VALUES = st.text(alphabet=OCTETS, max_size=40)


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        (b"", {}),
        (b"a=1", {"a": "1"}),
        (b"a=1; b=2", {"a": "1", "b": "2"}),
        (b"a=1;b=2", {"a": "1", "b": "2"}),
        (b" a = 1 ;\tb = 2\t", {"a": "1", "b": "2"}),
        (b"a=b=c", {"a": "b=c"}),
        (b"a=", {"a": ""}),
        (b"a", {"a": ""}),
        (b"a=1; ; b=2;", {"a": "1", "b": "2"}),
        (b"a=x y", {"a": "x y"}),
        (b'a="x"', {"a": "x"}),
        (b'a="', {"a": '"'}),
        (b'a=""', {"a": ""}),
        (b'a="x', {"a": '"x'}),
        (b'a=x"y"', {"a": 'x"y"'}),
        (rb'a="say \"hi\" \\ now"', {"a": 'say "hi" \\ now'}),
        (rb'a="one\054 two\073 \303\274"', {"a": "one, two; \xc3\xbc"}),
        (rb'a="\9"', {"a": "9"}),
        (b'a="x\\"', {"a": "x\\"}),
        (b"a=\xfc", {"a": "ü"}),
        (b"$Version=1; a=2", {"$Version": "1", "a": "2"}),
    ],
)
def test_cookie_header_is_read(header, cookies):
    assert parse_cookies(header) == cookies


def test_text_is_read_as_well_as_bytes():
    assert parse_cookies("a=1; b=2") == {"a": "1", "b": "2"}


def test_first_of_equal_cookies_wins():
    assert parse_cookies(b"id=inner; id=outer") == {"id": "inner"}


def test_cookies_come_in_the_order_sent():
    assert list(parse_cookies(b"c=1; a=2; b=3")) == ["c", "a", "b"]


@pytest.mark.parametrize("value", ["one, two; three", 'say "hi"', "back\\slash", "tab\tbed"])
def test_value_quoted_by_the_standard_library_is_read_as_it_was(value):
    cookie = SimpleCookie()
    cookie["a"] = value
    assert parse_cookies(cookie.output(header="").strip().encode()) == {"a": value}


def test_plain_cookie_is_safe_by_default():
    assert make_set_cookie("id", "5") == "id=5; Path=/; HttpOnly; SameSite=Lax"


def test_every_attribute_is_written():
    line = make_set_cookie(
        "id",
        "5",
        max_age=60,
        expires=datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC),
        path="/shop",
        domain="example.com",
        secure=True,
        same_site="none",
        partitioned=True,
    )
    assert line == (
        "id=5; Max-Age=60; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Path=/shop; Domain=example.com; "
        "Secure; HttpOnly; SameSite=None; Partitioned"
    )


def test_age_may_be_a_timedelta():
    assert "Max-Age=1209600;" in make_set_cookie("id", "5", max_age=timedelta(days=14))


def test_cookie_for_scripts_and_other_sites_must_be_asked_for():
    assert make_set_cookie("id", "5", http_only=False, same_site=None) == "id=5; Path=/"


def test_expiry_without_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        make_set_cookie("id", "5", expires=datetime(2030, 1, 1))


def test_deleted_cookie_is_empty_and_over():
    assert make_delete_cookie("id", path="/shop") == "id=; Max-Age=0; Path=/shop; HttpOnly; SameSite=Lax"


def test_deleting_a_host_cookie_keeps_its_promises():
    assert make_delete_cookie("__Host-id", secure=True).startswith("__Host-id=; Max-Age=0; Path=/; Secure")


def test_cookie_is_deleted_with_every_attribute_that_it_was_set_with():
    # RFC 6265 §5.3: a browser replaces only the cookie of the same name, domain and path.
    options = {"path": "/shop", "domain": "example.com", "secure": True, "http_only": False,
               "same_site": "none", "partitioned": True}  # fmt: skip
    made = make_set_cookie("id", "", max_age=0, **options)
    assert make_delete_cookie("id", **options) == made
    assert {"Domain=example.com", "Path=/shop", "SameSite=None", "Secure"} <= set(made.split("; "))


@pytest.mark.parametrize("path", ["", "shop", "/a;b", "/a\r\nx: y", "/\x00", "/ü", "//a\x7f"])
def test_path_that_could_end_its_attribute_is_refused(path):
    with pytest.raises(HeaderValueError, match="path of the cookie id"):
        make_set_cookie("id", "5", path=path)


@pytest.mark.parametrize("domain", ["", "a;b", "a\r\nx", ".", "-a", "a-", "a b", "exämple.com", "a\n"])
def test_domain_that_is_no_plain_name_is_refused(domain):
    with pytest.raises(HeaderValueError, match="domain of the cookie id"):
        make_set_cookie("id", "5", domain=domain)


def test_other_blanks_than_space_and_tab_are_part_of_a_name():
    # Else a neighbour's `\xa0__Host-id` would be read as the protected cookie.
    assert parse_cookies(b'\xa0__Host-id=evil; __Host-id="own"; \x0b__Host-x=1') == {
        "\xa0__Host-id": "evil", "__Host-id": "own", "\x0b__Host-x": "1",
    }  # fmt: skip


def test_cookie_of_4096_bytes_is_sent():
    frame = len(make_set_cookie("id", ""))
    assert len(make_set_cookie("id", "a" * (4096 - frame))) == 4096


def test_cookie_longer_than_4096_bytes_is_refused_when_set():
    frame = len(make_set_cookie("id", ""))
    with pytest.raises(HeaderValueError, match="4097 bytes; browsers drop cookies over 4096"):
        make_set_cookie("id", "a" * (4097 - frame))


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"name": "__Host-id"}, "__Host- needs secure=True"),
        ({"name": "__Host-id", "secure": True, "path": "/a"}, '__Host- needs path="/"'),
        ({"name": "__Host-id", "secure": True, "domain": "example.com"}, "__Host- allows no domain"),
        ({"name": "__host-id"}, "__Host- needs secure=True"),
        ({"name": "__Secure-id"}, "__Secure- needs secure=True"),
        ({"name": "__SECURE-id"}, "__Secure- needs secure=True"),
        ({"name": "id", "same_site": "none"}, 'same_site="none" needs secure=True'),
        ({"name": "id", "partitioned": True}, "partitioned=True needs secure=True"),
        ({"name": "id", "same_site": "Lax"}, "same_site can't be 'Lax'"),
    ],
)
def test_cookie_that_browsers_would_drop_is_refused(options, fault):
    with pytest.raises(HeaderValueError, match=fault):
        make_set_cookie(**{"value": "5", **options})


def test_all_faults_of_a_cookie_are_told_at_once():
    with pytest.raises(HeaderValueError) as caught:
        make_set_cookie("__Host-id", "5", path="/a", same_site="none")
    assert str(caught.value).count(";") == 2


@pytest.mark.parametrize("name", ["__Host-id", "__Secure-id"])
def test_protected_cookie_that_keeps_its_promises_is_set(name):
    assert make_set_cookie(name, "5", secure=True).startswith(f"{name}=5; Path=/; Secure")


@given(st.dictionaries(COOKIE_NAMES, COOKIE_VALUES, max_size=20))
def test_every_cookie_that_can_be_set_reads_back(cookies):
    pairs = [make_set_cookie(name, value, secure=True).split("; ")[0] for name, value in cookies.items()]
    assert parse_cookies("; ".join(pairs).encode()) == cookies


@given(st.binary(max_size=300))
def test_no_header_is_an_error_below_the_limits(header):
    cookies = parse_cookies(header, count_max=1000)
    assert all(cookies), "a cookie without a name was kept"
