"""Bistro: a full-service web framework. Names are loaded when they are first used (PEP 562)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

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
    from bistro.http import File as File
    from bistro.http import Html as Html
    from bistro.http import HttpError as HttpError
    from bistro.http import Json as Json
    from bistro.http import NotFound as NotFound
    from bistro.http import Redirect as Redirect
    from bistro.http import Request as Request
    from bistro.http import Response as Response
    from bistro.http import Stream as Stream
    from bistro.http import Text as Text
    from bistro.http import Upload as Upload
    from bistro.routing import Routes as Routes
    from bistro.site import App as App

__version__ = "0.1.0"

_ROOMS = {
    "bistro.app": (
        "Background", "Body", "Cookie", "From", "Header", "Path", "Plugin", "Proceed", "Query", "Setup",
    ),
    "bistro.ground.text": ("escape",),
    "bistro.http": (
        "Empty", "File", "Html", "HttpError", "Json", "NotFound", "Redirect",
        "Request", "Response", "Stream", "Text", "Upload",
    ),
    "bistro.routing": ("Routes",),
    "bistro.site": ("App",),
}  # fmt: skip
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted(_ROOM_OF)


def __getattr__(name: str) -> object:
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module 'bistro' has no attribute {name!r}")
    thing = getattr(importlib.import_module(room), name)
    globals()[name] = thing
    return thing


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
