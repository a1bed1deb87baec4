"""What uploads may be: checked by their content, since name and type are only what a client claims."""

from __future__ import annotations

from typing import Any, Final  # Any: a picture of Pillow, which is imported late

from msgspec import Struct

from bistro.ground.concurrency import run_in_thread
from bistro.ground.errors import SetupError
from bistro.http import Upload
from bistro.validation import ValidationFailed
from bistro.validation.errors import failure

HEAD_SIZE: Final = 512
MIB: Final = 1024 * 1024


class ImageLibraryError(SetupError):
    """Images are to be checked, and Pillow is not installed."""

    code = "B955"


class FileCheck(Struct, frozen=True, kw_only=True):
    """What a file may be: `cv: Annotated[Upload, FileCheck(types=("application/pdf",), size_max=2_000_000)]`.

    The type is that of the content, found by how it begins (WHATWG MIME Sniffing §6; ASVS 5.0, 5.2.2);
    `find_type` says which are known. Sizes are in bytes. A check of your own is a subclass with `check`.
    """

    types: tuple[str, ...] = ()
    """Media types such as "image/png"; none lets every type in."""
    size_max: int | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a type that nothing could ever have."""
        unknown = [each for each in self.types if each not in KNOWN_TYPES]
        if unknown:
            raise ValueError(f"content can't show that it is {unknown[0]}; known are {sorted(KNOWN_TYPES)}")

    @property
    def accepted(self) -> tuple[str, ...]:
        """What browsers offer to choose."""
        return self.types

    async def check(self, upload: Upload) -> None:
        """Raise `ValidationFailed` for a file that may not be taken; it is at its beginning afterwards."""
        if self.size_max is not None and upload.size > self.size_max:
            raise failure(f"may have at most {_shown_size(self.size_max)}", "too-large")
        if self.types:
            await upload.seek(0)
            found = find_type(await upload.read(HEAD_SIZE))
            await upload.seek(0)
            if found not in self.types:
                raise failure(f"must be {' or '.join(map(_shown_type, self.types))}", "type")


class ImageCheck(FileCheck, frozen=True, kw_only=True):
    """What a picture may be: its format, and its size in pixels. Needs `bistro[images]` (Pillow).

    The picture is opened, which shows that it is one; `pixels_max` is looked at before anything is
    unpacked, so that a small file can't become a huge picture.
    """

    types: tuple[str, ...] = ("image/jpeg", "image/png", "image/webp")
    width_min: int = 1
    height_min: int = 1
    width_max: int = 10_000
    height_max: int = 10_000
    pixels_max: int = 50_000_000

    def __post_init__(self) -> None:
        """Raise `ImageLibraryError` (B955) without Pillow, and ValueError for what is no picture."""
        super().__post_init__()
        other = [each for each in self.types if each not in _FORMATS]
        if other:
            raise ValueError(f"{other[0]} is no picture; known are {sorted(_FORMATS)}")
        _load_pillow()

    async def check(self, upload: Upload) -> None:
        """Raise `ValidationFailed` for what is no such picture."""
        await super().check(upload)
        try:
            await run_in_thread(self._look, upload)
        finally:
            await upload.seek(0)

    def _look(self, upload: Upload) -> None:
        image_module = _load_pillow()
        try:
            upload.file.seek(0)
            with image_module.open(upload.file, formats=[_FORMATS[each] for each in self.types]) as picture:
                width, height = picture.size
                self._judge(width, height)
                picture.verify()
        except ValidationFailed:
            raise
        except (image_module.DecompressionBombError, image_module.DecompressionBombWarning):
            raise failure("has too many pixels", "dimensions") from None
        except Exception:  # noqa: BLE001 - a broken file makes decoders raise whatever they like
            raise failure("is no picture that can be opened", "type") from None

    def _judge(self, width: int, height: int) -> None:
        if width * height > self.pixels_max or width > self.width_max or height > self.height_max:
            largest = f"{self.width_max} × {self.height_max}"
            raise failure(f"has {width} × {height} pixels, and may have at most {largest}", "dimensions")
        if width < self.width_min or height < self.height_min:
            least = f"{self.width_min} × {self.height_min}"
            raise failure(f"has {width} × {height} pixels, and needs at least {least}", "dimensions")


def find_type(head: bytes) -> str:
    """The media type of content that begins with `head` (512 bytes are enough).

    "text/plain" for what could be text in UTF-8, "application/octet-stream" for anything else. What
    may hold scripts, HTML and SVG, is text here: never give it back as a page.
    """
    for offset, signature, kind in _SIGNATURES:
        if head.startswith(signature, offset) and (signature != b"RIFF" or head[8:12] == b"WEBP"):
            return kind
    return "text/plain" if _is_text(head) else "application/octet-stream"


def _is_text(head: bytes) -> bool:
    if head.translate(None, _CONTROLS) != head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The last character may be cut.
        return len(head) >= HEAD_SIZE and error.start >= len(head) - 3
    return True


_CONTROLS: Final = bytes({*range(0x20), 0x7F} - {0x09, 0x0A, 0x0C, 0x0D, 0x1B})
# WHATWG MIME Sniffing §6.1 to §6.4, and the signatures of IANA's registrations.
_SIGNATURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"RIFF", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (0, b"BM", "image/bmp"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"OggS\x00", "application/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (4, b"ftyp", "video/mp4"),
)
KNOWN_TYPES: Final = frozenset({kind for _, _, kind in _SIGNATURES} | {"text/plain"})
_FORMATS: Final = {
    "image/avif": "AVIF",
    "image/bmp": "BMP",
    "image/gif": "GIF",
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
}
_NAMES: Final = {"text/plain": "a text in UTF-8", "application/pdf": "a PDF"}


def _load_pillow() -> Any:
    try:
        # Late: an extra, and slow to load.
        from PIL import Image
    except ImportError:
        raise ImageLibraryError(
            "pictures are to be checked, and Pillow is not installed", fix="pip install 'bistro[images]'"
        ) from None
    return Image


def _shown_type(kind: str) -> str:
    return _NAMES.get(kind) or kind.partition("/")[2].upper()


def _shown_size(size: int) -> str:
    return f"{size / MIB:.3g} MiB" if size >= MIB else f"{size:,} bytes"
