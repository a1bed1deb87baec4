"""Content codings (RFC 9110 §8.4.1) of answers: zstd and br where their packages are installed, gzip always.

Both packages come with `pip install 'bistro[compression]'`; Python 3.14 has zstd itself.
"""

from __future__ import annotations

import importlib
import sys
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any, Final, Literal, Protocol  # Any: these modules are loaded late and have no types here

from bistro.ground.types import Exchange
from bistro.http.errors import UnsupportedMediaType

Effort = Literal["fast", "best"]
"""`fast` for what is made for one request, `best` for what is made once."""


def refuse_coded_body(exchange: Exchange) -> None:
    """Raise `UnsupportedMediaType` for a request whose body is in a content coding.

    Nothing is unpacked unless a handler does it itself: 80 kB can be made to become 80 MB.
    """
    coding = exchange.find_header(b"content-encoding")
    if coding is not None and coding.lower() != b"identity":
        # RFC 9110 §12.5.3: the header says which codings would be taken.
        detail = "Send the body as it is, without a content coding."
        raise UnsupportedMediaType(detail, headers={"accept-encoding": "identity"})


class Compressor(Protocol):
    """Compresses what comes piece by piece."""

    def add(self, piece: bytes) -> bytes:
        """The compressed piece, complete, so that the client can read it at once."""
        ...

    def finish(self) -> bytes:
        """What ends the whole."""
        ...


@cache
def find_codings() -> tuple[str, ...]:
    """The codings that can be made here, the one with the best ratio of size to effort first."""
    packages = {"zstd": _ZSTD, "br": "brotli", "gzip": "zlib"}
    return tuple(coding for coding, package in packages.items() if _find_module(package) is not None)


def is_compressible(content_type: str) -> bool:
    """Whether content of this media type is worth compressing: texts are, pictures have been already."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind.endswith(("+json", "+xml")) or kind in _COMPRESSIBLE


def compress(content: bytes, coding: str, effort: Effort = "fast") -> bytes:
    """`content` in `coding`, which is one of `find_codings()`; the same bytes for the same content."""
    return _COMPRESS[coding](content, _LEVELS[effort][coding])


def make_compressor(coding: str) -> Compressor:
    """A compressor for an answer that is made in pieces."""
    return _COMPRESSORS[coding](_LEVELS["fast"][coding])


class _Gzip:
    def __init__(self, level: int) -> None:
        # 16 more than the window's size asks for the head and foot of gzip.
        self._compressor = zlib.compressobj(level, wbits=16 + zlib.MAX_WBITS)

    def add(self, piece: bytes) -> bytes:
        return self._compressor.compress(piece) + self._compressor.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._compressor.flush()


class _Brotli:
    def __init__(self, level: int) -> None:
        self._compressor: Any = _module("brotli").Compressor(quality=level)

    def add(self, piece: bytes) -> bytes:
        compressed: bytes = self._compressor.process(piece) + self._compressor.flush()
        return compressed

    def finish(self) -> bytes:
        compressed: bytes = self._compressor.finish()
        return compressed


class _Zstd:
    def __init__(self, level: int) -> None:
        self._compressor: Any = _module(_ZSTD).ZstdCompressor(level=level)

    def add(self, piece: bytes) -> bytes:
        compressed: bytes = self._compressor.compress(piece, mode=self._compressor.FLUSH_BLOCK)
        return compressed

    def finish(self) -> bytes:
        compressed: bytes = self._compressor.flush()
        return compressed


def _gzip(content: bytes, level: int) -> bytes:
    compressor = zlib.compressobj(level, wbits=16 + zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush()


def _brotli(content: bytes, level: int) -> bytes:
    compressed: bytes = _module("brotli").compress(content, quality=level)
    return compressed


def _zstd(content: bytes, level: int) -> bytes:
    compressed: bytes = _module(_ZSTD).compress(content, level)
    return compressed


def _module(name: str) -> ModuleType:
    module = _find_module(name)
    assert module is not None, f"{name} is not installed"
    return module


@cache
def _find_module(name: str) -> ModuleType | None:
    # Loaded late: they are large, and most sites compress nothing themselves.
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


_COMPRESSIBLE: Final = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/jsonl",
        "application/rtf",
        "application/toml",
        "application/vnd.ms-fontobject",
        "application/wasm",
        "application/x-ndjson",
        "application/xml",
        "application/yaml",
        "font/collection",
        "font/otf",
        "font/ttf",
        "image/bmp",
        "image/x-icon",
    }
)
_ZSTD: Final = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
_LEVELS: Final[Mapping[Effort, Mapping[str, int]]] = {
    "fast": {"zstd": 3, "br": 4, "gzip": 4},
    "best": {"zstd": 19, "br": 11, "gzip": 9},
}
_COMPRESS: Final[Mapping[str, Callable[[bytes, int], bytes]]] = {
    "zstd": _zstd,
    "br": _brotli,
    "gzip": _gzip,
}
_COMPRESSORS: Final[Mapping[str, Callable[[int], Compressor]]] = {
    "zstd": _Zstd,
    "br": _Brotli,
    "gzip": _Gzip,
}
