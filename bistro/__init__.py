"""Bistro: a full-service web framework. Names are loaded when they are first used (PEP 562)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bistro.ground import lazy_names

if TYPE_CHECKING:
    from bistro.app import Background as Background
    from bistro.app import Body as Body
    from bistro.app import Cookie as Cookie
    from bistro.app import From as From
    from bistro.app import Header as Header
    from bistro.app import Path as Path
    from bistro.app import Plugin as Plugin
    from bistro.app import Proceed as Proceed
    from bistro.app import Query as Query
    from bistro.app import Setup as Setup
    from bistro.ground.text import escape as escape
    from bistro.http import Empty as Empty
    from bistro.http import Event as Event
    from bistro.http import EventStream as EventStream
    from bistro.http import File as File
    from bistro.http import Html as Html
    from bistro.http import HttpError as HttpError
    from bistro.http import Json as Json
    from bistro.http import JsonLines as JsonLines
    from bistro.http import NotFound as NotFound
    from bistro.http import Redirect as Redirect
    from bistro.http import Request as Request
    from bistro.http import Response as Response
    from bistro.http import Stream as Stream
    from bistro.http import Text as Text
    from bistro.http import Upload as Upload
    from bistro.http import WebSocket as WebSocket
    from bistro.http import WebSocketDisconnected as WebSocketDisconnected
    from bistro.http import WebSocketOptions as WebSocketOptions
    from bistro.http import long_poll as long_poll
    from bistro.plugins.rendering import render as render
    from bistro.routing import Routes as Routes
    from bistro.site import App as App
    from bistro.templates import Page as Page

__version__ = "0.1.0"

_ROOMS = {
    "app": (
        "Background", "Body", "Cookie", "From", "Header", "Path", "Plugin", "Proceed", "Query", "Setup",
    ),
    "ground.text": ("escape",),
    "http": (
        "Empty", "Event", "EventStream", "File", "Html", "HttpError", "Json", "JsonLines", "NotFound",
        "Redirect", "Request", "Response", "Stream", "Text", "Upload",
        "WebSocket", "WebSocketDisconnected", "WebSocketOptions", "long_poll",
    ),
    "plugins.rendering": ("render",),
    "routing": ("Routes",),
    "site": ("App",),
    "templates": ("Page",),
}  # fmt: skip

__all__ = sorted(name for names in _ROOMS.values() for name in names)

if not TYPE_CHECKING:  # checkers would take any name for one of ours
    __getattr__, __dir__ = lazy_names(__name__, _ROOMS)
