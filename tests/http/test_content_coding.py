from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http import (
    UnsupportedMediaType,
    compress,
    content_coding,
    find_codings,
    is_compressible,
    make_compressor,
)
from bistro.http.content_coding import refuse_coded_body
from bistro.serving.memory import MemoryExchange

CODINGS = ("zstd", "br", "gzip")


def unpacker(coding: str) -> Any:
    if coding == "gzip":
        return zlib.decompressobj(wbits=31).decompress
    if coding == "br":
        return brotli.Decompressor().process
    from backports import zstd

    return zstd.ZstdDecompressor().decompress


def test_all_codings_are_there_where_their_packages_are() -> None:
    assert find_codings() == CODINGS


def test_without_packages_gzip_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> object:
        return zlib if name == "zlib" else None

    monkeypatch.setattr(content_coding, "_find_module", find)
    assert find_codings.__wrapped__() == ("gzip",)


@pytest.mark.parametrize("coding", CODINGS)
@given(content=st.binary(max_size=2000))
def test_content_comes_back_as_it_was(coding: str, content: bytes) -> None:
    for effort in ("fast", "best"):
        assert unpacker(coding)(compress(content, coding, effort)) == content


@pytest.mark.parametrize("coding", CODINGS)
def test_the_same_content_gives_the_same_bytes(coding: str) -> None:
    content = Path(content_coding.__file__).read_bytes()
    for effort in ("fast", "best"):
        assert compress(content, coding, effort) == compress(content, coding, effort)
    assert len(compress(content, coding, "best")) <= len(compress(content, coding, "fast"))


@pytest.mark.parametrize("coding", CODINGS)
@given(pieces=st.lists(st.binary(min_size=1, max_size=300), max_size=6))
def test_each_piece_can_be_read_when_it_comes(coding: str, pieces: list[bytes]) -> None:
    compressor, unpack = make_compressor(coding), unpacker(coding)
    for piece in pieces:
        assert unpack(compressor.add(piece)) == piece
    assert unpack(compressor.finish()) == b""


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/html; charset=utf-8", True),
        ("TEXT/CSS", True),
        ("application/json", True),
        ("application/problem+json", True),
        ("image/svg+xml; charset=utf-8", True),
        ("application/wasm", True),
        ("font/ttf", True),
        ("font/woff2", False),
        ("image/png", False),
        ("video/mp4", False),
        ("application/gzip", False),
        ("application/octet-stream", False),
        ("", False),
    ],
)
def test_texts_are_worth_compressing_and_pictures_are_not(content_type: str, expected: bool) -> None:
    assert is_compressible(content_type) is expected


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"identity, gzip", b"x", b""])
def test_packed_body_is_refused_and_told_what_would_be_taken(coding: bytes) -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        refuse_coded_body(MemoryExchange("POST", headers=[(b"content-encoding", coding)]))
    assert caught.value.headers == {"accept-encoding": "identity"}


@pytest.mark.parametrize(
    "headers", [[], [(b"content-encoding", b"identity")], [(b"content-encoding", b"Identity")]]
)
def test_other_bodies_are_taken(headers: list[tuple[bytes, bytes]]) -> None:
    refuse_coded_body(MemoryExchange("POST", headers=headers))
