"""Attacks on response headers and downloads (security.md, rows 13, 23, 27, 79)."""

import pytest

from bistro.http.content_disposition import content_disposition
from bistro.http.errors import BadRequest, MethodNotAllowed, problem_details
from bistro.http.headers import HeaderValueError, ResponseHeaders, check_header, encode_headers
from bistro.http.parameters import parse_parameters
from bistro.http.response import Response

CONTROLS = [chr(code) for code in [*range(0x20), 0x7F] if code != 9]


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: f"{ord(control):02x}")
@pytest.mark.parametrize("place", ["{}x", "x{}", "x{}y"])
def test_control_character_in_a_value_is_refused_wherever_it_stands(control, place):
    with pytest.raises(HeaderValueError):
        check_header("x-a", place.format(control))


@pytest.mark.parametrize("control", [*CONTROLS, "\t", " ", ":"], ids=lambda control: f"{ord(control):02x}")
def test_control_character_in_a_name_is_refused(control):
    with pytest.raises(HeaderValueError):
        check_header(f"x-a{control}", "1")


@pytest.mark.parametrize(
    "value",
    ["a\r\nX: 1", "a\nX: 1", "a\rX: 1", "a\r\n\r\n<html>", "a\0", "a\u2028b", "a\u010d\u010a", "\ud800"],
)
def test_value_never_splits_the_answer_however_it_is_set(value):
    # U+010D and U+010A lose their high byte in careless encoders and become CR LF.
    headers = ResponseHeaders()
    for attempt in (
        lambda: headers.__setitem__("x-a", value),
        lambda: headers.add("x-a", value),
        lambda: headers.setdefault("x-a", value),
        lambda: headers.update({"x-a": value}),
        lambda: headers.vary(value),
        lambda: ResponseHeaders({"x-a": value}),
        lambda: encode_headers({"x-a": value}),
        lambda: BadRequest(headers={"x-a": value}),
        lambda: MethodNotAllowed(allow=[value]),
    ):
        with pytest.raises(HeaderValueError):
            attempt()
    assert headers.to_block() == b""


def test_block_cannot_hold_more_lines_than_headers():
    headers = ResponseHeaders({"x-a": "\x85\xa0", "x-b": "\xff"})
    assert headers.to_block().splitlines() == [b"x-a: \x85\xa0", b"x-b: \xff"]


NAMES = [
    'a";filename="evil.exe', "a\r\nX: 1", "a\nb", "a\0b", "../../etc/passwd", "..\\..\\x", "C:\\x.exe", "/etc/passwd", "..", ".",
    "", "con", "aux.txt", "hello.txt::$DATA", "\\\\host\\share", "a;b", "a\\", 'a\\"b', "a%22b", "a\u202egpj.exe", "a\u2028b",
    "\ud800", "é" * 5000, "＂；filename=evil", "a" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_download_has_one_name_whatever_was_asked_for(name):
    # CVE-2022-36359.
    value = content_disposition("attachment", name)
    check_header("content-disposition", value)
    parsed = parse_parameters(value)
    assert parsed is not None
    assert set(parsed[1]) <= {"filename", "filename*"}
    plain = parsed[1]["filename"]
    assert not set(plain) & set('/\\"%\r\n\0')
    assert plain not in ("", ".", "..")
    assert len(value) < 1200


@pytest.mark.parametrize("detail", ["<script>alert(1)</script>", "a\r\nb", "\x1b[2J", "\ud800\0"])
def test_problem_document_holds_any_text_as_data(detail):
    assert set(problem_details(BadRequest(detail))) == {"type", "title", "status", "detail"}


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "TRANSFER-ENCODING"])
def test_length_of_the_body_is_said_once_and_by_the_server(name):
    """Handlers that pass on all headers of another site made answers with two lengths."""
    with pytest.raises(HeaderValueError, match="set by the server"):
        Response(b"hello", headers={name: "100"})
    with pytest.raises(HeaderValueError, match="set by the server"):
        Response(b"hello").add_header(name, "100")


@pytest.mark.parametrize("status", [-1, 0, 99, 100, 101, 103, 199, 600, 999])
def test_status_that_is_no_answer_is_refused(status):
    """The client went on waiting behind a 103, and took the next answer on the connection for this one."""
    with pytest.raises(ValueError, match="can't have the status"):
        Response(status=status)
