"""What a test client got: a whole answer, or one that is still arriving."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from bistro.http.headers import Headers
from bistro.validation import json_decoder

Decoded = TypeVar("Decoded")


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer. `headers` are read in any case; `cookies` are those that it set."""

    status: int
    headers: Headers
    url: str
    method: str = "GET"
    history: tuple[ClientResponse, ...] = ()
    """The redirects that led here, the first one first."""
    cookies: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status <= 299

    @property
    def is_redirect(self) -> bool:
        """Whether the status is one that sends the client elsewhere."""
        return self.status in REDIRECTS and "location" in self.headers

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case; empty if there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class ClientResponse(Answer):
    """A whole answer."""

    content: bytes = b""

    @property
    def text(self) -> str:
        """The body as text, in the charset that the answer tells, else UTF-8. Raises UnicodeDecodeError."""
        return self.content.decode(_charset(self.headers.get("content-type", "")))

    @overload
    def json(self, type: None = None) -> Any: ...  # Any: whatever JSON holds

    @overload
    def json(self, type: type[Decoded]) -> Decoded: ...

    def json(self, type: Any = None) -> Any:  # Any: as in the overloads
        """The body as JSON; with `type`, decoded and checked as a handler's body would be."""
        return json.loads(self.content) if type is None else json_decoder(type)(self.content)

    def iter_bytes(self, size: int = 64 * 1024) -> Iterator[bytes]:
        """The body in pieces of at most `size` bytes."""
        for start in range(0, len(self.content), size):
            yield self.content[start : start + size]

    def __repr__(self) -> str:
        return f"<ClientResponse {self.status} {self.method} {self.url} {len(self.content)} bytes>"


class AsyncStream:
    """An answer that is still arriving; read it while the handler runs.

    `async with client.stream("GET", "/events") as response:` closes it, which the handler sees as
    a client that went away.
    """

    def __init__(self, answer: Answer, pieces: AsyncIterator[bytes]) -> None:
        self.answer = answer
        self.status = answer.status
        self.headers = answer.headers
        self.url = answer.url
        self.is_success = answer.is_success
        self._pieces = pieces

    async def iter_bytes(self) -> AsyncIterator[bytes]:
        """The body in the pieces in which the handler wrote it, those written at once together."""
        async for piece in self._pieces:
            yield piece

    async def read(self) -> bytes:
        """What is left of the body, to its end."""
        return b"".join([piece async for piece in self._pieces])


class Stream:
    """An answer that is still arriving, for tests without `await`; see `AsyncStream`."""

    def __init__(self, answer: Answer, pieces: Iterator[bytes]) -> None:
        self.answer = answer
        self.status = answer.status
        self.headers = answer.headers
        self.url = answer.url
        self.is_success = answer.is_success
        self._pieces = pieces

    def iter_bytes(self) -> Iterator[bytes]:
        """The body in the pieces in which the handler wrote it, those written at once together."""
        yield from self._pieces

    def read(self) -> bytes:
        """What is left of the body, to its end."""
        return b"".join(self._pieces)


def _charset(content_type: str) -> str:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"')
    return "utf-8"


REDIRECTS = frozenset({301, 302, 303, 307, 308})
