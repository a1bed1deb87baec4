"""Paths to a value (`items[0].price`), and texts of a client's made safe to show and to log."""

from __future__ import annotations

from typing import Final

ECHO_LENGTH_MAX: Final = 200
KEY_LENGTH_MAX: Final = 64


def join_path(prefix: str, path: str) -> str:
    """`items` and `[0].price` are `items[0].price`; `filter` and `age` are `filter.age`."""
    if not prefix or not path or path[0] == "[":
        return prefix + path
    return f"{prefix}.{path}"


def key_path(path: str, key: object) -> str:
    """`path` and then `key`: `a.b` where it is a plain name, `a["…"]` with everything odd escaped."""
    text = str(key)
    if len(text) > KEY_LENGTH_MAX:
        text = text[:KEY_LENGTH_MAX] + "…"
    if text.replace("-", "_").isidentifier() and text.isascii():
        return join_path(path, text)
    escaped = "".join("\\" + character if character in '"\\' else printable(character) for character in text)
    return f'{path}["{escaped}"]'


def printable(text: str) -> str:
    """`text` with everything that isn't printable escaped, cut where it is long."""
    if len(text) > ECHO_LENGTH_MAX:
        text = text[:ECHO_LENGTH_MAX] + "…"
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
