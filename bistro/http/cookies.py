"""Cookies: a reader that takes one pass, and a writer that refuses what a browser would drop.

Rules are those of RFC 6265bis; the standard library's reader is quadratic (CVE-2024-7592).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final, Literal

from bistro.http.dates import format_http_date
from bistro.http.errors import BadRequest
from bistro.http.headers import TOKEN, HeaderValueError

SameSite = Literal["lax", "strict", "none"]

COOKIE_SIZE_MAX: Final = 4096


def parse_cookies(header: bytes | str, *, count_max: int = 50, size_max: int = 8192) -> dict[str, str]:
    """Names and values of a `Cookie` header; of equal names the first, which has the longer path.

    A cookie without a name is dropped, for a browser sends `=__Host-a=b` for a value that looks like
    a protected cookie (CVE-2023-23934). Raises `BadRequest` beyond `count_max` cookies or `size_max` bytes.
    """
    if len(header) > size_max:
        raise BadRequest(f"The cookies are over {size_max} bytes.")
    text = header if isinstance(header, str) else header.decode("latin-1")
    # Browsers put one space behind each semicolon: taken away here, nearly no header needs a closer look.
    text = text.replace("; ", ";")
    has_blanks_or_quotes = " " in text or '"' in text or "\t" in text
    pieces = text.split(";")
    if len(pieces) > count_max:
        raise BadRequest(f"There are more than {count_max} cookies.")
    cookies: dict[str, str] = {}
    for piece in pieces:
        name, _, value = piece.partition("=")
        if has_blanks_or_quotes:
            # Space and tab only: `strip()` would drop U+00A0 too and make `\xa0__Host-a` a `__Host-a`.
            name, value = name.strip(" \t"), _unquote(value.strip(" \t"))
        if name and name not in cookies:
            cookies[name] = value
    return cookies


def make_set_cookie(
    name: str,
    value: str,
    *,
    max_age: timedelta | int | None = None,
    expires: datetime | None = None,
    path: str = "/",
    domain: str | None = None,
    secure: bool = False,
    http_only: bool = True,
    same_site: SameSite | None = "lax",
    partitioned: bool = False,
) -> str:
    """The value of a `Set-Cookie` header. `max_age` is in seconds; without it and `expires` the cookie
    lasts until the browser is closed.

    Raises `HeaderValueError` for what a browser would drop without a word, or read as an attribute:
    forbidden characters, broken `__Host-` and `__Secure-` promises, more than 4,096 bytes.
    """
    _check(name, value, path, domain)
    _check_promises(name, path, domain, secure, same_site, partitioned)
    parts = [f"{name}={value}"]
    if max_age is not None:
        parts.append(f"Max-Age={int(max_age.total_seconds() if isinstance(max_age, timedelta) else max_age)}")
    if expires is not None:
        parts.append(f"Expires={format_http_date(expires)}")
    parts.append(f"Path={path}")
    if domain is not None:
        parts.append(f"Domain={domain}")
    if secure:
        parts.append("Secure")
    if http_only:
        parts.append("HttpOnly")
    if same_site is not None:
        parts.append(_SAME_SITE[same_site])
    if partitioned:
        parts.append("Partitioned")
    line = "; ".join(parts)
    if len(line) > COOKIE_SIZE_MAX:
        raise HeaderValueError(
            f"the cookie {name} has {len(line)} bytes; browsers drop cookies over {COOKIE_SIZE_MAX}",
            fix="Keep the data on the server, e.g. in the session, and only its id in the cookie.",
        )
    return line


def make_delete_cookie(
    name: str,
    *,
    path: str = "/",
    domain: str | None = None,
    secure: bool = False,
    http_only: bool = True,
    same_site: SameSite | None = "lax",
    partitioned: bool = False,
) -> str:
    """The `Set-Cookie` value that makes a browser forget a cookie set with the same attributes."""
    return make_set_cookie(
        name,
        "",
        max_age=0,
        path=path,
        domain=domain,
        secure=secure,
        http_only=http_only,
        same_site=same_site,
        partitioned=partitioned,
    )


def _unquote(value: str) -> str:
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    inside = value[1:-1]
    return _ESCAPE.sub(_unescape, inside) if "\\" in inside else inside


def _unescape(match: re.Match[str]) -> str:
    octal = match[1]
    return chr(int(octal, 8)) if octal else match[2]


def _check(name: str, value: str, path: str, domain: str | None) -> None:
    if not TOKEN.fullmatch(name):
        raise HeaderValueError(
            f"{name[:60]!r} can't be the name of a cookie",
            fix="Use letters, digits, hyphens and underscores.",
        )
    if bad := _NOT_IN_VALUE.search(value):
        raise HeaderValueError(
            f"the value of the cookie {name} has {bad[0]!r}, which a cookie can't hold",
            fix="Encode it, e.g. with urllib.parse.quote, or keep it in the session.",
        )
    if not path.startswith("/") or _NOT_IN_PATH.search(path):
        raise HeaderValueError(
            f"{path[:60]!r} can't be the path of the cookie {name}", fix="Give a path that begins with /."
        )
    if domain is not None and not _DOMAIN.fullmatch(domain):
        raise HeaderValueError(
            f"{domain[:60]!r} can't be the domain of the cookie {name}",
            fix="Give a plain host name, e.g. example.com.",
        )


def _check_promises(
    name: str, path: str, domain: str | None, secure: bool, same_site: str | None, partitioned: bool
) -> None:
    # RFC 6265bis §4.1.3: browsers compare the prefixes without regard to case.
    prefix = name[:9].lower()
    is_host_cookie = prefix.startswith("__host-")
    faults = [
        ("the prefix __Host- needs secure=True", is_host_cookie and not secure),
        ('the prefix __Host- needs path="/"', is_host_cookie and path != "/"),
        ("the prefix __Host- allows no domain", is_host_cookie and domain is not None),
        ("the prefix __Secure- needs secure=True", prefix == "__secure-" and not secure),
        ('same_site="none" needs secure=True', same_site == "none" and not secure),
        ("partitioned=True needs secure=True", partitioned and not secure),
        (
            f"same_site can't be {str(same_site)[:20]!r}",
            same_site is not None and same_site not in _SAME_SITE,
        ),
    ]
    found = [fault for fault, is_there in faults if is_there]
    if found:
        raise HeaderValueError(
            f"browsers would drop the cookie {name}: {'; '.join(found)}",
            fix="Change the argument or the name.",
        )


_SAME_SITE: Final = {"lax": "SameSite=Lax", "strict": "SameSite=Strict", "none": "SameSite=None"}
# RFC 6265 §4.1.1, cookie-octet: neither controls, blanks, quotes, commas, semicolons nor backslashes.
_NOT_IN_VALUE: Final = re.compile(r"[^!#-+\--:<-\[\]-~]")
_NOT_IN_PATH: Final = re.compile(r"[^\x20-:<-~]")
_DOMAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
# The octal form is what Python's http.cookies writes, and with it Django and Flask.
_ESCAPE: Final = re.compile(r"\\(?:([0-3][0-7]{2})|(.))", re.DOTALL)
