"""What is wrong with one value of the input, and where in the input it stands."""

from __future__ import annotations

from msgspec import Struct


class Problem(Struct, frozen=True):
    """One fault of the input, in the form in which answers list it (RFC 9457 §3.2 extension).

    `place` is "path", "query", "header", "cookie", "form" or "body"; `path` leads to the value
    inside it, e.g. `items[0].price`, and is empty for the whole; `code` is short and stable.
    """

    place: str
    path: str
    message: str
    code: str = "invalid"
