"""Query strings, paths, hosts and redirect targets: strict in what they take, quoted in what they give.

How it works: percent-encoding is quoted-printable with another escape sign, and the standard library
decodes that in C. So escapes are checked by one search, the sign is exchanged, and two MiB of nothing
but escapes take milliseconds, where a loop over them would hold the event loop for a second.
"""

from __future__ import annotations

import re
import socket
from binascii import a2b_qp
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from bistro.ground.multidict import MultiDict, multi_items_of
from bistro.http.errors import BadRequest

QueryValue = str | int | float | bool | None


class Url(Struct, frozen=True):
    """An absolute URL in parts; `path` and `query` are percent-encoded, `host` is lower case.

    An IPv6 host stands in its brackets; `port` is None where the scheme's own port is meant.
    """

    scheme: str
    host: str
    port: int | None = None
    path: str = "/"
    query: str = ""

    @property
    def origin(self) -> str:
        """Scheme, host and port as browsers write them in `Origin` (RFC 6454 §6.2)."""
        if self.port is None or self.port == _DEFAULT_PORTS.get(self.scheme):
            return f"{self.scheme}://{self.host}"
        return f"{self.scheme}://{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.origin}{self.path}?{self.query}" if self.query else f"{self.origin}{self.path}"


def parse_query(text: str, *, fields_max: int = 1000) -> MultiDict[str]:
    """The fields of a query string, in order. Only `&` separates them (CVE-2021-23336), `+` is a space.

    Raises `BadRequest` for more than `fields_max` fields, an invalid escape or invalid UTF-8.
    """
    return MultiDict(split_fields(text, "query string", fields_max)) if text else MultiDict(())


def split_fields(text: str, where: str, fields_max: int) -> list[tuple[str, str]]:
    """The fields of an `application/x-www-form-urlencoded` text; `where` names it in errors."""
    if text.count("&") >= fields_max:
        raise BadRequest(f"The {where} has more than {fields_max} fields.")
    # partition is taken over split, so that `a=b=c` keeps what follows the first sign.
    parts = [piece.partition("=") for piece in text.split("&") if piece]
    if "%" not in text and "+" not in text:
        return [(name, value) for name, _, value in parts]
    return [(_decode_field(name, where), _decode_field(value, where)) for name, _, value in parts]


def encode_query(
    pairs: Mapping[str, QueryValue | Iterable[QueryValue]]
    | Iterable[tuple[str, QueryValue | Iterable[QueryValue]]],
) -> str:
    """The query string for `pairs`: lists are repeated, None is left out, `True` is `true`.

    Raises ValueError for a lone surrogate.
    """
    fields: list[str] = []
    for name, value in multi_items_of(pairs):
        many = [value] if value is None or isinstance(value, (str, int, float)) else value
        key = _quote_field(name)
        fields += [f"{key}={_quote_field(_text_of(each))}" for each in many if each is not None]
    return "&".join(fields)


def quote_path_segment(text: str) -> str:
    """`text` as one segment of a path: a `/` in it is encoded (RFC 3986 §3.3)."""
    return _quote(text, _NOT_IN_SEGMENT, _SEGMENT_ESCAPES)


def quote_path(text: str) -> str:
    """`text` as a path: everything but the slashes is encoded where it must be."""
    return _quote(text, _NOT_IN_PATH, _PATH_ESCAPES)


def unquote_path(text: str) -> str:
    """The decoded path. Raises `BadRequest` for an invalid escape, invalid UTF-8 or a NUL."""
    path = _decode(text, "path") if "%" in text else text
    if "\0" in path:
        raise BadRequest("The path has a NUL character.")
    return path


def is_local_redirect(url: str) -> bool:
    """Whether a browser that follows `url` stays on the site: a path, a query or a fragment.

    Browsers read a backslash as a slash, drop tabs and line breaks, and take `//host` for another
    site, so none of them may occur (ASVS 3.7.2, CWE-601). Nothing is decoded or normalised.
    """
    # The length comes first, so that a huge text costs nothing (CVE-2025-64458).
    if len(url) > REDIRECT_LENGTH_MAX or not url.isprintable() or "\\" in url or " " in url:
        return False
    return url.startswith(("?", "#")) or (url.startswith("/") and not url.startswith("//"))


