"""Each limit of what a client sends: as much as it says is taken, and not one more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bistro.ground.multidict import MultiDict
from bistro.http import BadRequest, ContentTooLarge, HttpError, is_local_redirect
from bistro.http.conditional import parse_etags
from bistro.http.cookies import parse_cookies
from bistro.http.dates import parse_http_date
from bistro.http.forms import parse_urlencoded
from bistro.http.json_lines import split_lines
from bistro.http.multipart import FormLimits, parse_multipart
from bistro.http.negotiation import parse_accept
from bistro.http.parameters import parse_parameters
from bistro.http.ranges import parse_range
from bistro.http.url import REDIRECT_LENGTH_MAX, check_redirect_target, parse_host, parse_query

LABEL = "a" * 63
LONGEST_HOST = f"{LABEL}.{LABEL}.{LABEL}.{'a' * 61}"  # 253 characters (RFC 1035 §2.3.4)


def cookies(count: int) -> str:
    return ";".join(f"c{number}=1" for number in range(count))


@pytest.mark.parametrize(
    ("read", "text", "more"),
    [
        (parse_cookies, cookies(50), cookies(51)),
        (parse_cookies, f"a={'x' * 8_190}", f"a={'x' * 8_191}"),
        (parse_cookies, f"a={'x' * 8_190}".encode(), f"a={'x' * 8_191}".encode()),
        (parse_query, "a=1&" * 999 + "a=1", "a=1&" * 1_000 + "a=1"),
        (parse_host, LONGEST_HOST, f"{LONGEST_HOST[:-1]}.bb"),
        (parse_host, f"{LONGEST_HOST}.:65535", f"{LONGEST_HOST}b:65535"),
        (parse_host, f"{LABEL}.example", f"{LABEL}a.example"),
        (parse_host, "example.com:65535", "example.com:65536"),
        (parse_host, "255.0.0.255", "255.0.0.256"),
        (check_redirect_target, "/" + "a" * 2_047, "/" + "a" * 2_048),
    ],
)
def test_as_much_as_the_limit_is_read_and_one_more_is_a_bad_request(
    read: Callable[[Any], object], text: Any, more: Any
) -> None:
    assert read(text)
    with pytest.raises(BadRequest):
        read(more)


@pytest.mark.parametrize(
    "host", ["a..b", ".a", "", ".", "a b", "a/b", "a@b", "[::1", "1.2.3", "1.2.3.4.", "0x7f", "a.1"]
)
def test_what_no_host_can_be_is_a_bad_request(host: str) -> None:
    with pytest.raises(BadRequest):
        parse_host(host)


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("Example.COM", ("example.com", None)),
        ("example.com:80", ("example.com", 80)),
        ("[::1]:8000", ("[::1]", 8_000)),
        ("127.0.0.1", ("127.0.0.1", None)),
        ("a_b.example", ("a_b.example", None)),
        ("1.example", ("1.example", None)),
    ],
)
def test_host_is_read_in_lower_case_and_its_port_as_a_number(
    header: str, host: tuple[str, int | None]
) -> None:
    assert parse_host(header) == host


def test_fields_of_a_form_have_a_number() -> None:
    assert len(parse_urlencoded(b"a=1&b=2", fields_max=2)) == 2
    with pytest.raises(ContentTooLarge):
        parse_urlencoded(b"a=1&b=2&c=3", fields_max=2)


def test_what_is_too_much_of_a_wish_is_left_out_or_ignored() -> None:
    wishes = [f"a/a{number}" for number in range(65)]
    assert [each.value for each in parse_accept(",".join(wishes))] == wishes[:64]
    tags = [f'"{number}"' for number in range(101)]
    assert parse_etags(",".join(tags)) == tags[:100]
    ranges = [f"{number}-{number}" for number in range(0, 22, 2)]
    assert parse_range(f"bytes={','.join(ranges[:10])}", 100) == [(at, at + 1) for at in range(0, 20, 2)]
    assert parse_range(f"bytes={','.join(ranges)}", 100) is None
    parameters = [f"p{number}=x" for number in range(33)]
    assert parse_parameters(f"a;{';'.join(parameters[:32])}") == (
        "a",
        dict(each.split("=") for each in parameters[:32]),
    )
    assert parse_parameters(f"a;{';'.join(parameters)}") is None
    assert parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") is not None
    assert parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT" + " " * 11) is None


def test_redirect_stays_on_the_site_only_while_a_browser_cannot_read_it_otherwise() -> None:
    assert is_local_redirect("/" + "a" * (REDIRECT_LENGTH_MAX - 1))
    assert not is_local_redirect("/" + "a" * REDIRECT_LENGTH_MAX)
    for local in ("/", "/a//b", "?next=//x", "#x", "/é"):
        assert is_local_redirect(local)
    for other in (
        "",
        "a",
        "//x",
        "/\\x",
        "\\/x",
        "/a\\x",
        "/\t/x",
        "/\n/x",
        "/ /x",
        " /",
        "https:/x",
        "/\u2028",
    ):
        assert not is_local_redirect(other)


# --- bodies ---------------------------------------------------------------------------------------------


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for each in given:
        yield each


@pytest.mark.parametrize("cuts", [[8], [1] * 8, [4, 4], [5, 3]])
def test_line_of_a_body_is_as_long_as_it_may_be(cuts: list[int]) -> None:
    def read(text: bytes, size_max: int) -> list[bytes]:
        async def run() -> list[bytes]:
            given, rest = [], text
            for cut in cuts:
                given.append(rest[:cut])
                rest = rest[cut:]
            return [each async for each in split_lines(pieces(*given, rest), size_max)]

        return asyncio.run(run())

    assert read(b"abcd\nefgh\n", 4) == [b"abcd", b"efgh"]
    for text in (b"abcd\nefgh\n", b"ab\nefgh", b"abcd\ne\n"):
        with pytest.raises(ContentTooLarge):
            read(text, 3)


def part(content: bytes, disposition: str) -> bytes:
    head = f'--x\r\ncontent-disposition: form-data; name="a"{disposition}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def send(limits: FormLimits, *parts: bytes) -> object:
    """What a form of these parts gives: how many fields and files, or how it is refused."""

    async def run() -> object:
        body = b"".join(parts) + b"--x--\r\n"
        try:
            form = await parse_multipart(pieces(body), "multipart/form-data; boundary=x", limits)
        except HttpError as error:
            return error.status
        sizes = [len(value) for _, value in form.fields.multi_items()], len(form.files)
        form.close()
        return sizes

    return asyncio.run(run())


FIELD, FILE = part(b"12345", ""), part(b"12345", '; filename="f"')
HEADERS = len("content-disposition") + len('form-data; name="a"')


@pytest.mark.parametrize(
    ("limits", "parts", "answer"),
    [
        (FormLimits(parts_max=2), [FIELD, FILE], ([5], 1)),
        (FormLimits(parts_max=2), [FIELD, FILE, FIELD], 413),
        (FormLimits(field_size_max=5), [FIELD], ([5], 0)),
        (FormLimits(field_size_max=4), [FIELD], 413),
        (FormLimits(field_size_max=4), [FILE], ([], 1)),
        (FormLimits(file_size_max=5), [FILE], ([], 1)),
        (FormLimits(file_size_max=4), [FILE], 413),
        (FormLimits(file_size_max=4), [FIELD], ([5], 0)),
        (FormLimits(part_header_size_max=HEADERS + 2), [FIELD], ([5], 0)),
        (FormLimits(part_header_size_max=HEADERS - 1), [FIELD], 400),
    ],
)
def test_form_holds_as_much_as_its_limits_say(limits: FormLimits, parts: list[bytes], answer: object) -> None:
    assert send(limits, *parts) == answer


def test_empty_query_and_form_have_no_fields() -> None:
    assert (parse_query(""), parse_urlencoded(b"")) == (MultiDict(), MultiDict())
