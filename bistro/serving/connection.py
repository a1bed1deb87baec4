"""One client's connection: bytes in, requests out, answers back in order.

How it works. A read that is exactly one whole request (nearly all are) is parsed and answered in
place, in two frames; one that came before is known without parsing (`repeats.py`). Everything else
(a part of a request, several of them, a long body) goes through the `Inlet`, which cuts it at the
borders of requests. One request is answered at a time; what comes behind it waits there, so answers
can't overtake each other (RFC 9112 §9.3.2).

`_is_ready` says that nothing is under way, so that the next bytes may take the short way. Each turn
of the long way ends in `_go_on`, which works until something has to be waited for, and says then
what the next bytes are to meet.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from bistro.ground.websocket import SocketLink
from bistro.http.errors import WebSocketDisconnected
from bistro.serving.answering import Answering, report
from bistro.serving.chunks import END
from bistro.serving.exchange import HttpExchange
from bistro.serving.heads import refusal
from bistro.serving.host import Host
from bistro.serving.inlet import Inlet
from bistro.serving.outlet import Outlet
from bistro.serving.parser import WholeParser
from bistro.serving.request_head import Refused

if TYPE_CHECKING:
    from bistro.serving.websocket_connection import NativeSocket

COLLECTED_SIZE_MAX = 16 * 1024
HALF_CLOSED_SECONDS = 0.5
TURN_REQUESTS_MAX = 32
"""So many requests are answered in one turn of the event loop, then other connections have theirs."""


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 with one client on behalf of an `Application`."""

    def __init__(self, host: Host, *, scheme: str = "http") -> None:
        self._host = host
        self._scheme = scheme
        self._whole = whole = WholeParser()
        self._feed, self._ended, self._bodies = whole.feed, whole.ended, whole.bodies
        self._is_ready = True
        self._is_half_closed = False
        self._head_since = 0.0

    # --- what asyncio calls -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        host, limits = self._host, self._host.limits
        self._transport = cast(asyncio.Transport, transport)
        self._outlet = Outlet(self._transport, host.date, self._scheme, limits)
        self._inlet = Inlet(self._transport, limits)
        self._answering = Answering(host, self._outlet, self._after, self._open_socket)
        self._answer = self._answering.answer
        self._find_parts = self._answering.find_parts
        # A connection on which nothing has come yet gets no longer than a head may take.
        self._answering.since = host.now - limits.keep_alive_timeout_seconds + limits.head_timeout_seconds
        host.opened(self)
        if host.stopping:
            self.stop()
        elif host.is_full:
            # In one go, without waiting until the client has heard: that would hold the descriptor.
            self._outlet.out = [refusal(503, "the server has all the connections it can", host.date.line)]
            self._close()

    def data_received(self, data: bytes) -> None:
        if not self._is_ready:
            self._receive_more(data)
            return
        parts = self._find_parts(data)
        if parts is not None:
            if self._answering.answer_again(parts) is not None:
                self._is_ready = False
            return
        try:
            self._feed(data)
        except Exception:  # noqa: BLE001 - several requests, the last one, nonsense: the long way tells them apart
            self._begin_the_long_way(data)
            return
        bodies = self._bodies
        body = bodies.pop() if bodies else b""
        cut = data.find(END) + 4
        if self._ended or cut + len(body) != len(data):
            self._begin_the_long_way(data)
            return
        self._ended.append(None)
        try:
            if self._answer(data[:cut] if body else data, body) is not None:
                self._is_ready = False
        except Refused as refused:
            self._refuse(refused)

    def eof_received(self) -> bool:
        """The client will send no more; whether it may still read (RFC 9112 §9.6 lets it).

        Most that do this are gone, and one that is gone must not keep a handler busy. So the answer
        that is under way has a moment more, which is what command lines with a pipe need.
        """
        self._is_half_closed = True
        is_waiting = self._answering.exchange is not None or self._outlet.is_full
        if is_waiting and self._scheme == "http" and not (self._inlet.is_in_body or self._outlet.is_closing):
            asyncio.get_running_loop().call_later(HALF_CLOSED_SECONDS, self._give_up)
            return True
        self._is_ready = False
        self._inlet.close()
        self._outlet.close(self._host.now)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_ready = False
        self._outlet.lose()
        self._let_go()
        self._answering.lose()
        if self._answering.exchange is None:
            self._end()

    def pause_writing(self) -> None:
        self._is_ready = False
        self._outlet.pause(self._host.now)

    def resume_writing(self) -> None:
        self._outlet.resume()
        self._head_since = self._host.now
        self._go_on()

    # --- what the server calls --------------------------------------------------------------------

    def check_time(self, now: float) -> None:
        """Close what has stood still for longer than the limits allow; called once a second."""
        limits = self._host.limits
        if self._outlet.check_time(now) or self._answering.exchange is not None:
            return
        if self._inlet.cutter.held:
            if now - self._head_since > limits.head_timeout_seconds:
                self._refuse(Refused(408, "the request took too long to arrive"))
        elif now - self._answering.since > limits.keep_alive_timeout_seconds:
            self._close()

    def stop(self) -> None:
        """Close when idle, or after the answer that is on its way.

        A client that has just begun to send would find the connection broken, so an idle one may
        stay for `parting_seconds`: what comes by then is answered, and the answer says that it is the last.
        """
        self._is_ready = False
        self._head_since = self._host.now
        if self._answering.exchange is not None:
            self._answering.exchange.mark_last()
        elif self._host.parting_seconds:
            asyncio.get_running_loop().call_later(self._host.parting_seconds, self._close_idle)
        else:
            self._close()

    def cut(self) -> None:
        """Cancel the handler at work, if any, and break the connection off."""
        self._transport.abort()
        self._answering.cancel()

    def _close_idle(self) -> None:
        if self._answering.exchange is None and not (self._inlet.cutter.held or self._outlet.is_closing):
            self._close()

    def _give_up(self) -> None:
        if self._answering.exchange is not None:
            self._transport.abort()

    # --- the long way -----------------------------------------------------------------------------

    def _begin_the_long_way(self, data: bytes) -> None:
        self._whole.reset()
        self._receive_more(data)
        self._head_since = self._host.now

    def _receive_more(self, data: bytes) -> None:
        if self._inlet.take(data):
            self._go_on()

    def _go_on(self) -> None:
        """Answer the whole requests that are there, one after the other, until one has to be waited for."""
        outlet, turn = self._outlet, 0
        outlet.out = []
        try:
            while self._is_free() and self._take_next():
                turn += 1
                if turn == TURN_REQUESTS_MAX:
                    asyncio.get_running_loop().call_soon(self._go_on)
                    break
        except Refused as refused:
            self._refuse(refused)
        outlet.flush()
        is_free = self._is_free()
        if is_free and self._is_half_closed and turn < TURN_REQUESTS_MAX:
            self._close()
        is_plain = not (self._inlet.cutter.held or self._is_half_closed or self._host.stopping)
        self._is_ready = is_free and is_plain
        self._inlet.check_size()

    def _is_free(self) -> bool:
        outlet = self._outlet
        return self._answering.exchange is None and not (outlet.is_full or outlet.is_closing or outlet.lost)

    def _take_next(self) -> bool:
        cutter, outlet, host = self._inlet.cutter, self._outlet, self._host
        head = cutter.cut_head()
        if head is None:
            return False
        parts = None if host.stopping else self._find_parts(head)
        if parts is not None:
            self._answering.answer_again(parts)
        else:
            self._answer_next(head, cutter.keep_alive and not host.stopping)
        self._head_since = host.now
        out = outlet.out
        if out and len(out[-1]) > COLLECTED_SIZE_MAX:
            # A client that does not read must be noticed before all that it asked for is in memory.
            outlet.flush()
            out = None
        if out is None:
            outlet.out = []
        return True

    def _answer_next(self, head: bytes, keep_alive: bool) -> None:
        cutter = self._inlet.cutter
        body = cutter.take_body() if cutter.is_in_body else b""
        if cutter.is_in_body:
            self._answer(head, None, self._inlet.begin_body(body), keep_alive)
        else:
            self._answer(head, body, None, keep_alive)

    # --- WebSockets -------------------------------------------------------------------------------

    def _open_socket(self, exchange: HttpExchange) -> SocketLink | None:
        # Loaded by the first handshake, since the library behind it takes 40 ms.
        from bistro.serving.websocket_connection import NativeSocket
        from bistro.serving.websocket_handshake import find_handshake

        handshake = find_handshake(exchange)
        return None if handshake is None else NativeSocket(self._host, exchange, handshake, self._hand_over)

    def _hand_over(self, successor: NativeSocket) -> tuple[asyncio.Transport, Answering, bytes]:
        outlet = self._outlet
        if outlet.lost or outlet.is_closing or self._is_half_closed:
            raise WebSocketDisconnected(1006)
        outlet.flush()
        outlet.is_closing = True
        early = bytes(self._inlet.cutter.held)
        self._transport.set_protocol(successor)
        self._answering.pass_on(successor.handler_ended)
        self._let_go()
        self._host.opened(successor)
        self._host.closed(self)
        del self._answer
        return self._transport, self._answering, early

    # --- ends -------------------------------------------------------------------------------------

    def _after(self, exchange: HttpExchange, was_waited_for: bool) -> None:
        """A request has ended that is not the plainest kind."""
        if self._outlet.lost:
            self._end()
            return
        self._inlet.end_body()
        if exchange.closes or self._host.stopping:
            self._close()
        if was_waited_for:
            self._head_since = self._host.now
            self._go_on()

    def _refuse(self, refused: Refused) -> None:
        outlet = self._outlet
        outlet.out = [*(outlet.out or ()), refusal(refused.status, refused.detail, outlet.date.line)]
        self._close(has_unread=True)
        try:
            self._host.app.refuse(refused.status, refused.detail, outlet.client)
        except Exception as error:  # noqa: BLE001 - whoever notes refusals must not stop the next one
            report("noting a refused request failed", error)

    def _close(self, *, has_unread: bool = False) -> None:
        """Close once everything is sent; what the client still says is heard out, so that it can listen."""
        self._is_ready = False
        inlet, now = self._inlet, self._host.now
        has_unread = has_unread or inlet.is_in_body or bool(inlet.cutter.held)
        inlet.close()
        if has_unread:
            self._outlet.linger(now, self)
        else:
            self._outlet.close(now)

    def _let_go(self) -> None:
        """Nothing is received here any more."""
        self._whole.close()
        del self._feed
        self._inlet.close()
        self._inlet.cutter.close()

    def _end(self) -> None:
        """The client is gone, and nothing runs on its behalf any more."""
        self._host.closed(self)
        self._answering.close()
        del self._answer, self._find_parts
