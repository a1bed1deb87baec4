"""How a process serves: what a parent tells its workers."""

from __future__ import annotations

from msgspec import Struct

from bistro.serving.tls import TlsFiles
from bistro.serving.wear import WearLimits


class ServingOptions(Struct, frozen=True):
    """How one process serves."""

    grace_seconds: float = 10.0
    """How long open requests have to end at a stop."""
    parting_seconds: float = 0.0
    """How long idle clients may send one last request at a stop."""
    tls: TlsFiles | None = None
    wear: WearLimits = WearLimits()
