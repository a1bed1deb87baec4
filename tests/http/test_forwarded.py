from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http import BadRequest
from bistro.http.forwarded import HOPS_MAX, Hop, read_address, read_hops


def hops(**headers: str) -> list[Hop]:
    return list(
        read_hops(
            (name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()
        )
    )


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, []),
        ({"x_forwarded_for": "192.0.2.1"}, [Hop("192.0.2.1")]),
        ({"x_forwarded_for": "a, b ,c"}, [Hop("a"), Hop("b"), Hop("c")]),
        (
            {"x_forwarded_for": "a, b", "x_forwarded_proto": "https", "x_forwarded_host": "h"},
            [Hop("a", "https", "h"), Hop("b", "https", "h")],
        ),
        (
            {"x_forwarded_for": "a, b", "x_forwarded_proto": "https, http"},
            [Hop("a", "https"), Hop("b", "http")],
        ),
        # Two schemes for three hops: nobody can tell whose they are, so the nearest proxy's counts.
        ({"x_forwarded_for": "a,b,c", "x_forwarded_proto": "https,http"}, [Hop("a", "http"), Hop("b", "http"), Hop("c", "http")]),
        ({"x_forwarded_proto": "wss"}, [Hop("", "https")]),
        ({"x_forwarded_proto": "javascript"}, [Hop()]),
        ({"x_forwarded_host": "h", "x_forwarded_port": "8443"}, [Hop("", "", "h:8443")]),
        ({"x_forwarded_host": "h", "x_forwarded_port": "443"}, [Hop("", "", "h")]),
        ({"x_forwarded_host": "h:1", "x_forwarded_port": "8443"}, [Hop("", "", "h:1")]),
        ({"forwarded": "for=192.0.2.1"}, [Hop("192.0.2.1")]),
        (
            {"forwarded": 'For="[2001:db8::1]:47";proto=HTTPS ; host="h:8", for=unknown;by=_x'},
            [Hop("[2001:db8::1]:47", "https", "h:8"), Hop("unknown")],
        ),
        ({"forwarded": 'for="a,b;c=\\"d"'}, [Hop('a,b;c="d')]),
        ({"forwarded": ",, for=a ,"}, [Hop("a")]),
    ],
)  # fmt: skip
def test_both_forms_give_hops(headers, found):
    assert hops(**headers) == found


def test_several_lines_are_one_list():
    lines = [(b"x-forwarded-for", b"forged"), (b"host", b"h"), (b"x-forwarded-for", b"192.0.2.1")]
    assert read_hops(lines) == [Hop("forged"), Hop("192.0.2.1")]


@pytest.mark.parametrize(
    "text", ["for=a b", 'for="a', "for", "=a", "for=a;for=b", "for=a/b", 'for="a"b', "\xff"]
)
def test_malformed_forwarded_is_a_bad_request(text):
    with pytest.raises(BadRequest):
        hops(forwarded=text)


def test_both_forms_at_once_are_a_bad_request():
    with pytest.raises(BadRequest, match="both"):
        hops(forwarded="for=a", x_forwarded_proto="https")


def test_underscored_names_are_other_headers():
    assert read_hops([(b"x_forwarded_for", b"192.0.2.1"), (b"x-forwarded_for", b"192.0.2.1")]) == ()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", ("192.0.2.1", 0)),
        (" 192.0.2.1:80 ", ("192.0.2.1", 80)),
        ("2001:DB8:0::1", ("2001:db8::1", 0)),
        ("[2001:db8::1]", ("2001:db8::1", 0)),
        ("[2001:db8::1]:8080", ("2001:db8::1", 8080)),
        ("::ffff:192.0.2.1", ("192.0.2.1", 0)),
        ("unknown", None),
        ("_hidden", None),
        ("", None),
        ("010.0.0.1", None),
        ("0x7f.1", None),
        ("127.1", None),
        ("192.0.2.1:x", None),
        ("192.0.2.1:999999", None),
        ("192.0.2.1:99999", ("192.0.2.1", 99999)),
        ("192.0.2.1:\xb2", None),
        ("192.0.2.1:\u0663", None),
        ("192.0.2.1:-1", None),
        ("[::1]:+1", None),
        ("[::1]x", None),
        ("fe80::1%eth0", None),
        ("192.0.2.1\n", ("192.0.2.1", 0)),
        ("1" * 10_000, None),
    ],
)
def test_addresses_are_read_strictly_and_written_in_one_form(text, address):
    assert read_address(text) == address


@pytest.mark.timed
@pytest.mark.parametrize("name", ["x_forwarded_for", "forwarded"])
def test_only_the_nearest_hops_are_looked_at_and_quickly(name):
    item = "192.0.2.1" if name == "x_forwarded_for" else "for=192.0.2.1"
    began = time.thread_time()
    found = hops(**{name: ",".join([item] * 10_000)})
    assert len(found) <= HOPS_MAX + 1
    assert time.thread_time() - began < 0.5


@given(st.text(st.characters(max_codepoint=255), max_size=200))
def test_whatever_a_client_writes_is_read_or_refused(text):
    for name in ("forwarded", "x_forwarded_for", "x_forwarded_host", "x_forwarded_proto", "x_forwarded_port"):
        try:
            found = hops(**{name: text})
        except BadRequest:
            continue
        for hop in found:
            read_address(hop.client)
