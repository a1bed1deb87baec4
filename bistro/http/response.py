"""Answers: a status, headers and a body, with one small class for each usual kind.

How it works: nearly all answers have only the headers that their kind always has, so those are
bytes made once (`_block`). What is added goes to a short list, and the full, checked
`ResponseHeaders` exists only where somebody reads or replaces headers.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from copy import copy
from datetime import datetime, timedelta
from typing import Any, Literal

from bistro.ground.environment import expects_https
from bistro.http.cookies import make_delete_cookie, make_set_cookie
from bistro.http.default_headers import DefaultHeaders
from bistro.http.headers import ResponseHeaders, check_header, encode_headers
from bistro.http.url import check_redirect_target

TEXT_BLOCK = b"content-type: text/plain; charset=utf-8\r\n"
HTML_BLOCK = b"content-type: text/html; charset=utf-8\r\n"
JSON_BLOCK = b"content-type: application/json\r\n"
PROBLEM_BLOCK = b"content-type: application/problem+json\r\n"

SameSite = Literal["lax", "strict", "none"]

_SHARED = frozenset(["public", "s-maxage"])
_NO_STORE = ("cache-control", "no-store")
_PRIVATE = frozenset(["private", "no-store"])


class Response:
    """An answer with a body of bytes or text.

    `content_type` is what the body is; text becomes UTF-8. Raises `HeaderValueError` for headers
    that can't be sent, at the place where they are set.
    """

    __slots__ = ("_added", "_block", "_first", "_headers", "body", "status")

    is_stream = False
    _first: tuple[int, bytes, bytes, ResponseHeaders | None, tuple[tuple[str, str], ...] | None]
    """What it was before any hook changed it; not there until it is an answer."""

    def __init__(
        self,
        body: bytes | str = b"",
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str | None = None,
    ) -> None:
        if not 200 <= status <= 599:
            # RFC 9110 §15.2: behind a 1xx the client waits for the answer, and takes the next one for it.
            raise ValueError(f"an answer can't have the status {status}; it is one from 200 to 599")
        self.body = body.encode() if isinstance(body, str) else body
        self.status = status
        self._block = encode_headers({"content-type": content_type}) if content_type else b""
        self._headers: ResponseHeaders | None = None
        self._added: list[tuple[str, str]] | None = None
        if headers:
            for name, value in headers.items():
                self.headers[name] = value

    @classmethod
    def prepared(cls, status: int, block: bytes, body: bytes) -> Response:
        """An answer whose headers are complete lines already; the cheapest way to make one."""
        response = Response.__new__(Response)
        response.status = status
        response._block = block
        response.body = body
        response._headers = response._added = None
        return response

    def for_this_answer(self) -> Response:
        """This response; if it was an answer before, a copy of what it was then, before any hook changed it.

        So a site may keep one and return it often, and no request sees the cookies of another.
        """
        try:
            status, body, block, headers, added = self._first
        except AttributeError:
            headers = None if self._headers is None else self._headers.copy()
            added = None if self._added is None else tuple(self._added)
            self._first = self.status, self.body, self._block, headers, added
            return self
        twin = copy(self)
        twin.status, twin.body, twin._block = status, body, block
        twin._headers = None if headers is None else headers.copy()
        twin._added = None if added is None else list(added)
        return twin

    @property
    def headers(self) -> ResponseHeaders:
        """All headers, to be read and changed."""
        headers = self._headers
        if headers is None:
            headers = self._headers = ResponseHeaders(_split(self._block))
            for name, value in self._added or ():
                headers.add(name, value)
        return headers

    def has_header(self, name: str) -> bool:
        """Whether `name` is set; cheaper than `headers`."""
        if self._headers is not None:
            return name in self._headers
        key = name.lower()
        for each, _ in self._added or ():
            if each == key:
                return True
        return f"\r\n{key}: ".encode("latin-1") in b"\r\n" + self._block

    def add_header(self, name: str, value: str) -> None:
        """Send one more header, whatever is there already; cheaper than `headers.add`."""
        key = check_header(name, value)
        if self._headers is not None:
            self._headers.add(key, value)
        elif self._added is None:
            self._added = [(key, value)]
        else:
            self._added.append((key, value))

    def set_cookie(
        self,
        name: str,
        value: str,
        *,
        max_age: timedelta | int | None = None,
        expires: datetime | None = None,
        path: str = "/",
        domain: str | None = None,
        secure: bool | None = None,
        http_only: bool = True,
        same_site: SameSite = "lax",
        partitioned: bool = False,
    ) -> None:
        """Set a cookie; `max_age` in seconds. Raises `HeaderValueError` for what browsers would drop.

        Unless `secure` says otherwise, it is `Secure` except in development without HTTPS (ASVS 3.3.1).
        Scripts can't read it, and other sites can't send it with a POST.
        """
        if secure is None:
            secure = expects_https()
        cookie = make_set_cookie(
            name,
            value,
            max_age=max_age,
            expires=expires,
            path=path,
            domain=domain,
            secure=secure,
            http_only=http_only,
            same_site=same_site,
            partitioned=partitioned,
        )
        self.add_header("set-cookie", cookie)

    def delete_cookie(self, name: str, *, path: str = "/", domain: str | None = None) -> None:
        """Make the browser forget the cookie; `path` and `domain` must be those it was set with."""
        self.add_header("set-cookie", make_delete_cookie(name, path=path, domain=domain))

    def cache(
        self,
        seconds: int | timedelta = 0,
        *,
        public: bool = False,
        immutable: bool = False,
        no_store: bool = False,
        stale_while_revalidate_seconds: int | None = None,
    ) -> None:
        """Say who may keep the answer and how long (`Cache-Control`, RFC 9111 §5.2.2).

        Private unless `public`; `no_store` forbids every copy and overrides the rest.
        """
        if no_store:
            self.headers["cache-control"] = "no-store"
            return
        age = int(seconds.total_seconds()) if isinstance(seconds, timedelta) else seconds
        parts = ["public" if public else "private", f"max-age={age}"]
        if immutable:
            parts.append("immutable")
        if stale_while_revalidate_seconds is not None:
            parts.append(f"stale-while-revalidate={stale_while_revalidate_seconds}")
        self.headers["cache-control"] = ", ".join(parts)

    def vary(self, *names: str) -> None:
        """Say that the answer depends on these request headers (RFC 9110 §12.5.5)."""
        if len(names) != 1 or self.has_header("vary"):
            self.headers.vary(*names)
        else:
            self.add_header("vary", names[0].lower())

    def keep_private(self) -> None:
        """Let no shared cache keep it, whatever else `Cache-Control` allows (RFC 9111 §5.2.2.7)."""
        if not self.has_header("cache-control"):
            self.add_header("cache-control", "private")
            return
        if self._is_never_stored():
            return
        told = [each.strip() for each in self.headers.get("cache-control", "").split(",")]
        rest = [each for each in told if each and each.partition("=")[0].lower() not in _SHARED]
        if {each.partition("=")[0].lower() for each in rest}.isdisjoint(_PRIVATE):
            rest = ["private", *rest]
        self.headers["cache-control"] = ", ".join(rest)

    def _is_never_stored(self) -> bool:
        """Whether that is all that `Cache-Control` says, as on nearly every page of a user; found quickly."""
        if self._headers is not None or self._added is None or b"cache-control: " in self._block:
            return False
        return [each for each in self._added if each[0] == "cache-control"] == [_NO_STORE]

    def encode_with(self, encode: Callable[[object], bytes]) -> None:
        """Take the app's JSON encoder, for an answer that is made of values; most are not."""

    def header_block(self, defaults: DefaultHeaders, request: object = None) -> bytes:
        """The lines to send: own headers first, then every default that the answer does not set.

        `request` is given to those defaults that are made for each request.
        """
        headers, added = self._headers, self._added
        if headers is None and added is not None:
            if defaults.names.isdisjoint([name for name, _ in added]):
                lines = "".join([f"{name}: {value}\r\n" for name, value in added]).encode("latin-1")
                return self._block + lines + defaults.block + defaults.make_block(request)
            headers = self.headers
        if headers is None:
            return self._block + defaults.block + defaults.make_block(request)
        return headers.to_block() + defaults.block_without(headers, request)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status}>"


