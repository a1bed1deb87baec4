"""From `client.post("/", json=…)` to an exchange: the request that a browser or script would send."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypedDict, cast
from urllib.parse import quote, urljoin, urlsplit

import msgspec

from bistro.http.methods import SAFE_METHODS
from bistro.http.url import QueryValue, Url, encode_query
from bistro.serving.memory import MemoryExchange
from bistro.serving.memory_socket import MemorySocket
from bistro.validation import encode_json

Fields = Mapping[str, QueryValue | Iterable[QueryValue]] | Sequence[tuple[str, QueryValue]]
HeaderFields = Mapping[str, str | None] | Sequence[tuple[str, str | None]]
File = tuple[str, bytes] | tuple[str, bytes, str]
"""File name, content, and content type (`application/octet-stream` where it is left out)."""
Content = bytes | str | Iterable[bytes] | AsyncIterable[bytes]


class RequestOptions(TypedDict, total=False):
    """What every method of a test client takes besides the URL; all of it may be left out."""

    params: Fields
    """Added to the URL's query; lists are repeated, None is left out."""
    headers: HeaderFields
    """Replace the client's own of the same name; None leaves one out."""
    cookies: Mapping[str, str]
    """Sent with this request besides those in `client.cookies`."""
    json: Any  # Any: whatever the site can encode
    """The body as JSON: anything that a handler could return as JSON."""
    data: Fields
    """The fields of an HTML form; URL-encoded, or multipart where there are `files`."""
    files: Mapping[str, File | Sequence[File]]
    """Files of an HTML form, by field name."""
    content: Content
    """The body itself; an iterator is sent in pieces while the handler runs."""
    follow_redirects: bool


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is ready but for its cookies."""

    method: str
    url: Url
    headers: tuple[tuple[str, str], ...]
    cookies: Mapping[str, str]
    body: bytes | Iterable[bytes] | AsyncIterable[bytes]


def build_request(
    method: str, url: str, base: Url, defaults: Mapping[str, str | None], options: RequestOptions
) -> Request:
    """The request for `client.<method>(url, **options)`; `defaults` are the client's own headers.

    Raises ValueError where two options give the body.
    """
    target = _add_query(parse_url(url, base), encode_query(options.get("params") or {}))
    body, content_type = _encode_body(options)
    headers: dict[str, str | None] = {
        "host": target.origin.partition("://")[2],
        "user-agent": "bistro-test-client",
        "accept": "*/*",
    }
    if method not in SAFE_METHODS:
        # A form or a script of the site's own pages: what a browser sends, and the CSRF check wants.
        headers["sec-fetch-site"] = "same-origin"
    if content_type:
        headers["content-type"] = content_type
    if not isinstance(body, bytes):
        headers["transfer-encoding"] = "chunked"
    elif body or method in METHODS_WITH_BODY:
        headers["content-length"] = str(len(body))
    headers.update({name.lower(): value for name, value in defaults.items()})
    return Request(
        method, target, _merge(headers, options.get("headers", ())), options.get("cookies") or {}, body
    )


def redirect_request(request: Request, status: int, location: str) -> Request:
    """The request that a browser sends next (Fetch §4.4): other method, other host, fewer headers."""
    url = parse_url(urljoin(str(request.url), location), request.url)
    method, body, cookies = request.method, request.body, request.cookies
    dropped: set[str] = set()
    changed: dict[str, str] = {}
    if (status in (301, 302) and method == "POST") or (status == 303 and method not in ("GET", "HEAD")):
        method, body = "GET", b""
        dropped |= {"content-type", "content-length", "transfer-encoding", "sec-fetch-site"}
    elif not isinstance(body, bytes):
        raise ValueError(
            "a body that was given as an iterator can't be sent again to where it was redirected"
        )
    if url.origin != request.url.origin:
        cookies = {}
        dropped |= {"authorization", "cookie"}
        changed = {"host": url.origin.partition("://")[2], "sec-fetch-site": "cross-site"}
    headers = tuple(
        (name, changed.get(name, value)) for name, value in request.headers if name not in dropped
    )
    return replace(request, method=method, url=url, headers=headers, cookies=cookies, body=body)


def handshake_headers(subprotocols: Sequence[str]) -> dict[str, str]:
    """What a request for a WebSocket has besides other headers (RFC 6455 §4.1)."""
    headers = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": base64.b64encode(secrets.token_bytes(16)).decode(),
    }
    return {**headers, "sec-websocket-protocol": ", ".join(subprotocols)} if subprotocols else headers


def make_exchange(
    request: Request,
    jar_header: str,
    unread_max: int | None = None,
    socket: MemorySocket | None = None,
) -> MemoryExchange:
    """The exchange that carries `request`, with the cookies of `jar_header` and its own."""
    headers = list(request.headers)
    own = [f"{name}={value}" for name, value in request.cookies.items()]
    cookie = "; ".join([jar_header, *own] if jar_header else own)
    if cookie and all(name != "cookie" for name, _ in headers):
        headers.append(("cookie", cookie))
    url = request.url
    return MemoryExchange(
        request.method,
        f"{url.path}?{url.query}" if url.query else url.path,
        headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in headers],
        body=request.body if isinstance(request.body, bytes) else _arriving(request.body),
        scheme=url.scheme,
        unread_max=unread_max,
        socket=socket,
    )


def parse_url(text: str, base: Url) -> Url:
    """`text` as an absolute URL. A path is taken as it stands, dots, double slashes and escapes too."""
    text = text.partition("#")[0]
    if _ABSOLUTE.match(text):
        parts = urlsplit(text)
        host = (parts.hostname or "").lower()
        host = f"[{host}]" if ":" in host else host
        rest = text.partition("://")[2]
        start = min((place for mark in "/?" if (place := rest.find(mark)) >= 0), default=len(rest))
        base, text = Url(parts.scheme, host, parts.port), rest[start:]
    path, _, query = text.partition("?")
    if not path.startswith("/"):
        path = "/" + path
    return msgspec.structs.replace(base, path=_as_ascii(path), query=_as_ascii(query))


def _add_query(url: Url, query: str) -> Url:
    if not query:
        return url
    return msgspec.structs.replace(url, query=f"{url.query}&{query}" if url.query else query)


def _as_ascii(text: str) -> str:
    # Only what no request line could hold is encoded: tests send odd paths on purpose.
    return _NOT_IN_TARGET.sub(lambda match: quote(match[0], safe=""), text)


def _merge(defaults: Mapping[str, str | None], given: HeaderFields) -> tuple[tuple[str, str], ...]:
    pairs = [
        (name.lower(), value) for name, value in (given.items() if isinstance(given, Mapping) else given)
    ]
    replaced = {name for name, _ in pairs}
    kept = [(name, value) for name, value in defaults.items() if name not in replaced]
    return tuple((name, value) for name, value in [*kept, *pairs] if value is not None)


def _encode_body(options: RequestOptions) -> tuple[bytes | Iterable[bytes] | AsyncIterable[bytes], str]:
    given = ["data or files"] if "data" in options or "files" in options else []
    given += [name for name in ("json", "content") if name in options]
    if len(given) > 1:
        raise ValueError(f"a request has one body; {' and '.join(given)} give several")
    if "json" in options:
        return encode_json(options["json"]), "application/json"
    if "files" in options:
        return _encode_multipart(options.get("data") or {}, options["files"])
    if "data" in options:
        return encode_query(options["data"]).encode(), "application/x-www-form-urlencoded"
    content = options.get("content", b"")
    return (content.encode() if isinstance(content, str) else content), ""


def _encode_multipart(data: Fields, files: Mapping[str, File | Sequence[File]]) -> tuple[bytes, str]:
    """A body of RFC 7578 and its content type, fields first."""
    boundary = secrets.token_hex(16)
    parts = []
    for name, value in _field_pairs(data):
        parts.append((f'name="{_quote_name(name)}"', value.encode()))
    for name, given in files.items():
        # One file, or a list of them; both may be tuples, so the first member tells.
        one = bool(given) and isinstance(given[0], str)
        for file in [cast(File, given)] if one else cast(Sequence[File], given):
            file_name, content = file[0], file[1]
            content_type = file[2] if len(file) == 3 else "application/octet-stream"
            disposition = f'name="{_quote_name(name)}"; filename="{_quote_name(file_name)}"'
            parts.append((f"{disposition}\r\nContent-Type: {content_type}", content))
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
        for head, content in parts
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _field_pairs(data: Fields) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in data.items() if isinstance(data, Mapping) else data:
        many = [value] if value is None or isinstance(value, (str, int, float)) else value
        pairs += [(name, _text_of(each)) for each in many if each is not None]
    return pairs


def _text_of(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quote_name(text: str) -> str:
    # HTML §4.10.21.8: as browsers write names in multipart bodies.
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


async def _arriving(pieces: Iterable[bytes] | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(pieces, AsyncIterable):
        async for piece in pieces:
            yield piece
    else:
        for piece in pieces:
            yield piece


METHODS_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_ABSOLUTE: Final = re.compile(r"https?://", re.IGNORECASE)
_NOT_IN_TARGET: Final = re.compile(r"[^\x21-\x7e]+")
