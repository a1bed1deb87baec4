"""Test a site without a server: clients that call it in-process, a live server, a clock.

Names are loaded when they are first used (PEP 562): pytest imports this package in every
environment where Bistro is installed, and a run that has no use for it must not pay for it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bistro.testing.async_client import AsyncClient as AsyncClient
    from bistro.testing.client import Client as Client
    from bistro.testing.clock import FakeClock as FakeClock
    from bistro.testing.cookie_jar import Cookie as Cookie
    from bistro.testing.cookie_jar import CookieJar as CookieJar
    from bistro.testing.errors import AnswerIncomplete as AnswerIncomplete
    from bistro.testing.errors import ClientClosed as ClientClosed
    from bistro.testing.errors import TooManyRedirects as TooManyRedirects
    from bistro.testing.live_server import LiveServer as LiveServer
    from bistro.testing.response import Answer as Answer
    from bistro.testing.response import AsyncStream as AsyncStream
    from bistro.testing.response import ClientResponse as ClientResponse
    from bistro.testing.response import Stream as Stream

_MODULES = {
    "bistro.testing.async_client": ("AsyncClient",),
    "bistro.testing.client": ("Client",),
    "bistro.testing.clock": ("FakeClock",),
    "bistro.testing.cookie_jar": ("Cookie", "CookieJar"),
    "bistro.testing.errors": ("AnswerIncomplete", "ClientClosed", "TooManyRedirects"),
    "bistro.testing.live_server": ("LiveServer",),
    "bistro.testing.response": ("Answer", "AsyncStream", "ClientResponse", "Stream"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'bistro.testing' has no attribute {name!r}")
    thing = getattr(importlib.import_module(module), name)
    globals()[name] = thing
    return thing


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
