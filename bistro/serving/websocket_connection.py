"""One WebSocket on the native server: from the handshake to its last frame.

How it works: it begins as what the exchange of a handshake has for `socket`. `accept` takes the
transport over from the HTTP connection, which is let go; from then on this is the transport's
protocol. What comes is read only as fast as the handler takes it and the client reads what is sent:
beyond one read, nothing is held but what the `MessageInbox` holds.
"""

from __future__ import annotations

import asyncio
import random
from typing import Protocol

from bistro.ground.websocket import WebSocketOptions
from bistro.http.errors import WebSocketDisconnected
from bistro.serving.answering import Answering
from bistro.serving.exchange import HttpExchange
from bistro.serving.host import Host
from bistro.serving.lingering import linger
from bistro.serving.message_inbox import MessageInbox
from bistro.serving.websocket_frames import Frames
from bistro.serving.websocket_handshake import Handshake
from bistro.serving.websocket_inlet import SocketInlet
from bistro.serving.websocket_outlet import SocketOutlet

CLOSE_SECONDS = 5.0
"""How long a client has to answer that we close, once it has read all; what it says is dropped."""
SENDS_IN_A_ROW = 16


class HandOver(Protocol):
    """How the HTTP connection gives its place to the one that follows."""

    def __call__(self, successor: NativeSocket, /) -> tuple[asyncio.Transport, Answering, bytes]:
        """Its transport, its handler at work, and what came too early; raise `WebSocketDisconnected`."""
        ...


