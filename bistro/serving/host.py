"""What every connection needs of its server, whatever protocol it speaks."""

from __future__ import annotations

from typing import Protocol

from bistro.serving import answering
from bistro.serving.exchange import DateLine
from bistro.serving.served import Served


class Host(answering.Host, Protocol):
    """The server as its connections see it."""

    date: DateLine
    stopping: bool
    is_full: bool
    """Whether a connection that comes now must be turned away."""
    parting_seconds: float

    def opened(self, connection: Served) -> None: ...
    def closed(self, connection: Served) -> None: ...
