"""What one answer of the five-line app costs: frames below the server, and calls of the framework.

The app is the one at the head of the README, with all its default plugins, asked as a browser asks;
only its log goes nowhere. An exchange in memory stands for the server, whose own calls don't count,
nor do those of the thread that writes the log.
"""

from __future__ import annotations

import asyncio
import io
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType

BROWSER = (
    (b"host", b"localhost"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (b"accept-language", b"en-GB,en;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"connection", b"keep-alive"),
)
# Frames of their own before Python 3.12, but nobody calls them.
COMPREHENSIONS = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>"})


@dataclass(slots=True)
class Cost:
    """`frames` stand between the server and the handler, the innermost first; `calls` are in order."""

    frames: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)


def measure_hello() -> Cost:
    """The cost of the second answer, when everything is frozen and warm.

    Raises RuntimeError if it is not the handler's.
    """
    return asyncio.run(_answer_twice())


async def _answer_twice() -> Cost:
    # Imported late, so that the figures of the files need nothing but the files.
    from bistro import App
    from bistro.plugins import RequestLog
    from bistro.serving.memory import MemoryExchange

    app = App(RequestLog(stream=io.BytesIO()))
    cost = Cost()

    @app.get("/")
    async def hello() -> str:
        cost.frames = frames_above(sys._getframe(), serve.__code__)
        return "Hello from Bistro"

    async def serve(exchange: MemoryExchange) -> None:
        waiting = app.handle(exchange)
        if waiting is not None:
            await waiting

    await app.start()
    try:
        await serve(MemoryExchange(headers=BROWSER))
        exchange = MemoryExchange(headers=BROWSER)
        sys.setprofile(CallCounter(cost.calls).note)
        try:
            await serve(exchange)
        finally:
            sys.setprofile(None)
    finally:
        await app.stop()
    if exchange.content != b"Hello from Bistro":
        raise RuntimeError(f"hello was answered with {exchange.status}: {exchange.content!r:.200}")
    return cost


def frames_above(frame: FrameType, end: CodeType) -> list[str]:
    """The functions between `frame` and the one of `end` that led to it, neither included."""
    found = []
    above = frame.f_back
    while above is not None and above.f_code is not end:
        found.append(describe(above))
        above = above.f_back
    return found


class CallCounter:
    """Notes each call of a Python function of the framework; C functions are no calls of ours."""

    def __init__(self, calls: list[str]) -> None:
        import bistro

        self._calls = calls
        self._package = str(Path(bistro.__file__ or "").parent)
        self._server = str(Path(self._package, "serving"))

    def note(self, frame: FrameType, event: str, _: object) -> None:
        """What `sys.setprofile` calls."""
        if event == "call" and self.is_ours(frame):
            self._calls.append(describe(frame))

    def is_ours(self, frame: FrameType) -> bool:
        """Whether it runs a function of the package, or one that was written at freeze."""
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        if name in COMPREHENSIONS or file.startswith(self._server):
            return False
        return file.startswith((self._package, "<plan ", "<routes "))


def describe(frame: FrameType) -> str:
    """E.g. `app.py: handle`."""
    file = frame.f_code.co_filename
    place = file if file.startswith("<") else Path(file).name
    return f"{place}: {frame.f_code.co_name}"
