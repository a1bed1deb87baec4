"""`{% cache "key", 60 %} … {% endcache %}`: keeps what a part of a page printed for a while."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from threading import Lock

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from markupsafe import Markup

FRAGMENTS_MAX = 1_000
"""How many fragments one engine keeps; the one that was used longest ago goes first."""
FUNCTION = "cache_fragment"


class FragmentCache:
    """Keeps fragments in memory, each for some seconds, at most `FRAGMENTS_MAX` of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[Hashable, tuple[float, str]] = OrderedDict()
        self._lock = Lock()

    def fragment(
        self, key: Hashable, seconds: float = 300, *, caller: Callable[[], str | Awaitable[str]]
    ) -> Markup | Awaitable[Markup]:
        """What was kept under `key`, or what `caller` prints now."""
        now = self._clock()
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and kept[0] > now:
                self._kept.move_to_end(key)
                return Markup(kept[1])  # noqa: S704 - printed by a template, where it was escaped
        text = caller()
        if isinstance(text, Awaitable):  # in a template that awaits; Jinja2 awaits what this gives
            return self._awaited(key, seconds, text)
        return self._keep(key, seconds, text)

    async def _awaited(self, key: Hashable, seconds: float, text: Awaitable[str]) -> Markup:
        return self._keep(key, seconds, await text)

    def _keep(self, key: Hashable, seconds: float, text: str) -> Markup:
        text = str(text)
        with self._lock:
            self._kept[key] = (self._clock() + seconds, text)
            self._kept.move_to_end(key)
            while len(self._kept) > FRAGMENTS_MAX:
                self._kept.popitem(last=False)
        return Markup(text)  # noqa: S704 - as above


class CacheTag(Extension):
    """The tag: a call of the engine's own `cache_fragment` with the body."""

    tags = {"cache"}  # noqa: RUF012 - as Jinja2 declares it

    def parse(self, parser: Parser) -> nodes.Node:
        """Read the tag up to its end."""
        line = next(parser.stream).lineno
        arguments = [parser.parse_expression()]
        if parser.stream.skip_if("comma"):
            arguments.append(parser.parse_expression())
        body = parser.parse_statements(("name:endcache",), drop_needle=True)
        call = nodes.Call(nodes.Name(FUNCTION, "load"), arguments, [], None, None).set_lineno(line)
        assert isinstance(call, nodes.Call)
        return nodes.CallBlock(call, [], [], body).set_lineno(line)
