"""The cookies of a test client, kept and sent as a browser does (RFC 6265bis)."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from typing import Final

from bistro.ground.clock import Clock
from bistro.http.dates import parse_http_date
from bistro.http.url import Url

COOKIE_SIZE_MAX: Final = 4096


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie and where it may be sent; `expires` is in seconds since 1970, None for a session."""

    name: str
    value: str
    host: str
    path: str = "/"
    host_only: bool = True
    secure: bool = False
    expires: float | None = None
    http_only: bool = False
    same_site: str = ""


class CookieJar(MutableMapping[str, str]):
    """Cookies by name, with `add` for what a response sets and `get_header` for what a request sends.

    As a mapping it shows the name and value of every cookie that is not expired; a value assigned
    is a cookie of the client's own host. `get_cookie` tells a cookie's attributes.
    """

    def __init__(self, host: str, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._cookies: dict[tuple[str, str, str], Cookie] = {}

    def add(self, set_cookie: str, url: Url) -> None:
        """Take the value of a `Set-Cookie` header of an answer from `url`.

        What a browser drops is dropped: cookies for other hosts, over 4,096 bytes, or that break
        the promise of a `__Host-` or `__Secure-` name.
        """
        cookie = _parse(set_cookie, url, self._clock.time())
        if cookie is None:
            return
        self._cookies.pop((cookie.host, cookie.path, cookie.name), None)
        if not self._is_expired(cookie):
            self._cookies[cookie.host, cookie.path, cookie.name] = cookie

    def find_header(self, url: Url) -> str:
        """What the `Cookie` header of a request to `url` holds; empty if nothing fits."""
        path = url.path
        fitting = [cookie for cookie in self._alive() if _fits(cookie, url, path)]
        # RFC 6265 §5.4: longer paths first.
        fitting.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in fitting)

    def get_cookie(self, name: str) -> Cookie:
        """The cookie `name` with its attributes. Raises KeyError."""
        for cookie in self._alive():
            if cookie.name == name:
                return cookie
        raise KeyError(name)

    def __getitem__(self, name: str) -> str:
        return self.get_cookie(name).value

    def __setitem__(self, name: str, value: str) -> None:
        self._cookies[self._host, "/", name] = Cookie(name, value, self._host)

    def __delitem__(self, name: str) -> None:
        keys = [key for key in self._cookies if key[2] == name]
        if not keys:
            raise KeyError(name)
        for key in keys:
            del self._cookies[key]

    def __iter__(self) -> Iterator[str]:
        return iter({cookie.name: None for cookie in self._alive()})

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __repr__(self) -> str:
        return f"CookieJar({dict(self)!r})"

    def _alive(self) -> list[Cookie]:
        return [cookie for cookie in self._cookies.values() if not self._is_expired(cookie)]

    def _is_expired(self, cookie: Cookie) -> bool:
        return cookie.expires is not None and cookie.expires <= self._clock.time()


def is_trustworthy(url: Url) -> bool:
    """Whether browsers treat `url` as secure: https, and loopback without it (W3C Secure Contexts §3.1)."""
    return url.scheme == "https" or url.host in _LOOPBACK or url.host.endswith(".localhost")


def _parse(text: str, url: Url, now: float) -> Cookie | None:
    pair, *attributes = text.split(";")
    name, separator, value = pair.partition("=")
    name, value = name.strip(" \t"), value.strip(" \t")
    if not separator or not name or len(name) + len(value) > COOKIE_SIZE_MAX:
        return None
    told = {}
    for attribute in attributes:
        key, _, given = attribute.partition("=")
        told[key.strip(" \t").lower()] = given.strip(" \t")
    domain = told.get("domain", "").lower().removeprefix(".")
    if domain and url.host != domain and not url.host.endswith("." + domain):
        return None
    secure = "secure" in told
    path = told.get("path", "")
    if not _keeps_promise(name, secure=secure, path=path, domain=domain):
        return None
    if secure and not is_trustworthy(url):
        return None
    return Cookie(
        name=name,
        value=value,
        host=domain or url.host,
        path=path if path.startswith("/") else _default_path(url.path),
        host_only=not domain,
        secure=secure,
        expires=_expiry(told, now),
        http_only="httponly" in told,
        same_site=told.get("samesite", "").lower(),
    )


def _keeps_promise(name: str, *, secure: bool, path: str, domain: str) -> bool:
    # RFC 6265bis §4.1.3.
    if name.lower().startswith("__host-"):
        return secure and path == "/" and not domain
    return secure or not name.lower().startswith("__secure-")


def _default_path(path: str) -> str:
    # RFC 6265 §5.1.4: up to the last slash.
    return path[: path.rfind("/")] or "/"


def _expiry(told: dict[str, str], now: float) -> float | None:
    # RFC 6265 §5.3: Max-Age wins over Expires, and what can't be read is ignored.
    max_age = told.get("max-age", "")
    if max_age.removeprefix("-").isdecimal() and max_age.isascii():
        return now + int(max_age[:12])
    expires = parse_http_date(told.get("expires", ""))
    return None if expires is None else expires.timestamp()


def _fits(cookie: Cookie, url: Url, path: str) -> bool:
    if cookie.secure and not is_trustworthy(url):
        return False
    if url.host != cookie.host and (cookie.host_only or not url.host.endswith("." + cookie.host)):
        return False
    # RFC 6265 §5.1.4: /docs fits /docs and /docs/x, not /docsets.
    return path == cookie.path or path.startswith(cookie.path.rstrip("/") + "/")


_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
