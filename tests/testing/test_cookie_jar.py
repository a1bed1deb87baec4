from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.url import Url
from bistro.testing import Cookie, CookieJar, FakeClock

HERE = Url("https", "shop.example", None, "/a/b")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def jar(clock):
    return CookieJar("shop.example", clock)


def sent(jar: CookieJar, url: Url = HERE) -> str:
    return jar.find_header(url)


def test_cookie_without_a_domain_goes_to_its_host_only(jar):
    jar.add("a=1; Path=/", HERE)
    assert sent(jar) == "a=1"
    assert sent(jar, Url("https", "www.shop.example")) == ""


def test_cookie_with_a_domain_goes_to_subdomains(jar):
    jar.add("a=1; Path=/; Domain=.shop.example", HERE)
    assert sent(jar, Url("https", "www.shop.example")) == "a=1"
    assert sent(jar, Url("https", "notshop.example")) == ""


@pytest.mark.parametrize("domain", ["evil.example", "www.shop.example", "op.example"])
def test_cookie_for_another_domain_is_dropped(jar, domain):
    jar.add(f"a=1; Domain={domain}", HERE)
    assert len(jar) == 0


@pytest.mark.parametrize(
    ("cookie_path", "request_path", "fits"),
    [
        ("/docs", "/docs", True),
        ("/docs", "/docs/x", True),
        ("/docs/", "/docs/x", True),
        ("/docs", "/docsets", False),
        ("/docs", "/", False),
        ("/", "/anything", True),
    ],
)
def test_path_decides_where_a_cookie_is_sent(jar, cookie_path, request_path, fits):
    jar.add(f"a=1; Path={cookie_path}", HERE)
    assert (sent(jar, Url("https", "shop.example", None, request_path)) == "a=1") is fits


def test_path_is_that_of_the_page_where_none_is_told(jar):
    jar.add("a=1", HERE)
    assert jar.get_cookie("a").path == "/a"


def test_longer_path_is_sent_first(jar):
    jar.add("a=outer; Path=/", HERE)
    jar.add("a=inner; Path=/a", HERE)
    assert sent(jar) == "a=inner; a=outer"


def test_secure_cookie_is_sent_where_the_connection_is_secure(jar):
    jar.add("a=1; Path=/; Secure", HERE)
    assert sent(jar) == "a=1"
    assert sent(jar, Url("http", "shop.example")) == ""


def test_secure_cookie_from_an_insecure_page_is_dropped(jar):
    jar.add("a=1; Secure", Url("http", "shop.example"))
    assert len(jar) == 0


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "shop.localhost", "[::1]"])
def test_loopback_is_secure_without_tls_as_in_browsers(clock, host):
    jar = CookieJar(host, clock)
    jar.add("__Host-a=1; Path=/; Secure", Url("http", host))
    assert sent(jar, Url("http", host)) == "__Host-a=1"


@pytest.mark.parametrize(
    "text",
    [
        "__Host-a=1; Path=/",
        "__Host-a=1; Secure; Path=/x",
        "__Host-a=1; Secure; Path=/; Domain=shop.example",
        "__Secure-a=1; Path=/",
        "__host-a=1; Path=/",
    ],
)
def test_broken_promise_of_a_name_drops_the_cookie(jar, text):
    jar.add(text, HERE)
    assert len(jar) == 0


def test_max_age_is_counted_by_the_clock(jar, clock):
    jar.add("a=1; Max-Age=10", HERE)
    clock.advance(9)
    assert dict(jar) == {"a": "1"}
    clock.advance(1)
    assert dict(jar) == {}


def test_expires_is_a_date_of_the_clock(jar, clock):
    jar.add("a=1; Expires=Thu, 01 Jan 2026 13:00:00 GMT", HERE)
    assert "a" in jar
    clock.advance(3600)
    assert "a" not in jar


def test_max_age_wins_over_expires(jar):
    jar.add("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=10", HERE)
    assert "a" in jar


@pytest.mark.parametrize(
    "text", ["a=; Max-Age=0", "a=; Max-Age=-1", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]
)
def test_expired_cookie_deletes_the_one_before(jar, text):
    jar.add("a=1", HERE)
    jar.add(text, HERE)
    assert len(jar) == 0


@pytest.mark.parametrize("text", ["a=1; Max-Age=soon", "a=1; Max-Age=٣", "a=1; Expires=tomorrow"])
def test_expiry_that_cannot_be_read_is_ignored(jar, text):
    jar.add(text, HERE)
    assert jar.get_cookie("a").expires is None


@pytest.mark.parametrize("text", ["", "novalue", "=nameless", "a=" + "x" * 4096])
def test_what_browsers_drop_is_dropped(jar, text):
    jar.add(text, HERE)
    assert len(jar) == 0


def test_attributes_can_be_asserted(jar):
    jar.add("a=1; Path=/; HttpOnly; Secure; SameSite=Lax", HERE)
    assert jar.get_cookie("a") == Cookie(
        "a", "1", "shop.example", "/", secure=True, http_only=True, same_site="lax"
    )


def test_jar_is_a_mapping_for_the_clients_own_host(jar):
    jar["a"] = "1"
    assert sent(jar) == "a=1"
    del jar["a"]
    with pytest.raises(KeyError):
        del jar["a"]
    with pytest.raises(KeyError):
        jar["a"]


@given(st.text(max_size=200))
def test_no_text_upsets_the_jar(text):
    jar = CookieJar("shop.example", FakeClock())
    jar.add(text, HERE)
    jar.find_header(HERE)
