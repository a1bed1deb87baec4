"""Plans for WebSockets: the conversation is the innermost thing of a plan like any other.

How it works. Until the handler accepts the client, what hooks, handler and errors give is an
ordinary answer. From then on nothing can be answered any more: the plan goes on to its end with the
response 101 (or that of an error), and "sending" it closes the socket with the code that the status
stands for.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final  # Any: handlers take and give what they like; so does a coroutine's loop

from msgspec import structs

from bistro.app.errors import WebSocketRouteError
from bistro.app.hooks import Hook
from bistro.app.origins import origin_check
from bistro.app.reply import send
from bistro.app.steps import Call, Fail, Spec, Value
from bistro.app.streaming import close_pieces
from bistro.ground.types import Exchange
from bistro.http import (
    DefaultHeaders,
    Forbidden,
    Request,
    Response,
    SocketTools,
    Stream,
    WebSocket,
    WebSocketDisconnected,
    WebSocketOptions,
    http_error_for,
)
from bistro.routing import Route
from bistro.validation import ENCODING_REFUSALS, encode_json, explain_encoding

SWITCHED: Final = 101
# RFC 6455 §7.4.1 and the registry of codes that it opened.
CODES: Final[Mapping[int, int]] = {400: 1007, 413: 1009, 415: 1003, 422: 1007, 429: 1013, 503: 1013}
"""What an error of some status is closed with; others below 500 with 1008, the rest with 1011."""


def options_of(route: Route, defaults: WebSocketOptions) -> WebSocketOptions:
    """The options of `route`, those that it doesn't name from the app."""
    own = {name: route.options[name] for name in defaults.__struct_fields__ if name in route.options}
    if "origins" in own:
        own["origins"] = tuple(own["origins"])
    return structs.replace(defaults, **own)


def origin_hook(route: Route, options: WebSocketOptions) -> Hook:
    """The hook that refuses handshakes from pages of other origins. Raises `WebSocketRouteError`."""
    return Hook("before", origin_check(options.origins, route.origin), route.origin)


def socket_value(
    request: Value,
    options: WebSocketOptions,
    defaults: DefaultHeaders,
    decode_json: Callable[[bytes, Any], Any],
) -> Value:
    """What handlers and hooks of a route get for a parameter of type `WebSocket`."""

    def make_headers(of: Request) -> bytes:
        return defaults.block + defaults.make_block(of)

    tools = SocketTools(decode_json, encode, make_headers, options)

    def open_socket(of: Request) -> WebSocket:
        return WebSocket(of, tools)

    return Value(function=open_socket, arguments=(request,), label="the WebSocket")


def encode(value: Any) -> bytes:
    """`value` as JSON. Raises `EncodingError` for what has no JSON form."""
    try:
        return encode_json(value)
    except ENCODING_REFUSALS as error:
        raise explain_encoding(value, error) from error


def as_conversation(spec: Spec, socket: Value) -> Spec:
    """`spec` for a handler that takes `socket`. Raises `WebSocketRouteError` for one that can't."""
    handler = spec.handler
    name = next((name for name, value in handler.keywords.items() if value is socket), None)
    origin = handler.origin
    if name is None or not handler.is_async:
        what = "takes no WebSocket" if name is None else "is not async"
        fix = "Write `async def` with a parameter `socket: WebSocket`."
        raise WebSocketRouteError(f"the handler {origin.name} {what}", where=(origin,), fix=fix)
    if spec.needs_body():
        fix = "Receive messages with `socket.receive_json(TheType)`, or mark the parameter with Query."
        raise WebSocketRouteError(
            f"the handler {origin.name} asks for a body, and a handshake has none", where=(origin,), fix=fix
        )
    return structs.replace(
        spec,
        handler=Call(_conversation(handler, name, spec.make_response), handler.keywords, True, origin),
        fail=_gate(spec.fail),
        fail_is_async=True,
        narrow=None,
        returns=Response,
        send=send_or_close,
    )


def _conversation(
    handler: Call, name: str, make_response: Callable[[Any], Response]
) -> Callable[..., Coroutine[Any, Any, Response]]:
    function = handler.function

    @functools.wraps(function)
    async def converse(**values: Any) -> Response:
        result = await function(**values)
        socket: WebSocket = values[name]
        if not socket.is_accepted:
            if socket.is_refused:
                raise Forbidden
            if result is not None:
                return make_response(result)
            await socket.accept()
        return Response.prepared(SWITCHED, b"", b"")

    return converse


def _gate(fail: Fail) -> Fail:
    async def answer(request: Request, error: BaseException, late: Any) -> Response:
        if is_end(error):
            return Response.prepared(SWITCHED, b"", b"")
        response = fail(request, error, late)
        return await response if inspect.isawaitable(response) else response  # type: ignore[no-any-return]  # see Fail

    return answer


def is_end(error: BaseException) -> bool:
    """Whether an error only says that the socket is closed; task groups wrap it, also several times."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(WebSocketDisconnected)[1] is None
    return isinstance(error, WebSocketDisconnected)


def send_or_close(
    exchange: Exchange, response: Response, defaults: DefaultHeaders, request: Request | None
) -> Coroutine[Any, Any, BaseException | None] | None:
    """Send `response` where the handshake was not accepted; else close with what its status stands for."""
    link = exchange.socket
    if link is None or not link.is_accepted:
        return send(exchange, response, defaults, request)
    return _close(exchange, response)


async def _close(exchange: Exchange, response: Response) -> None:
    if isinstance(response, Stream):
        await close_pieces(response.pieces)
    link, status = exchange.socket, response.status
    assert link is not None
    if status < 400:
        await link.close(1000, "")
    else:
        await link.close(CODES.get(status, 1008 if status < 500 else 1011), http_error_for(status).title)