class NativeSocket(asyncio.Protocol):
    """`SocketLink` and `Served` say what each member is, asyncio the rest."""

    __slots__ = (
        "_answering",
        "_deadline",
        "_exchange",
        "_frames",
        "_hand_over",
        "_handshake",
        "_heard",
        "_host",
        "_inbox",
        "_inlet",
        "_options",
        "_outlet",
        "_patience_seconds",
        "_pinged",
        "_sent",
        "_transport",
        "_write",
        "is_accepted",
        "receive",
    )

    _answering: Answering
    _frames: Frames
    _inlet: SocketInlet
    _options: WebSocketOptions
    _outlet: SocketOutlet
    _patience_seconds: float | None
    _transport: asyncio.Transport

    def __init__(self, host: Host, exchange: HttpExchange, handshake: Handshake, hand_over: HandOver) -> None:
        """`hand_over(self)` takes the HTTP connection's place."""
        self._host = host
        self._exchange = exchange
        self._handshake: Handshake | None = handshake
        self._hand_over: HandOver | None = hand_over
        self._inbox = MessageInbox(self._go_on)
        self._heard = host.now
        self._pinged = 0.0  # when the silence began in which a ping was sent last
        self._deadline = 0.0
        self._sent = 0
        self.is_accepted = False
        self.receive = self._inbox.get  # not a method that calls it, which would cost each message a frame

    # --- what the handler calls -------------------------------------------------------------------

    @property
    def close_code(self) -> int | None:
        return self._inbox.close_code

    @property
    def close_reason(self) -> str:
        return self._inbox.close_reason

    async def accept(self, subprotocol: str | None, header_block: bytes, options: WebSocketOptions) -> None:
        loop = asyncio.get_running_loop()
        switched = loop.create_future()
        # From the loop: the HTTP connection may be in the middle of its own work.
        loop.call_soon(self._switch, switched, subprotocol, header_block, options)
        await switched

    async def send(self, message: str | bytes) -> None:
        if self._outlet.drain is not None:
            await self._outlet.wait()
        if self._inbox.close_code is not None:
            raise self._inbox.disconnected()
        self._write(self._frames.encode(message))
        self._sent += 1
        if self._sent % SENDS_IN_A_ROW == 0:
            # Messages that are made without any waiting would keep the loop from everybody else.
            await asyncio.sleep(0)

    def send_nowait(self, message: str | bytes) -> None:
        if self._inbox.close_code is None and not self._outlet.put_soon(message, self._options):
            self._end(1013, "reading too slowly")

    async def close(self, code: int, reason: str) -> None:
        if self._inbox.close_code is None:
            self._say_goodbye(code, reason)

    # --- what asyncio calls -----------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._heard = self._host.now
        self._inlet.feed(data)

    def eof_received(self) -> None:
        self._frames.feed_eof()
        self._leave(1006)

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave(1006)
        self._outlet.lose()
        self._inlet.close()
        self._inbox.forget()
        loop = asyncio.get_running_loop()
        for callback in self._exchange.take_callbacks():
            loop.call_soon(callback)  # from the loop, so that one that fails is reported and no more
        if self._answering.exchange is None:
            self._let_go()

    def pause_writing(self) -> None:
        self._outlet.pause(self._host.now)

    def resume_writing(self) -> None:
        self._outlet.resume()
        self._go_on()

    # --- what the server calls --------------------------------------------------------------------

    def check_time(self, now: float) -> None:
        patience, silent = self._patience_seconds, now - self._heard
        if self._deadline:
            if self._outlet.has_moved():
                self._deadline = now + CLOSE_SECONDS  # it still reads what was sent before
            elif now > self._deadline:
                self._transport.abort()
        elif self._outlet.is_stalled(now, self._host.limits.stall_timeout_seconds):
            self._transport.abort()
        elif patience is None or silent < patience or self._inlet.is_paused:
            return
        elif self._pinged != self._heard:
            self._pinged = self._heard
            self._frames.put_ping()
            self._flush()
        elif silent > patience + self._options.pong_seconds:
            self._end(1011, "no answer to a ping")

    def stop(self) -> None:
        self._exchange.mark_last()
        self._end(1001, "the server is stopping")

    def cut(self) -> None:
        self._transport.abort()
        self._answering.cancel()

    # --- the handshake ----------------------------------------------------------------------------

    def _switch(
        self,
        switched: asyncio.Future[None],
        subprotocol: str | None,
        header_block: bytes,
        options: WebSocketOptions,
    ) -> None:
        if switched.done():
            return  # the handler was cancelled
        handshake, hand_over = self._handshake, self._hand_over
        assert handshake is not None
        assert hand_over is not None
        try:
            self._transport, self._answering, early = hand_over(self)
        except WebSocketDisconnected as error:
            switched.set_exception(error)
            return
        self._handshake = self._hand_over = None
        self._options = options
        # Each a little different, so that ten thousand who came at once are not all asked in one turn.
        share = random.uniform(0.75, 1.0)  # noqa: S311 - nothing secret
        patience = options.ping_seconds
        self._patience_seconds = None if patience is None else patience * share
        self._frames = handshake.make_frames(options.message_size_max, compress=options.compress)
        self._inlet = SocketInlet(self._transport, self._take, self._must_wait)
        self._outlet = SocketOutlet(self._transport, self._put)
        head = handshake.make_answer(subprotocol, header_block, compress=options.compress)
        self._write = self._transport.write  # saves each message a frame
        self._write(head + self._host.date.line[2:])
        self._heard = self._host.now
        self.is_accepted = True
        switched.set_result(None)
        if early:
            self.data_received(early)
        if self._host.stopping:
            self.stop()

    def handler_ended(self, exchange: HttpExchange, was_waited_for: bool) -> None:
        """The handler has ended."""
        if self._inbox.close_code is None:
            self._say_goodbye(1011, "")
        if self._outlet.is_lost:
            self._let_go()

    # --- receiving --------------------------------------------------------------------------------

    def _take(self, data: bytes | bytearray) -> bool:
        frames, inbox = self._frames, self._inbox
        is_full = False
        for message in frames.feed(data):
            is_full = inbox.put(message)
        if frames.protocol.writes:  # to every ping, mistake and end there is an answer
            end = frames.end
            if end is not None:
                self._leave(*end)
                is_full = False
            if self._flush():
                return False
        return is_full or self._outlet.drain is not None

    def _must_wait(self) -> bool:
        inbox = self._inbox
        return self._outlet.drain is not None or (inbox.is_full and inbox.close_code is None)

    def _go_on(self) -> None:
        self._inlet.go_on()

    # --- sending ----------------------------------------------------------------------------------

    def _put(self, message: str | bytes) -> None:
        self._write(self._frames.encode(message))

    def _flush(self) -> bool:
        """Send what the frames have to say; whether it was our last word."""
        data, is_end = self._frames.take()
        if data:
            self._write(data)
        if is_end:
            self._close_transport()
        return is_end

    # --- the end ----------------------------------------------------------------------------------

    def _leave(self, code: int, reason: str = "") -> None:
        """The client has closed, or must be: a handler that doesn't hear of it is ended."""
        if self._inbox.close_code is not None:
            return
        self._inbox.close(code, reason)
        self._outlet.empty(drop=True)
        self._deadline = self._host.now + CLOSE_SECONDS
        if self._answering.task is not None and not self._exchange.is_shielded:
            self._inbox.end_when_deaf(self._answering.task)

    def _end(self, code: int, reason: str) -> None:
        """Close it over the handler's head."""
        if self._inbox.close_code is None:
            self._outlet.empty(drop=code == 1013)
            self._put_close(code, reason)
            self._leave(code, reason)

    def _say_goodbye(self, code: int, reason: str) -> None:
        """Close it on the handler's behalf."""
        self._outlet.empty()
        self._put_close(code, reason)
        self._inbox.close(code, reason)
        self._deadline = self._host.now + CLOSE_SECONDS

    def _put_close(self, code: int, reason: str) -> None:
        self._frames.put_close(code, reason)
        self._flush()

    def _let_go(self) -> None:
        """The client is gone, and nothing runs on its behalf any more."""
        self._host.closed(self)
        self._answering.close()
        self._frames.close()
        self._exchange.socket = None

    def _close_transport(self) -> None:
        """Our side has said its last word.

        Where the client has too, nothing more will come. Else it may still send, and must be heard
        out, or the reset that meets what it sends would take our last word from it.
        """
        if self._frames.is_closed_by_client:
            self._transport.close()
        else:
            self._inlet.close()
            self._inlet.pause(False)
            linger(self._transport, self)
