"""The request: everything about it is made when it is asked for, and only once."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from types import MappingProxyType

# Any: values from the path, for URLs and from JSON are of the types that the site names.
from typing import Any, TypeVar, overload

from msgspec import Struct

from bistro.ground.multidict import MultiDict
from bistro.ground.types import Exchange, UrlBuilder
from bistro.http.content_coding import refuse_coded_body
from bistro.http.cookies import parse_cookies
from bistro.http.errors import NotAcceptable, UnsupportedMediaType
from bistro.http.forms import parse_content_type, parse_urlencoded
from bistro.http.headers import Headers
from bistro.http.json_lines import split_lines
from bistro.http.multipart import FormData, FormLimits, parse_multipart
from bistro.http.negotiation import choose_media_type
from bistro.http.response import Response
from bistro.http.url import Url, parse_host, parse_query, quote_path, unquote_path

T = TypeVar("T")

_is_request_id = re.compile(r"[A-Za-z0-9._-]{1,64}").fullmatch


class RequestTools(Struct, frozen=True):
    """What a request borrows from above without naming it: how to build URLs, decode JSON, and limits."""

    url_for: UrlBuilder
    decode_json: Callable[[bytes, Any], Any]  # Any: a type, and a value of that type
    form_limits: FormLimits
    new_id: Callable[[], str]
    """Makes the id of a request that came without one."""
    body_size_max: int = 2 * 1024 * 1024
    upload_size_max: int = 20 * 1024 * 1024


class Request:
    """One request. Nothing is parsed before it is asked for; everything is parsed at most once.

    Without `__slots__`, so that what nobody has asked for yet costs nothing: it stands on the class.
    """

    path_parameters: Mapping[str, Any] = MappingProxyType({})
    """The values that the route's pattern took from the path, by name."""
    _headers: Headers | None = None
    _query: MultiDict[str] | None = None
    _cookies: Mapping[str, str] | None = None
    _form: FormData | None = None
    _id: str | None = None
    taken_form: object = None
    """The `Form` that was read from it, for showing its page again should the handler fail."""

    def __init__(
        self, exchange: Exchange, tools: RequestTools, path_parameters: Mapping[str, Any] | None = None
    ) -> None:
        self.exchange = exchange
        self._tools = tools
        if path_parameters is not None:
            self.path_parameters = path_parameters

    @property
    def method(self) -> str:
        """The method, e.g. `GET`."""
        return self.exchange.method

    @property
    def path(self) -> str:
        """The path, decoded, beneath the place where the app is mounted.

        Raises `BadRequest` if its escapes are no UTF-8.
        """
        return unquote_path(self.exchange.raw_path)

    @property
    def query(self) -> MultiDict[str]:
        """The fields of the query string. Raises `BadRequest` if they are malformed or too many."""
        query = self._query
        if query is None:
            query = self._query = parse_query(self.exchange.query_string)
        return query

    @property
    def headers(self) -> Headers:
        """The headers, by name in any case."""
        headers = self._headers
        if headers is None:
            headers = self._headers = Headers(self.exchange.header_items())
        return headers

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies by name. Raises `BadRequest` if they are too many or too long."""
        cookies = self._cookies
        if cookies is None:
            # RFC 9113 §8.2.3: HTTP/2 may split the header, and "; " joins it.
            sent = [value for name, value in self.exchange.header_items() if name == b"cookie"]
            cookies = self._cookies = parse_cookies(b"; ".join(sent)) if sent else {}
        return cookies

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the peer; None on a Unix socket."""
        return self.exchange.client

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return self.exchange.scheme

    @property
    def is_secure(self) -> bool:
        """Whether it came over TLS."""
        return self.exchange.scheme == "https"

    @property
    def host(self) -> str:
        """The host that the client asked for, without the port. Raises `BadRequest` if it is malformed."""
        return parse_host(self.headers.get("host", ""))[0]

    @property
    def url(self) -> Url:
        """The whole URL that was asked for; the path comes from the request target only."""
        host, port = parse_host(self.headers.get("host", ""))
        exchange = self.exchange
        path = quote_path(exchange.root_path) + exchange.raw_path
        return Url(exchange.scheme, host, port, path, exchange.query_string)

    @property
    def id(self) -> str:
        """The request's id: what a proxy sent as `X-Request-ID` if it is well-formed, else a new one."""
        identifier = self._id
        if identifier is None:
            sent = self.exchange.find_header(b"x-request-id")
            text = sent.decode("latin-1") if sent else ""
            identifier = text if text and _is_request_id(text) else self._tools.new_id()
            self._id = identifier
        return identifier

    @property
    def content_type(self) -> str:
        """The media type of the body in lower case, without parameters; empty if there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def choose(self, *offered: str) -> str | None:
        """The media type among `offered` that the client likes best, the first if it says nothing."""
        return choose_media_type(self.headers.find_joined("accept"), offered)

    def negotiate(self, offers: Mapping[str, Callable[[], Response]]) -> Response:
        """The answer in the media type among `offers` that the client likes best (RFC 9110 §12.5.1).

        Only that one is made; `Vary: Accept` is set. Raises `NotAcceptable` where none will do.
        """
        chosen = self.choose(*offers)
        if chosen is None:
            raise NotAcceptable(f"This page comes as {', '.join(offers)}.", headers={"vary": "accept"})
        response = offers[chosen]()
        response.vary("accept")
        return response

    @property
    def wants_html(self) -> bool:
        """Whether a page serves the client better than JSON, as for a browser's navigation."""
        accept = self.headers.find_joined("accept")
        return (
            accept is not None and choose_media_type(accept, ("application/json", "text/html")) == "text/html"
        )

    def url_for(self, route: Callable[..., Any] | str, /, **parameters: Any) -> str:
        """The URL of a route by its handler or name; `query=` and `fragment=` are added.

        Where this app is mounted in another one, the URL begins with that place.
        """
        return self._tools.url_for(route, root_path=self.exchange.root_path, **parameters)

    async def body(self) -> bytes:
        """The whole body. Raises `ContentTooLarge` over the route's limit."""
        return await self.exchange.read_body(self._tools.body_size_max)

    def stream(self, size_max: int | None = None) -> AsyncIterator[bytes]:
        """The body in pieces as they arrive, counted as received; `size_max` in bytes."""
        return self.exchange.body_stream(size_max or self._tools.upload_size_max)

    @overload
    async def json(self) -> Any: ...
    @overload
    async def json(self, type: type[T]) -> T: ...
    async def json(self, type: Any = Any) -> Any:
        """The body as JSON, checked against `type` where one is given."""
        refuse_coded_body(self.exchange)
        return self._tools.decode_json(await self.body(), type)

    @overload
    def json_lines(self, *, size_max: int | None = None) -> AsyncIterator[Any]: ...
    @overload
    def json_lines(self, type: type[T], *, size_max: int | None = None) -> AsyncIterator[T]: ...
    async def json_lines(self, type: Any = Any, *, size_max: int | None = None) -> AsyncIterator[Any]:
        """The values of a body of JSON Lines as they arrive, each checked against `type`.

        One line may be as long as a whole body otherwise is, all of them together `size_max` bytes.
        """
        refuse_coded_body(self.exchange)
        async for line in split_lines(self.stream(size_max), self._tools.body_size_max):
            yield self._tools.decode_json(line, type)

    async def form(self) -> FormData:
        """The fields and files of a form, urlencoded or multipart.

        Raises `UnsupportedMediaType` for other bodies, and what the limits of forms ask for.
        """
        form = self._form
        if form is None:
            form = self._form = await self._read_form()
        return form

    async def _read_form(self) -> FormData:
        refuse_coded_body(self.exchange)
        header = self.headers.get("content-type", "")
        if not header and not await self.body():
            return FormData(MultiDict(()), MultiDict(()))  # nothing was sent, so every field is missing
        media_type, parameters = parse_content_type(header) if header else ("", {})
        if media_type == "application/x-www-form-urlencoded":
            fields = parse_urlencoded(await self.body(), charset=parameters.get("charset"))
            return FormData(fields, MultiDict(()))
        if media_type == "multipart/form-data":
            stream = self.exchange.body_stream(self._tools.upload_size_max)
            return await parse_multipart(stream, header, self._tools.form_limits)
        raise UnsupportedMediaType("Send a form: application/x-www-form-urlencoded or multipart/form-data.")

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.exchange.raw_path}>"
