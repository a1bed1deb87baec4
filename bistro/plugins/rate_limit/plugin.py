"""The plugin for a whole site, and the hook for single routes and groups."""

from __future__ import annotations

import functools
import hashlib
import inspect
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

# Any: a key function takes whatever can be injected.
from typing import Any, ClassVar, Final, Protocol

from msgspec import Struct

from bistro.app import Setup
from bistro.ground import Exchange
from bistro.http import Response, TooManyRequests
from bistro.plugins.rate_limit.limit import Limit, Taken, read_limit
from bistro.plugins.rate_limit.memory import MemoryRateStore

KEY_LENGTH_MAX: Final = 64
_MAPPED: Final = bytes(10) + b"\xff\xff"


class RateStore(Protocol):
    """Where it is kept what keys have left; one that all workers share may be async."""

    def take(self, key: str, limit: Limit) -> Taken | Awaitable[Taken]:
        """Take one request of `limit` for `key`."""
        ...


def client_address(exchange: Exchange) -> str:
    """The address that limits count by: of IPv6 the first 64 bits, since a household has all of them.

    Behind a proxy that is named in `trusted_proxies`, the client's; otherwise the proxy's, for all.
    """
    client = exchange.client
    if client is None:
        return "unix"
    address = client[0]
    if ":" not in address:
        return address
    try:
        packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    except OSError:
        return address
    if packed.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return socket.inet_ntop(socket.AF_INET6, packed[:8] + bytes(8)) + "/64"


Key = Callable[..., Any]
"""A function that gives a text to count by, or None for who is not limited; parameters are injected."""


class Allowance(Struct, frozen=True):
    """What the request's client has left of the site's limit; handlers may ask for it."""

    limit: Limit
    taken: Taken | None = None
    """None for who is not limited."""

    def check(self) -> None:
        """Raise `TooManyRequests` where nothing is left."""
        if self.taken is not None and not self.taken.is_allowed:
            raise TooManyRequests(
                f"At most {self.limit.requests} requests in {self.limit.seconds} seconds; wait a moment.",
                headers={"retry-after": self.taken.retry_after, **self.headers()},
            )

    def headers(self) -> dict[str, str]:
        """`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10)."""
        if self.taken is None:
            return {}
        reset = max(0, round(self.taken.reset_seconds + 0.5))
        return {
            "ratelimit-policy": f'"default";q={self.limit.requests};w={self.limit.seconds}',
            "ratelimit": f'"default";r={self.taken.remaining};t={reset}',
        }


@dataclass(frozen=True)
class RateLimit:
    """Answer 429 to a client that asks more often than `limit`, e.g. `"300/minute"`.

    `by` tells clients apart; its parameters are injected, so it may ask for the user. None as its
    result limits nobody. Paths in `except_paths` are never refused: an orchestrator asks often.
    """

    limit: str
    by: Key = client_address
    store: RateStore = field(default_factory=MemoryRateStore)
    except_paths: tuple[str, ...] = ("/livez", "/readyz")

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Add the hooks. Raises `RateLimitError`."""
        setup.provide(Allowance, make_taker(read_limit(self.limit), self.by, self.store, "site"))
        excepted = frozenset(self.except_paths)

        def tell_rate_limit(exchange: Exchange, allowance: Allowance, response: Response) -> None:
            if exchange.raw_path not in excepted:
                for name, value in allowance.headers().items():
                    if name not in response.headers:
                        response.headers[name] = value

        def check_rate_limit(exchange: Exchange, allowance: Allowance) -> None:
            if exchange.raw_path not in excepted:
                allowance.check()

        setup.after(tell_rate_limit)
        setup.before(check_rate_limit)


def limit_rate(
    limit: str, *, by: Key = client_address, store: RateStore | None = None, name: str = ""
) -> Callable[..., Any]:
    """A before hook that refuses with 429 who asks more often than `limit`.

        @app.post("/login", before=[limit_rate("5/minute")])

    Each call counts for itself; the same hook on several routes counts them together. `name` tells
    the hooks apart that share a store. Raises `RateLimitError`.
    """
    store = MemoryRateStore() if store is None else store
    take = make_taker(read_limit(limit), by, store, name or "route")

    async def check_later(**values: Any) -> None:
        (await take(**values)).check()

    def check(**values: Any) -> None:
        take(**values).check()

    return _like(check_later if inspect.iscoroutinefunction(take) else check, by, f"limit_rate {limit}")


def make_taker(limit: Limit, by: Key, store: RateStore, name: str) -> Callable[..., Any]:
    """A provider of the `Allowance` that is left for the key that `by` gives."""

    async def take_later(**values: Any) -> Allowance:
        key = by(**values)
        if inspect.isawaitable(key):
            key = await key
        taken = None if key is None else store.take(f"{name}:{_bounded(str(key))}", limit)
        return Allowance(limit, await taken if inspect.isawaitable(taken) else taken)

    def take(**values: Any) -> Allowance:
        key = by(**values)
        # Not awaitable: that is asked below.
        taken: Any = None if key is None else store.take(f"{name}:{_bounded(str(key))}", limit)
        return Allowance(limit, taken)

    must_wait = inspect.iscoroutinefunction(by) or inspect.iscoroutinefunction(store.take)
    return _like(take_later if must_wait else take, by, f"take from {limit.requests} in {limit.seconds} s")


def _like(function: Callable[..., Any], by: Key, name: str) -> Callable[..., Any]:
    """`function` with the parameters of `by`, so that the same values are injected."""
    wrapped = functools.wraps(by)(function)
    wrapped.__name__ = wrapped.__qualname__ = name
    return wrapped


def _bounded(key: str) -> str:
    # A key may be text of the client's, and must not fill the memory by its length.
    return key if len(key) <= KEY_LENGTH_MAX else hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
