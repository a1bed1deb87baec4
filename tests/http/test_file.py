from __future__ import annotations

import asyncio
import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http import File, NotFound, ServiceUnavailable
from bistro.http.file_content import PIECE_SIZE, WHOLE_SIZE_MAX, FileContent
from bistro.http.media_types import guess_content_type

WRITTEN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "page.txt"
    file.write_bytes(b"0123456789")
    os.utime(file, (WRITTEN.timestamp(), WRITTEN.timestamp()))
    return file


def resolve(file: File, method: str = "GET", **headers: str) -> File:
    file.resolve(method, lambda name: headers.get(name.replace("-", "_")))
    return file


def read(file: File) -> bytes:
    async def collect() -> bytes:
        return b"".join([piece async for piece in file.pieces])  # type: ignore[union-attr]

    return asyncio.run(collect())


def test_whole_file_is_sent_with_its_length_type_date_and_tag(page: Path) -> None:
    file = resolve(File(page))
    assert (file.status, file.length, read(file)) == (200, 10, b"0123456789")
    assert file.headers["content-type"] == "text/plain; charset=utf-8"
    assert file.headers["last-modified"] == "Sun, 01 Mar 2026 12:00:00 GMT"
    assert file.headers["etag"].startswith('"')
    assert file.headers["accept-ranges"] == "bytes"
    assert "content-disposition" not in file.headers


def test_file_of_several_pieces_is_read_piece_by_piece(tmp_path: Path) -> None:
    big = tmp_path / "big.bin"
    content = os.urandom(2 * PIECE_SIZE + 17)
    big.write_bytes(content)
    file = resolve(File(big))

    async def sizes() -> list[int]:
        return [len(piece) async for piece in file.pieces]  # type: ignore[union-attr]

    assert asyncio.run(sizes()) == [PIECE_SIZE, PIECE_SIZE, 17]


def test_bytes_are_sent_as_if_they_were_a_file() -> None:
    file = resolve(File(b"a,b\n", file_name="table.csv", disposition="attachment"))
    assert read(file) == b"a,b\n"
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.headers["content-disposition"] == 'attachment; filename="table.csv"'
    assert "last-modified" not in file.headers


def test_attachment_without_a_name_is_called_as_the_file(page: Path) -> None:
    assert (
        File(page, disposition="attachment").headers["content-disposition"]
        == 'attachment; filename="page.txt"'
    )


@pytest.mark.parametrize(
    "name", ['a";filename="evil.exe', "a\r\nx: 1", "..\\..\\evil", "rechnung\u202egnp.exe"]
)
def test_hostile_file_name_neither_ends_its_quotes_nor_its_line(name: str) -> None:
    value = File(b"", file_name=name).headers["content-disposition"]
    assert value.count('"') == 2
    assert not set(value) & set("\r\n\\")


def test_letters_outside_of_ascii_come_as_utf_8_too() -> None:
    value = File(b"", file_name="Übersicht.pdf").headers["content-disposition"]
    assert value.endswith("filename*=UTF-8''%C3%9Cbersicht.pdf")


# --- what is not there ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["missing", "page.txt/below", "a\0b", "x" * 5000, ""])
def test_what_is_no_file_is_not_found(page: Path, name: str) -> None:
    with pytest.raises(NotFound):
        File(f"{page.parent}/{name}")


def test_folder_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        File(tmp_path)


def test_named_pipe_is_not_found_and_nobody_waits_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotFound):
        File(tmp_path / "pipe")


def test_device_is_not_found() -> None:
    with pytest.raises(NotFound):
        File("/dev/zero")


def test_link_that_leads_out_of_the_folder_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "public"
    folder.mkdir()
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(NotFound):
        File(folder / "link.txt", inside=folder)
    assert read(resolve(File(folder / "link.txt"))) == b"secret"


def test_link_that_stays_inside_is_followed(page: Path) -> None:
    (page.parent / "link.txt").symlink_to(page)
    assert read(resolve(File(page.parent / "link.txt", inside=page.parent))) == b"0123456789"


