"""Forms with files."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.errors import BadRequest, ContentTooLarge, HttpError, UnsupportedMediaType
from bistro.http.multipart import FormData, FormLimits, parse_multipart

TYPE = "multipart/form-data; boundary=xyz"
FIELD = b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
FILE = (
    b'--xyz\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n'
    b"Content-Type: text/plain\r\nX-Note: hi\r\n\r\nhello\r\n"
)
END = b"--xyz--\r\n"


async def pieces(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def parse(
    body: bytes | Iterable[bytes], content_type: str = TYPE, limits: FormLimits | None = None
) -> FormData:
    chunks = [body] if isinstance(body, bytes) else body
    return asyncio.run(parse_multipart(pieces(chunks), content_type, limits))


def part(headers: bytes, content: bytes = b"1") -> bytes:
    return b"--xyz\r\n" + headers + b"\r\n\r\n" + content + b"\r\n" + END


def field(parameters: bytes, content: bytes = b"1") -> bytes:
    return part(b"Content-Disposition: form-data; " + parameters, content)


def test_field_and_file_are_read():
    form = parse(FIELD + FILE + END)
    assert form.fields.multi_items() == [("a", "1")]
    upload = form.files["f"]
    assert (upload.file_name, upload.content_type, upload.size) == ("a.txt", "text/plain", 5)
    assert upload.file.read() == b"hello"
    assert upload.headers["x-note"] == "hi"


def test_fields_and_files_of_one_name_are_all_kept():
    form = parse(FIELD + FIELD + FILE + FILE + END)
    assert form.fields.get_all("a") == ["1", "1"]
    assert len(form.files.get_all("f")) == 2


@pytest.mark.parametrize("order", ["ff", "fa", "af", "faf", "afa", "ffaaf"])
def test_fields_and_files_may_come_in_any_order(order):
    form = parse(b"".join({"a": FIELD, "f": FILE}[each] for each in order) + END)
    assert form.fields.get_all("a") == ["1"] * order.count("a")
    assert [each.file.read() for each in form.files.get_all("f")] == [b"hello"] * order.count("f")


@pytest.mark.parametrize(
    ("rest", "error"),
    [
        (b"", BadRequest),  # cut off
        (b"\r\n--xyz\r\nno colon\r\n\r\n" + END, BadRequest),
        (b"x" * 100, ContentTooLarge),
        (b"\r\n" + FIELD + FIELD + END, ContentTooLarge),
    ],
)
def test_refused_form_leaves_no_file_open(rest, error):
    limits = FormLimits(spool_size_max=1, file_size_max=50, parts_max=3)
    begun = FILE + FILE.removesuffix(b"\r\n")
    before = os.listdir("/dev/fd")
    with pytest.raises(error) as caught:
        parse(begun + rest, limits=limits)
    # The error holds the frames in which the files were opened, so that nothing else closes them.
    assert caught.value.__traceback__ is not None
    assert len(os.listdir("/dev/fd")) == len(before)


def test_form_without_parts_is_empty():
    form = parse(END)
    assert (len(form.fields), len(form.files)) == (0, 0)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_form_is_read_in_pieces_of_any_size(size):
    body = b"preamble\r\n" + FIELD + FILE + END + b"epilogue"
    form = parse(body[start : start + size] for start in range(0, len(body), size))
    assert form.fields["a"] == "1"
    assert form.files["f"].file.read() == b"hello"


def test_empty_pieces_of_the_stream_are_skipped():
    assert parse([b"", FIELD, b"", END]).fields["a"] == "1"


def test_closing_line_break_may_come_alone_or_never():
    assert parse([FIELD + b"--xyz--", b"\r\n"]).fields["a"] == "1"
    assert parse([FIELD + b"--xyz--"]).fields["a"] == "1"


def test_field_is_utf_8():
    assert parse(field(b'name="gr\xc3\xbc\xc3\x9fe"', "über €".encode())).fields["grüße"] == "über €"


def test_field_with_the_boundary_of_others_inside_is_kept():
    assert parse(field(b'name="a"', b"--xy\r\n--xyy--\r\n")).fields["a"] == "--xy\r\n--xyy--\r\n"


def test_large_file_is_spooled_and_complete():
    data = bytes(range(256)) * 4096
    form = parse(field(b'name="f"; filename="a"', data))
    upload = form.files["f"]
    assert not isinstance(upload.file, BytesIO)
    assert upload.file.read() == data
    form.close()
    assert upload.file.closed


def test_file_input_without_a_choice_is_left_out():
    form = parse(field(b'name="f"; filename=""', b""))
    assert "f" not in form.files
    assert "f" not in form.fields


def test_file_without_a_name_but_with_content_is_a_file():
    assert parse(field(b'name="f"; filename=""', b"x")).files["f"].file_name == "file"


def test_names_are_decoded_as_browsers_encode_them():
    form = parse(field(b'name="a%22b%0D%0Ac%41"'))
    assert form.fields['a"b\r\nc%41'] == "1"


def test_names_with_backslashes_from_curl_are_read():
    upload = parse(field(rb'name="f"; filename="say \"hi\".txt"')).files["f"]
    assert upload.raw_file_name == 'say "hi".txt'


@pytest.mark.parametrize(
    ("sent", "name", "raw"),
    [
        (rb"C:\dir\new.txt", "new.txt", r"C:\dir\new.txt"),
        (rb"a\b", "b", r"a\b"),
        (rb"a\\b", "b", r"a\b"),
        (rb"..\..\evil.txt", "evil.txt", r"..\..\evil.txt"),
    ],
)
def test_backslash_in_a_file_name_is_one_of_windows_and_no_escape(sent, name, raw):
    upload = parse(field(b'name="f"; filename="' + sent + b'"')).files["f"]
    assert (upload.file_name, upload.raw_file_name) == (name, raw)


def test_unquoted_names_are_read():
    assert parse(field(b"name=a")).fields["a"] == "1"


def test_kind_of_a_file_is_octets_where_the_claim_is_malformed():
    body = part(b'Content-Disposition: form-data; name="f"; filename="a"\r\nContent-Type: nonsense')
    assert parse(body).files["f"].content_type == "application/octet-stream"


def test_kind_of_a_file_is_octets_where_nothing_is_claimed():
    assert parse(field(b'name="f"; filename="a"')).files["f"].content_type == "application/octet-stream"


def test_quoted_boundary_is_read():
    assert parse(FIELD + END, 'Multipart/Form-Data; boundary="xyz"').fields["a"] == "1"


@pytest.mark.parametrize("encoding", [b"binary", b"8bit", b"7BIT"])
def test_transfer_encoding_that_changes_nothing_is_allowed(encoding):
    body = part(b'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: ' + encoding)
    assert parse(body).fields["a"] == "1"


@pytest.mark.parametrize("content_type", ["application/json", "multipart/mixed; boundary=xyz", "text/plain"])
def test_other_content_types_are_unsupported(content_type):
    with pytest.raises(UnsupportedMediaType):
        parse(END, content_type)


@pytest.mark.parametrize(
    "boundary",
    [
        "",
        "; boundary=",
        '; boundary=" "',
        '; boundary="a "',
        "; boundary=" + "a" * 71,
        '; boundary="a\nb"',
        "; boundary=ä",
    ],
)
def test_boundary_against_the_standard_is_refused(boundary):
    with pytest.raises(BadRequest, match="boundary"):
        parse(END, f"multipart/form-data{boundary}")


def test_boundary_of_70_characters_is_allowed():
    boundary = "a" * 70
    assert len(parse(f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}").fields) == 0


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Type: text/plain",
        b'Content-Disposition: attachment; name="a"',
        b"Content-Disposition: form-data",
        b'Content-Disposition: form-data; filename="a"',
        b'Content-Disposition: form-data; name="a',
        b'Content-Disposition: form-data; name="a"; name="b"',
        b'Content-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="b"',
        b"no colon",
        b"bad name: x",
        b'Content-Disposition: form-data; name="\xff"',
        b'Content-Disposition: form-data; name="a"\r\nContent-Type: nonsense',
        b'Content-Disposition: form-data; name="a"\r\nContent-Length: -5',
        b'Content-Disposition: form-data; name="a"\r\nContent-Length: 5',
    ],
)
def test_malformed_head_of_a_part_is_refused(headers):
    with pytest.raises(BadRequest):
        parse(part(headers))


@pytest.mark.parametrize("charset", [b"utf-16", b"utf-7", b"latin-1", b"zlib"])
def test_field_in_another_charset_is_unsupported(charset):
    body = part(b'Content-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=' + charset)
    with pytest.raises(UnsupportedMediaType):
        parse(body)


def test_field_that_is_not_utf_8_is_refused():
    with pytest.raises(BadRequest, match="isn't UTF-8"):
        parse(field(b'name="a"', b"\xff"))


def test_limit_of_parts_counts_fields_and_files_together():
    limits = FormLimits(parts_max=2)
    assert len(parse(FIELD + FILE + END, limits=limits).fields) == 1
    with pytest.raises(ContentTooLarge, match="more than 2 parts"):
        parse(FIELD + FILE + FIELD + END, limits=limits)


def test_field_may_be_as_large_as_its_limit_and_no_larger():
    limits = FormLimits(field_size_max=10)
    assert parse(field(b'name="a"', b"x" * 10), limits=limits).fields["a"] == "x" * 10
    with pytest.raises(ContentTooLarge, match="field of the form is over 10 bytes"):
        parse(field(b'name="a"', b"x" * 11), limits=limits)


def test_file_may_be_as_large_as_its_limit_and_no_larger():
    limits = FormLimits(file_size_max=10)
    assert parse(field(b'name="a"; filename="b"', b"x" * 10), limits=limits).files["a"].size == 10
    with pytest.raises(ContentTooLarge, match="file of the form is over 10 bytes"):
        parse(field(b'name="a"; filename="b"', b"x" * 11), limits=limits)


def test_headers_of_a_part_are_limited_together():
    headers = b'Content-Disposition: form-data; name="a"\r\nX-A: ' + b"a" * 5000 + b"\r\nX-B: " + b"b" * 5000
    with pytest.raises(BadRequest, match="headers of a part are over 8192 bytes"):
        parse(part(headers))


def test_error_of_the_stream_is_passed_on():
    async def broken() -> AsyncIterator[bytes]:
        yield FILE
        raise ContentTooLarge("The body is over its limit.")

    with pytest.raises(ContentTooLarge, match="body"):
        asyncio.run(parse_multipart(broken(), TYPE))


@given(
    st.lists(
        st.tuples(
            st.text(
                alphabet=st.characters(exclude_categories=["Cs"], exclude_characters='"\r\n%\\'), min_size=1
            ),
            st.binary(max_size=100),
        ),
        max_size=5,
    ),
    st.integers(1, 50),
)
def test_every_form_reads_back_whatever_the_pieces(parts, size):
    body = b"".join(
        f'--xyz\r\nContent-Disposition: form-data; name="{name}"; filename="n"\r\n\r\n'.encode()
        + data
        + b"\r\n"
        for name, data in parts
    )
    if b"\r\n--xyz" in b"\r\n".join(data for _, data in parts):
        return
    body += END
    form = parse(body[start : start + size] for start in range(0, len(body), size))
    assert [(name, upload.file.read()) for name, upload in form.files.multi_items()] == parts


@given(
    st.lists(
        st.sampled_from([FIELD, FILE, END, b"--xyz", b"\r\n", b"-", b"\x00", b"name=", b": ", b'"']),
        max_size=12,
    )
)
def test_any_body_is_read_or_refused(chunks):
    try:
        form = parse(chunks)
    except HttpError as error:
        assert 400 <= error.status < 500
    else:
        form.close()