def check_redirect_target(url: str, allowed_hosts: Collection[str] = ()) -> str:
    """Return `url`, fit for `Location`, if it stays on the site or leads to one of `allowed_hosts`.

    These are lower case, compared letter by letter, and reached by http or https; give `host:port` for
    another port than the scheme's own. Letters outside of ASCII come back percent-encoded.
    Raises `BadRequest`, because such targets come from requests (`?next=`).
    """
    if is_local_redirect(url) or (allowed_hosts and _leads_to(url, allowed_hosts)):
        return url if url.isascii() else _quote(url, _NOT_ASCII, _NON_ASCII_ESCAPES)
    raise BadRequest("The redirect would leave this site: its target must begin with a single slash.")


def parse_host(header: str) -> tuple[str, int | None]:
    """Host, in lower case, and port of a `Host` header (RFC 9110 §7.2, RFC 3986 §3.2.2).

    IPv6 addresses keep their brackets. Raises `BadRequest` for anything that isn't a plain name or
    address: user names, paths, blanks, escapes, and IPv4 in octal, hex or short forms (CVE-2021-33571).
    """
    if len(header) <= _HOST_LENGTH_MAX and (match := _HOST.fullmatch(header)):
        host, digits = match["host"].lower(), match["port"]
        port = int(digits) if digits else None
        if (port is None or 0 < port < 65536) and _is_host(host):
            return host.removesuffix("."), port
    raise BadRequest("The host is malformed.")


def _decode_field(text: str, where: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    return _decode(text, where) if "%" in text else text


def _decode(text: str, where: str) -> str:
    if _BROKEN_ESCAPE.search(text):
        raise BadRequest(f"The {where} has a percent sign without two hexadecimal digits.")
    try:
        return a2b_qp(text.encode().replace(b"=", b"=3D").replace(b"%", b"=")).decode()
    except UnicodeError:
        raise BadRequest(f"The {where} isn't UTF-8.") from None


def _quote(text: str, unsafe: re.Pattern[str], escapes: Sequence[str]) -> str:
    # Most texts need no escape; in the others, each byte is looked up.
    return "".join(map(escapes.__getitem__, text.encode())) if unsafe.search(text) else text


def _quote_field(text: str) -> str:
    return _quote(text, _NOT_IN_FIELD, _FIELD_ESCAPES)


def _text_of(value: QueryValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _leads_to(url: str, allowed_hosts: Collection[str]) -> bool:
    if len(url) > REDIRECT_LENGTH_MAX or not (url.isascii() and url.isprintable()):
        return False
    match = _ABSOLUTE.fullmatch(url)
    if match is None:
        return False
    try:
        host, port = parse_host(match["authority"])
    except BadRequest:
        return False
    if port is None or port == _DEFAULT_PORTS[match["scheme"].lower()]:
        return host in allowed_hosts
    return f"{host}:{port}" in allowed_hosts


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return _is_ipv6(host[1:-1])
    name = host.removesuffix(".")
    labels = name.split(".")
    # RFC 1035 §2.3.4, as text: 253 characters in all, 63 in a label.
    if len(name) > 253 or any(not label or len(label) > 63 for label in labels):
        return False
    # The WHATWG URL standard takes every host whose last label is a number for an IPv4 address.
    if _NUMBER.fullmatch(labels[-1]):
        return not host.endswith(".") and _IPV4.fullmatch(host) is not None
    return True


def _is_ipv6(address: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET6, address)
    except OSError:
        return False
    return True


REDIRECT_LENGTH_MAX: Final = 2048
_HOST_LENGTH_MAX: Final = 254 + len(":65535")
_DEFAULT_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443, "ws": 80, "wss": 443}

_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NOT_IN_FIELD: Final = re.compile(r"[^A-Za-z0-9\-._~]")
_NOT_IN_SEGMENT: Final = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@]")
_NOT_IN_PATH: Final = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/]")
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")


def _escapes(unsafe: re.Pattern[str], space: str = "%20") -> Sequence[str]:
    """What each byte becomes."""
    letters = [f"%{code:02X}" if unsafe.match(chr(code)) else chr(code) for code in range(256)]
    letters[ord(" ")] = space
    return letters


_FIELD_ESCAPES: Final = _escapes(_NOT_IN_FIELD, space="+")
_SEGMENT_ESCAPES: Final = _escapes(_NOT_IN_SEGMENT)
_PATH_ESCAPES: Final = _escapes(_NOT_IN_PATH)
_NON_ASCII_ESCAPES: Final = _escapes(_NOT_ASCII)

_ABSOLUTE: Final = re.compile(r"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://(?P<authority>[^/?#\\]*)(?:[/?#][^\\]*)?")
_HOST: Final = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4: Final = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