def test_sibling_folder_with_the_same_beginning_is_outside(tmp_path: Path) -> None:
    for name in ("static", "static-secret"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(name)
    with pytest.raises(NotFound):
        File(tmp_path / "static/../static-secret/a.txt", inside=tmp_path / "static")


def test_used_up_descriptors_are_a_503(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ServiceUnavailable) as caught:
        File(page)
    assert caught.value.headers == {"retry-after": "1"}


# --- one look, one file -----------------------------------------------------------------------------


def test_file_exchanged_after_it_was_opened_is_not_what_is_sent(page: Path) -> None:
    file = File(page)
    other = page.with_name("other")
    other.write_bytes(b"quite another content")
    other.replace(page)
    assert read(resolve(file)) == b"0123456789"


def test_file_that_grows_is_sent_as_long_as_was_promised(page: Path) -> None:
    file = resolve(File(page))
    page.write_bytes(b"0123456789 and more")
    assert read(file) == b"0123456789"


def test_big_file_that_shrinks_breaks_the_answer_off(tmp_path: Path) -> None:
    big = tmp_path / "big.bin"
    big.write_bytes(bytes(WHOLE_SIZE_MAX + 1))
    file = resolve(File(big))
    os.truncate(big, 4)
    with pytest.raises(OSError, match="shorter"):
        read(file)


def test_small_file_is_read_where_it_is_opened_so_that_nothing_can_happen_to_it(page: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    file = resolve(File(page))
    os.truncate(page, 4)
    assert set(os.listdir("/proc/self/fd")) <= before
    assert read(file) == b"0123456789"


@pytest.mark.parametrize("size", [0, 10, WHOLE_SIZE_MAX])
@pytest.mark.parametrize("ranges", ["", "bytes=2-4", "bytes=0-0,-1"])
def test_content_in_memory_is_the_same_in_one_piece_as_in_many(
    tmp_path: Path, size: int, ranges: str
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(os.urandom(size))
    file = resolve(File(path), **({"range": ranges} if ranges else {}))
    assert isinstance(file.pieces, FileContent)
    whole = file.pieces.take_whole()
    assert whole == read(file)
    assert len(whole) == file.length


def test_big_content_is_in_one_piece_only_where_none_of_it_is_sent(tmp_path: Path) -> None:
    big = tmp_path / "big.bin"
    big.write_bytes(bytes(WHOLE_SIZE_MAX + 1))
    file = resolve(File(big))
    assert isinstance(file.pieces, FileContent)
    assert file.pieces.take_whole() is None
    known = resolve(File(big), if_none_match="*")
    assert isinstance(known.pieces, FileContent)
    assert known.pieces.take_whole() == b""


@pytest.fixture
def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else set()


def test_descriptor_is_closed_when_the_answer_is_never_sent(page: Path, descriptors: set[str]) -> None:
    file = File(page)
    del file
    assert set(os.listdir("/proc/self/fd")) <= descriptors


# --- conditions ----------------------------------------------------------------------------------------


def test_known_tag_is_answered_with_304_and_no_content(page: Path) -> None:
    etag = File(page).etag
    file = resolve(File(page, headers={"vary": "cookie"}), if_none_match=str(etag))
    assert (file.status, file.length, read(file)) == (304, 0, b"")
    assert dict(file.headers) == {
        "etag": etag,
        "last-modified": "Sun, 01 Mar 2026 12:00:00 GMT",
        "vary": "cookie",
    }


def test_date_that_is_not_older_is_answered_with_304(page: Path) -> None:
    assert resolve(File(page), if_modified_since="Sun, 01 Mar 2026 12:00:00 GMT").status == 304


def test_tag_changes_with_the_content(page: Path) -> None:
    before = File(page).etag
    page.write_bytes(b"9876543210")
    assert File(page).etag != before


def test_condition_that_fails_is_a_412_that_says_so(page: Path) -> None:
    file = resolve(File(page), if_match='"other"')
    assert file.status == 412
    assert b"has changed" in read(file)


def test_conditions_mean_nothing_to_a_post(page: Path) -> None:
    assert resolve(File(page), "POST", if_match='"other"').status == 200


def test_conditions_mean_nothing_where_the_status_is_another(page: Path) -> None:
    assert resolve(File(page, status=404), if_none_match="*").status == 404


def test_tag_and_date_can_be_left_out_or_given(page: Path) -> None:
    bare = File(page, etag=False, last_modified=False)
    assert "etag" not in bare.headers
    assert "last-modified" not in bare.headers
    own = File(page, etag='"v1"', last_modified=datetime(2020, 1, 1, tzinfo=UTC))
    assert own.headers["etag"] == '"v1"'
    assert resolve(own, if_none_match='"v1"').status == 304


# --- ranges --------------------------------------------------------------------------------------------


def test_one_range_is_sent_as_206(page: Path) -> None:
    file = resolve(File(page), range="bytes=2-4")
    assert (file.status, file.length, read(file)) == (206, 3, b"234")
    assert file.headers["content-range"] == "bytes 2-4/10"


def test_several_ranges_are_sent_as_multipart(page: Path) -> None:
    file = resolve(File(page), range="bytes=0-1,-2")
    body = read(file)
    boundary = file.headers["content-type"].removeprefix("multipart/byteranges; boundary=")
    assert file.length == len(body)
    assert body.count(f"--{boundary}".encode()) == 3
    assert b"content-range: bytes 0-1/10\r\n\r\n01\r\n" in body
    assert b"content-range: bytes 8-9/10\r\n\r\n89\r\n" in body


def test_range_behind_the_end_is_a_416_that_tells_the_size(page: Path) -> None:
    file = resolve(File(page), range="bytes=10-")
    assert file.status == 416
    assert file.headers["content-range"] == "bytes */10"
    assert file.headers["content-type"] == "application/problem+json"
    assert b"10 bytes" in read(file)


@pytest.mark.parametrize(
    "value", ["bytes=5-1", "lines=1-2", "bytes=" + "0-," * 3000, "bytes=" + "0" * 50_000]
)
def test_range_that_is_malformed_or_too_much_is_ignored(page: Path, value: str) -> None:
    file = resolve(File(page), range=value)
    assert (file.status, file.length) == (200, 10)


def test_range_of_another_version_is_ignored(page: Path) -> None:
    assert resolve(File(page), range="bytes=2-4", if_range='"old"').status == 200
    assert resolve(File(page), range="bytes=2-4", if_range=str(File(page).etag)).status == 206


def test_head_ignores_ranges(page: Path) -> None:
    file = resolve(File(page), "HEAD", range="bytes=2-4")
    assert (file.status, file.length) == (200, 10)


@given(
    content=st.binary(max_size=64),
    value=st.from_regex(r"bytes=(\d{0,2}-\d{0,2})(,\d{0,2}-\d{0,2}){0,3}", fullmatch=True),
)
def test_length_is_always_that_of_what_is_sent(content: bytes, value: str) -> None:
    file = resolve(File(content), range=value)
    assert file.length == len(read(file))


# --- types ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a.JS", "text/javascript; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.png", "image/png"),
        ("a.woff2", "font/woff2"),
        ("a.tar.gz", "application/gzip"),
        ("a.py", "text/x-python; charset=utf-8"),
        ("a.unknown", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_type_follows_from_the_name(name: str, content_type: str) -> None:
    assert guess_content_type(name) == content_type
