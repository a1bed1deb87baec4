"""The limits of a connection; each is a default that holds without anyone asking for it."""

from __future__ import annotations

from msgspec import Struct


class Limits(Struct, frozen=True):
    """What one connection may take in bytes, counts and seconds (`docs/reference/limits.md`)."""

    request_line_size_max: int = 8 * 1024
    header_size_max: int = 16 * 1024
    headers_size_max: int = 64 * 1024
    headers_count_max: int = 100
    head_timeout_seconds: float = 10.0
    keep_alive_timeout_seconds: float = 75.0
    stall_timeout_seconds: float = 30.0
    """How long a body may stand still while it is being received, or an answer while it is read."""
    connections_count_max: int | None = None
    """How many connections one server has at once; None for as many as its descriptors allow."""
