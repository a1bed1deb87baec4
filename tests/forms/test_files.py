"""Files are judged by their content; names and types are only what a client claims."""

from __future__ import annotations

import asyncio
import struct
import sys
import zlib
from io import BytesIO
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct
from PIL import Image

from bistro import App, Html, Upload
from bistro.forms import FileCheck, Form, FormTypeError, FormView, ImageCheck, ImageLibraryError, find_type
from bistro.forms import in_steps as in_steps_of
from bistro.testing import Client
from bistro.validation import ValidationFailed


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, height)).save(out, kind)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of some hundred bytes that says it is huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body


def judge(check: FileCheck, content: bytes, name: str = "a.png") -> str | None:
    upload = Upload(name, BytesIO(content), size=len(content))
    try:
        asyncio.run(check.check(upload))
    except ValidationFailed as failed:
        return failed.problems[0].code
    assert upload.file.tell() == 0
    return None


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (picture(1, 1), "image/png"),
        (picture(1, 1, "JPEG"), "image/jpeg"),
        (picture(1, 1, "GIF"), "image/gif"),
        (picture(1, 1, "WEBP"), "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "application/octet-stream"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"PK\x03\x04...", "application/zip"),
        (b"\0\0\0\x18ftypmp42", "video/mp4"),
        (b"\0\0\0\x18ftypavif", "image/avif"),
        (b"<svg onload=alert(1)>", "text/plain"),
        (b"<!doctype html>", "text/plain"),
        ("Grüße".encode(), "text/plain"),
        (("a" * 511 + "ü").encode()[:512], "text/plain"),
        (b"\xff\xfe\0\0", "application/octet-stream"),
        (b"MZ\x90\0", "application/octet-stream"),
        (b"", "text/plain"),
    ],
)
def test_type_is_read_from_the_content(head: bytes, kind: str) -> None:
    assert find_type(head[:512]) == kind


@given(st.binary(max_size=600))
def test_every_content_has_a_type(head: bytes) -> None:
    assert "/" in find_type(head)


def test_name_and_claimed_type_count_for_nothing() -> None:
    assert judge(FileCheck(types=("image/png",)), b"<script>", "a.png") == "type"
    assert judge(FileCheck(types=("image/png",)), picture(1, 1), "a.exe") is None


def test_size_is_limited() -> None:
    assert judge(FileCheck(size_max=3), b"abc") is None
    assert judge(FileCheck(size_max=3), b"abcd") == "too-large"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (picture(10, 10), None),
        (picture(10, 10, "WEBP"), None),
        (picture(11, 10), "dimensions"),
        (picture(10, 4), "dimensions"),
        (picture(10, 10, "GIF"), "type"),
        (picture(10, 10)[:40], "type"),
        (b"\x89PNG\r\n\x1a\n", "type"),
        (b"", "type"),
        (bomb(60_000, 60_000), "dimensions"),
    ],
)
def test_picture_is_opened(content: bytes, code: str | None) -> None:
    assert judge(ImageCheck(width_max=10, height_max=10, height_min=5), content) == code


def test_small_file_does_not_become_a_huge_picture() -> None:
    assert judge(ImageCheck(width_max=100_000, height_max=100_000), bomb(9_000, 9_000)) == "dimensions"


@given(st.integers(0, 200), st.integers(0, 255))
def test_broken_picture_is_a_problem_and_nothing_else(place: int, value: int) -> None:
    content = bytearray(picture(20, 20))
    content[min(place, len(content) - 1)] = value
    assert judge(ImageCheck(), bytes(content)) in (None, "type", "dimensions")


def test_type_that_no_content_shows_is_a_mistake_of_the_site() -> None:
    with pytest.raises(ValueError, match="image/svg"):
        FileCheck(types=("image/svg+xml",))
    with pytest.raises(ValueError, match="no picture"):
        ImageCheck(types=("application/pdf",))


def test_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImageLibraryError, match=r"bistro\[images\]"):
        ImageCheck()


class Album(Struct, kw_only=True):
    title: Annotated[str, Meta(min_length=1)]
    cover: Annotated[Upload, ImageCheck(width_max=10)]
    photos: Annotated[list[Upload], Meta(max_length=2), FileCheck(types=("image/png",))] = []
    note: Upload | None = None


def album_client() -> Client:
    app = App()

    @app.get("/albums")
    async def show(form: FormView[Album]) -> Html:
        return Html(f'<form method="post" enctype="{form.enctype}">{form.html}</form>')

    @app.post("/albums")
    async def take(form: Form[Album]) -> dict[str, object]:
        value = form.value
        return {
            "cover": value.cover.file_name, "size": len(await value.cover.read()),
            "photos": [each.file_name for each in value.photos], "note": value.note is None,
        }  # fmt: skip

    return Client(app)


def test_files_are_fields_of_the_form() -> None:
    content = picture(5, 5)
    answer = album_client().post("/albums", data={"title": "Cats"}, files={"cover": ("c.png", content)})
    assert answer.json() == {"cover": "c.png", "size": len(content), "photos": [], "note": True}


def test_every_one_of_several_files_is_checked() -> None:
    files: Any = {
        "cover": ("c.png", picture(5, 5)),
        "photos": [("a.png", b"<script>"), ("b.png", picture(1, 1))],
    }
    errors = album_client().post("/albums", data={"title": "Cats"}, files=files).json()["errors"]
    assert [each["path"] for each in errors] == ["photos[0]"]


def test_number_of_files_is_limited_and_a_required_one_must_be_there() -> None:
    files: Any = {"photos": [("a.png", picture(1, 1))] * 3}
    errors = album_client().post("/albums", data={"title": "Cats"}, files=files).json()["errors"]
    assert [each["path"] for each in errors] == ["cover", "photos"]


def test_text_in_the_place_of_a_file_is_no_file() -> None:
    errors = album_client().post("/albums", data={"title": "x", "cover": "/etc/passwd"}).json()["errors"]
    assert [(each["path"], each["code"]) for each in errors] == [("cover", "missing")]


def test_page_with_files_says_how_it_is_sent() -> None:
    text = album_client().get("/albums").text
    assert 'enctype="multipart/form-data"' in text
    assert (
        'type="file" id="f-cover" name="cover" required="required" accept="image/jpeg,image/png,image/webp"'
        in text
    )
    assert 'multiple="multiple"' in text
    wrong = album_client().post(
        "/albums", data={"title": "Cats"}, files={"cover": ("c.png", b"x")}, headers={"accept": "text/html"}
    )
    assert (wrong.status, "must be JPEG or PNG or WEBP" in wrong.text) == (422, True)


def test_json_can_not_bring_files() -> None:
    app = App()

    @app.post("/x")
    async def take(body: Album) -> str:
        return "taken"

    with pytest.raises(Exception, match="Upload, which JSON can't be turned into"):
        app.freeze()


class Last(Struct):
    name: str


class Steps(Struct):
    album: Album
    last: Last


def test_file_before_the_last_step_is_refused() -> None:
    with pytest.raises(FormTypeError, match="must come last"):
        FormView(in_steps_of(Steps))
