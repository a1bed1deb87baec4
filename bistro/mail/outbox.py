"""Messages on their way: sent one after the other, in order, by one task of this process.

For what may be lost when the process is killed. Tasks kept in a database take its place as another
`MailQueue`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from datetime import datetime

from msgspec import Struct

from bistro.ground.clock import SystemClock
from bistro.ground.log import get_logger
from bistro.mail.errors import MailError, MailQueueFull, MailUnavailable
from bistro.mail.message import Message
from bistro.mail.transport import Transport

WAITING_MAX = 1_000
WAITING_SIZE_MAX = 64 * 1024 * 1024
PAUSES_SECONDS = (1.0, 5.0, 30.0)
DRAIN_SECONDS = 10.0
_log = get_logger("bistro.mail")


class Sent(Struct, frozen=True):
    """A message that was sent, or was not: then `error` says why."""

    message: Message
    at: datetime
    error: str = ""


class Outbox:
    """Sends by `transport` what is put into it.

    Where the server can't be reached, a message is tried again after each of `pauses_seconds`; then,
    or where it is refused, it is logged and dropped. `note` is told of each message once.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        waiting_max: int = WAITING_MAX,
        waiting_size_max: int = WAITING_SIZE_MAX,
        pauses_seconds: Sequence[float] = PAUSES_SECONDS,
        note: Callable[[Sent], None] | None = None,
    ) -> None:
        self.transport = transport
        self._waiting_max = waiting_max
        self._waiting_size_max = waiting_size_max
        self._waiting_size = 0
        self._pauses_seconds = tuple(pauses_seconds)
        self._note = note
        self._waiting: deque[Message] = deque()
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._turn = asyncio.Lock()

    async def put(self, message: Message) -> None:
        """Send it soon. Raises `MailQueueFull` (B976)."""
        size = self._waiting_size + message.size
        if len(self._waiting) >= self._waiting_max or (self._waiting and size > self._waiting_size_max):
            raise MailQueueFull(
                f"{len(self._waiting):,} messages of {self._waiting_size:,} bytes wait to be sent",
                fix="Look in the log why the mail server takes none, or send less.",
            )
        self._waiting.append(message)
        self._waiting_size = size
        if self._task is None:
            self._start()

    async def send_now(self, message: Message) -> None:
        """Send it before all that wait, and wait for it. Raises `MailUnavailable` and `MailRefused`."""
        async with self._turn:
            try:
                await self._send(message)
            finally:
                if not self._waiting:
                    await self.transport.close()

    async def wait(self) -> None:
        """Return once nothing waits any more."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def open(self) -> None:
        """Begin anew after a stop."""
        self._stopping = asyncio.Event()
        self._turn = asyncio.Lock()

    async def close(self, seconds: float = DRAIN_SECONDS) -> None:
        """Send what waits, without pauses; what is left after `seconds` is lost, and the log says so."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=seconds)
            if self._task is not None:
                self._task.cancel()
                await asyncio.wait({self._task})
                self._task = None
        if self._waiting:
            _log.error("mails lost, since the site stops", count=len(self._waiting))
            self._waiting.clear()
            self._waiting_size = 0
        await self.transport.close()

    def _start(self) -> None:
        # In a context of its own: what the request that came first has (its id in the log, its
        # database) is not for the messages of others.
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._send_all(), name="bistro mail", context=Context())

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                # It stays in the queue until it is through, so that a stop can count it.
                await self._send_patiently(self._waiting[0])
                self._waiting_size -= self._waiting.popleft().size
            async with self._turn:
                if not self._waiting:
                    await self.transport.close()
        finally:
            self._task = None
            if self._waiting and not self._stopping.is_set():
                self._start()

    async def _send_patiently(self, message: Message) -> None:
        for pause_seconds in (*self._pauses_seconds, None):
            try:
                async with self._turn:
                    await self._send(message)
            except MailUnavailable as error:
                if pause_seconds is None or self._stopping.is_set():
                    _log.error("mail not sent", reason=error.what, recipients=len(message.recipients))
                    return
                _log.warning("mail will be tried again", reason=error.what, seconds=pause_seconds)
                await self._pause(pause_seconds)
            except Exception as error:  # noqa: BLE001 - whatever goes wrong with one must not keep the next
                what = error.what if isinstance(error, MailError) else f"{type(error).__name__}: {error}"
                _log.error("mail not sent", reason=what, recipients=len(message.recipients))
                return
            else:
                return

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _send(self, message: Message) -> None:
        begun = time.monotonic()
        try:
            await self.transport.send(message)
        except Exception as error:
            self._tell(message, str(getattr(error, "what", error)) or type(error).__name__)
            raise
        milliseconds = round((time.monotonic() - begun) * 1000)
        _log.info("mail sent", recipients=len(message.recipients), ms=milliseconds)
        self._tell(message, "")

    def _tell(self, message: Message, error: str) -> None:
        if self._note is not None:
            self._note(Sent(message, SystemClock().now(), error))
