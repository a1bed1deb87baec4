"""Form bodies: what kind they are, and URL-encoded ones.

Multipart bodies, which may have files, are read by `multipart.py`.
"""

from __future__ import annotations

from typing import Final

from bistro.ground.multidict import MultiDict
from bistro.http.errors import BadRequest, ContentTooLarge, UnsupportedMediaType
from bistro.http.headers import TOKEN
from bistro.http.parameters import parse_parameters
from bistro.http.url import split_fields


def parse_urlencoded(body: bytes, *, fields_max: int = 1000, charset: str | None = None) -> MultiDict[str]:
    """The fields of an `application/x-www-form-urlencoded` body. Only `&` separates them.

    `charset` is the parameter of that name in the Content-Type, None where there is none.
    Raises `BadRequest` for invalid escapes or UTF-8, `ContentTooLarge` for more than `fields_max`
    fields, `UnsupportedMediaType` for another charset than UTF-8.
    """
    require_utf8(charset)
    if body.count(b"&") >= fields_max:
        raise ContentTooLarge(f"The form has more than {fields_max} fields.")
    return MultiDict(split_fields(decode_utf8(body, "form"), "form", fields_max)) if body else MultiDict()


def parse_content_type(value: str) -> tuple[str, dict[str, str]]:
    """Media type, in lower case, and parameters of a `Content-Type` (RFC 9110 §8.3.1).

    Raises `BadRequest` if it is malformed.
    """
    parsed = parse_parameters(value)
    if parsed is not None:
        kind, slash, subkind = parsed[0].partition("/")
        if slash and TOKEN.fullmatch(kind) and TOKEN.fullmatch(subkind):
            return parsed[0].lower(), parsed[1]
    raise BadRequest("The Content-Type is malformed.")


def require_utf8(charset: str | None) -> None:
    """Raise `UnsupportedMediaType` if `charset`, of a Content-Type, names another encoding than UTF-8.

    The name is never looked up: Python's codecs include compressors and escapes (utf-7, zlib), which
    are ways to crash or to smuggle (CVE-2019-1010083).
    """
    if charset is not None and charset.lower() not in _CHARSETS:
        raise UnsupportedMediaType("Only the charset UTF-8 is supported.")


def decode_utf8(data: bytes, where: str) -> str:
    """`data` as text. Raises `BadRequest`, naming `where`, if it isn't UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadRequest(f"The {where} isn't UTF-8.") from None


# ASCII is a part of UTF-8.
_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii"})
