"""Attacks with redirect targets and hosts (security.md, rows 24, 25, 26, 38, 92)."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.errors import BadRequest
from bistro.http.url import check_redirect_target, is_local_redirect, parse_host, unquote_path

ELSEWHERE = [
    "//evil.example", "///evil.example", "////evil.example", "/\\evil", "\\\\evil", "\\/evil", "\\evil", "/\\/evil", "/\t/evil",
    "/\n/evil", "/\r/evil", "\t//evil", " //evil", "//evil ", "/ /evil", "//evil@host", "//user:pass@evil", "http:evil",
    "http:/evil", "http://evil", "http:///evil", "https:evil", "HTTPS://evil", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)", "\x01javascript:alert(1)", "data:text/html,<script>", "vbscript:x", "mailto:a@b", "ftp://evil",
    "//[::1]/", "/%0a/../\\evil", "", "evil.example", "evil.example/path", "a:b", ":", "@evil", ".//evil", "..//evil",
    "/\0/evil", "/\x7f", "/\u2028/evil", "/\u200b", "/\u202e", "/\ud800", "/a b", "/a\\b", "?a\\b", "/\u00a0/evil", "/\x85/evil",
]  # fmt: skip


@pytest.mark.parametrize("url", ELSEWHERE)
def test_target_that_a_browser_could_take_for_another_site_is_refused(url):
    assert not is_local_redirect(url)
    with pytest.raises(BadRequest):
        check_redirect_target(url)


@pytest.mark.parametrize("url", ELSEWHERE)
def test_an_allowed_host_does_not_open_the_door_for_tricks(url):
    with pytest.raises(BadRequest):
        check_redirect_target(url, ["example.com"])


@pytest.mark.parametrize("path", ["//evil.example/%2f..", "//evil.example/", "/\\evil"])
def test_path_that_is_sent_back_as_a_target_is_refused(path):
    # CVE-2021-21330: a slash policy that redirects `//evil.example` to `//evil.example/`.
    with pytest.raises(BadRequest):
        check_redirect_target(path)


@pytest.mark.parametrize("url", ["/" + "é" * 3000, "/" + "a" * 2048, "/" + "\u0300" * 100_000])
def test_long_target_is_refused_before_anything_looks_at_it(url):
    # CVE-2025-64458, CVE-2023-46695.
    with pytest.raises(BadRequest):
        check_redirect_target(url, ["example.com"])


def test_encoded_tricks_stay_encoded():
    assert check_redirect_target("/%2f%2fevil") == "/%2f%2fevil"
    assert check_redirect_target("/%5cevil") == "/%5cevil"
    assert check_redirect_target("/%09/evil") == "/%09/evil"


@given(st.text(alphabet="/\\:@?#.\t\n evil%09htps", max_size=20))
def test_every_local_target_stays_on_the_site(url):
    if is_local_redirect(url):
        for base in ("https://site.example/", "https://site.example/a/b"):
            assert urlsplit(urljoin(base, url)).netloc == "site.example"
        target = check_redirect_target(url)
        assert target.isascii()
        assert not target.startswith(("//", "/\\"))


@given(st.text(alphabet="/\\:@?#.\t\n evil%htpsx", max_size=20))
def test_every_allowed_target_leads_to_the_allowed_host(text):
    for url in (f"https://{text}", f"https://site.example{text}"):
        try:
            target = check_redirect_target(url, ["site.example"])
        except BadRequest:
            continue
        assert urlsplit(target).netloc.removesuffix(":443").lower().removesuffix(".") == "site.example"


@pytest.mark.parametrize(
    "header",
    [
        "", " ", "a b", "x/admin?", "x/y", "x?y", "x#y", "a@b", "user:pass@host", "a\\b", "a\0", "a\r\nb", "a\n", "ä.example",
        "a..b", ".", "..", ".a", "a" * 64 + ".com", "a." * 128 + "com", "%61", "a%00", "a:b", "a:", "a:-1", "a:+1", "a:1_0",
        "a:٨٠", "a:65536", "a:0", "a:99999", "a:80:80", "a,b", "a;b", "'a'", "*", "[::1", "::1", "[::1]a", "[::1%25eth0]",
        "[1.2.3.4]", "[:::]", "[gg::]", "[v1.a]", "[]", "010.8.8.8", "0x7f.0.0.1", "127.1", "2130706433", "256.1.1.1", "1.2.3",
        "1.2.3.4.5", "1.2.3.4.", "0177.0.0.1", "0x7f000001", "a.0x7f", "1.2.3.04", "127.0.0.1\n", "x" * 100_000,
    ],
)  # fmt: skip
def test_malformed_host_is_refused(header):
    # CVE-2026-48710 (BadHost), CVE-2021-33571 (octal addresses).
    with pytest.raises(BadRequest, match="host is malformed"):
        parse_host(header)


@given(st.text(max_size=30))
def test_any_host_is_read_or_refused(header):
    try:
        host, port = parse_host(header)
    except BadRequest:
        return
    assert host == host.lower()
    assert parse_host(host if port is None else f"{host}:{port}") == (host, port)


@pytest.mark.parametrize("path", ["/%00", "/a%00.txt", "/%c0%ae%c0%ae/", "/%ff" * 5000, "/%u002e", "/%"])
def test_path_that_means_two_things_is_refused(path):
    with pytest.raises(BadRequest):
        unquote_path(path)
