"""Test a site without a server: clients that call it in-process, a live server, a clock.

Names are loaded when they are first used (PEP 562): pytest imports this package in every
environment where Bistro is installed, and a run that has no use for it must not pay for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bistro.ground import lazy_names

if TYPE_CHECKING:
    from bistro.testing.async_client import AsyncClient as AsyncClient
    from bistro.testing.client import Client as Client
    from bistro.testing.clock import FakeClock as FakeClock
    from bistro.testing.cookie_jar import Cookie as Cookie
    from bistro.testing.cookie_jar import CookieJar as CookieJar
    from bistro.testing.copies import copied_database as copied_database
    from bistro.testing.errors import AnswerIncomplete as AnswerIncomplete
    from bistro.testing.errors import ClientClosed as ClientClosed
    from bistro.testing.errors import NoAccounts as NoAccounts
    from bistro.testing.errors import NoMailPlugin as NoMailPlugin
    from bistro.testing.errors import TooManyRedirects as TooManyRedirects
    from bistro.testing.errors import WebSocketRefused as WebSocketRefused
    from bistro.testing.factory import Factory as Factory
    from bistro.testing.live_server import LiveServer as LiveServer
    from bistro.testing.logging_in import log_in as log_in
    from bistro.testing.logging_in import wait_for_log_in as wait_for_log_in
    from bistro.testing.mailbox import Mailbox as Mailbox
    from bistro.testing.queries import assert_queries as assert_queries
    from bistro.testing.response import Answer as Answer
    from bistro.testing.response import AsyncStream as AsyncStream
    from bistro.testing.response import ClientResponse as ClientResponse
    from bistro.testing.response import Stream as Stream
    from bistro.testing.rollback import rolled_back as rolled_back
    from bistro.testing.rollback import rolled_back_in as rolled_back_in
    from bistro.testing.socket import AsyncSocket as AsyncSocket
    from bistro.testing.socket import Socket as Socket

_MODULES = {
    "async_client": ("AsyncClient",),
    "client": ("Client",),
    "clock": ("FakeClock",),
    "cookie_jar": ("Cookie", "CookieJar"),
    "errors": (
        "AnswerIncomplete",
        "ClientClosed",
        "NoAccounts",
        "NoMailPlugin",
        "TooManyRedirects",
        "WebSocketRefused",
    ),
    "copies": ("copied_database",),
    "factory": ("Factory",),
    "live_server": ("LiveServer",),
    "logging_in": ("log_in", "wait_for_log_in"),
    "mailbox": ("Mailbox",),
    "queries": ("assert_queries",),
    "response": ("Answer", "AsyncStream", "ClientResponse", "Stream"),
    "socket": ("AsyncSocket", "Socket"),
    "rollback": ("rolled_back", "rolled_back_in"),
}

__all__ = sorted(name for names in _MODULES.values() for name in names)

if not TYPE_CHECKING:  # checkers would take any name for one of ours
    __getattr__, __dir__ = lazy_names(__name__, _MODULES)