class Text(Response):
    """Plain text."""

    __slots__ = ()

    def __init__(self, text: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text, status=status)
        _begin(self, TEXT_BLOCK, headers)


class Html(Response):
    """HTML that is complete and safe as it is: values in it must be escaped already."""

    __slots__ = ()

    def __init__(self, html: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(html, status=status)
        _begin(self, HTML_BLOCK, headers)


class Json(Response):
    """`value` as JSON with a status or headers of its own; plain data may be returned without it."""

    __slots__ = ("value",)

    def __init__(
        self,
        value: Any,  # Any: whatever can be encoded; `encode_json` says what can't
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> None:
        super().__init__(status=status)
        block = (
            JSON_BLOCK
            if content_type == "application/json"
            else encode_headers({"content-type": content_type})
        )
        _begin(self, block, headers)
        self.value = value

    def encode_with(self, encode: Callable[[object], bytes]) -> None:
        """Make the body; called by the app, which knows the encoder."""
        self.body = encode(self.value)


class Redirect(Response):
    """Send the client elsewhere on this site; to another only if its host is in `allowed_hosts`.

    303 makes the next request a GET, which is what follows a form; 307 and 308 keep the method.
    Raises `BadRequest` for a target that would leave the site (CWE-601).
    """

    __slots__ = ()

    def __init__(
        self,
        to: str,
        *,
        status: Literal[301, 302, 303, 307, 308] = 303,
        allowed_hosts: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status=status)
        target = check_redirect_target(to, tuple(allowed_hosts))
        _begin(self, encode_headers({"location": target}), headers)


class Empty(Response):
    """No body: 204 unless another status is given."""

    __slots__ = ()

    def __init__(self, *, status: int = 204, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status=status, headers=headers)


# Any: kinds of streams have pieces of their own, and make bytes of them in `encode_piece`.
Pieces = AsyncIterable[Any] | Iterable[Any]


class Stream(Response):
    """An answer sent while `pieces` (a sync or async generator of bytes or text) makes it.

    The generator waits while the client reads slowly, and is closed if the client goes away.
    A blocking sync generator is stepped in a thread. `length` is the size of the whole in bytes.
    """

    __slots__ = ("length", "pieces")

    is_stream = True

    def __init__(
        self,
        pieces: Pieces,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/octet-stream",
        length: int | None = None,
    ) -> None:
        super().__init__(status=status, content_type=content_type, headers=headers)
        self.pieces = pieces
        self.length = length

    # Any: see `Pieces`.
    def encode_piece(self, piece: Any) -> bytes:
        """One piece as it is sent. Raises TypeError for what is neither bytes nor text."""
        if type(piece) is bytes:
            return piece
        if isinstance(piece, str):
            return piece.encode()
        if isinstance(piece, (bytes, bytearray, memoryview)):
            return bytes(piece)
        raise TypeError(
            f"a stream of {type(piece).__name__}: yield bytes or text, "
            "or return JsonLines(...) or EventStream(...) for values"
        )


def _begin(response: Response, block: bytes, headers: Mapping[str, str] | None) -> None:
    response._block = block
    if headers:
        for name, value in headers.items():
            response.headers[name] = value


def _split(block: bytes) -> list[tuple[str, str]]:
    lines = block.decode("latin-1").split("\r\n")[:-1]
    return [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
