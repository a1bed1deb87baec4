"""What proxies say of the request that they pass on: `Forwarded` (RFC 7239) and `X-Forwarded-*`.

How it works: every proxy adds what it knows at the right end, so that only what the last ones wrote
can be believed, and whatever stands further left may come from the client. Both forms are read into
the same `Hop`s, the nearest last. At most `HOPS_MAX` from the right are looked at, however many
there are, and each reader goes over its text once.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from bistro.http.errors import BadRequest

HOPS_MAX: Final = 32


class Hop(Struct, frozen=True):
    """What one proxy noted: who asked it, by which scheme, for which host; empty where it says nothing."""

    client: str = ""
    scheme: str = ""
    host: str = ""


def read_hops(headers: Iterable[tuple[bytes, bytes]]) -> Sequence[Hop]:
    """The hops that the headers of a request tell of, the nearest last; empty where there are none.

    Raises `BadRequest` for a malformed `Forwarded`, and where both forms are there: a proxy that
    writes one of them lets the other one pass as the client has sent it.
    """
    found: dict[bytes, list[str]] = {}
    for name, value in headers:
        if name in _NAMES:
            found.setdefault(name, []).append(value.decode("latin-1"))
    if not found:
        return ()
    # Several lines of one name are one list (RFC 9110 §5.3); a proxy may add a line of its own.
    texts = {name: ",".join(values) for name, values in found.items()}
    forwarded = texts.pop(b"forwarded", None)
    if forwarded is None:
        return _read_separate(texts)
    if texts:
        raise BadRequest("The request has both Forwarded and X-Forwarded headers.")
    return _read_forwarded(forwarded)


def read_address(text: str) -> tuple[str, int] | None:
    """Address and port (0 if there is none) of a hop; None for what is no address, like `unknown`.

    An IPv4 address inside of an IPv6 one is taken out, so that one machine has one address.
    """
    text = text.strip()
    port = ""
    if text.startswith("["):
        text, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
    if len(text) > _ADDRESS_LENGTH_MAX or "%" in text or (port and not _is_port(port)):
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address), int(port or 0)


def _read_separate(texts: dict[bytes, str]) -> Sequence[Hop]:
    clients = _last_items(texts.get(b"x-forwarded-for", ""))
    count = max(len(clients), 1)
    schemes = _beside(texts.get(b"x-forwarded-proto", ""), count)
    hosts = _beside(texts.get(b"x-forwarded-host", ""), count)
    ports = _beside(texts.get(b"x-forwarded-port", ""), count)
    clients = clients or [""]
    return [
        Hop(client, _scheme(scheme), _with_port(host, port))
        for client, scheme, host, port in zip(clients, schemes, hosts, ports, strict=True)
    ]


def _last_items(text: str) -> list[str]:
    return [item.strip() for item in text.rsplit(",", HOPS_MAX)[-HOPS_MAX:]] if text else []


def _beside(text: str, count: int) -> list[str]:
    """One value for each hop: its own where all have noted one, else the last for all of them."""
    items = _last_items(text)
    return items if len(items) == count else [items[-1] if items else ""] * count


def _scheme(text: str) -> str:
    text = text.lower()
    return text if text in ("http", "https") else _SOCKET_SCHEMES.get(text, "")


def _with_port(host: str, port: str) -> str:
    if not host or not _is_port(port) or port in ("80", "443") or host.rpartition(":")[2].isdigit():
        return host
    return f"{host}:{port}"


def _is_port(text: str) -> bool:
    return len(text) <= 5 and text.isascii() and text.isdigit()


def _read_forwarded(text: str) -> Sequence[Hop]:
    hops: list[dict[str, str]] = [{}]
    place = 0
    while True:
        pair = _match_pair(text, place)
        if pair is not None:
            name, value = pair[1].lower(), pair[2]
            if name in hops[-1]:
                raise BadRequest(_MALFORMED)
            hops[-1][name] = _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
            place = pair.end()
        place = _match_blanks(text, place).end()  # type: ignore[union-attr]  # it matches nothing, too
        if place == len(text):
            break
        if text[place] == ",":
            hops.append({})
            del hops[:-HOPS_MAX]
        elif text[place] != ";":
            raise BadRequest(_MALFORMED)
        place += 1
    return [
        Hop(hop.get("for", ""), _scheme(hop.get("proto", "")), hop.get("host", "")) for hop in hops if hop
    ]


_NAMES: Final = frozenset({
    b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port",
})  # fmt: skip
_SOCKET_SCHEMES: Final = {"ws": "http", "wss": "https"}
_ADDRESS_LENGTH_MAX: Final = 45
_MALFORMED: Final = "The Forwarded header is malformed."
# RFC 7239 §4; a colon in a bare value is no token, but proxies write it.
_match_pair: Final = re.compile(
    r"""[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[!#$%&'*+.^_`|~0-9A-Za-z:-]+)"""
).match
_match_blanks: Final = re.compile(r"[ \t]*").match
_ESCAPED: Final = re.compile(r"\\(.)")
