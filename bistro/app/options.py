"""What an app is told when it is made, beside its plugins and routes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct

from bistro.app.threads import AppThreads
from bistro.http import WebSocketOptions
from bistro.routing import SlashPolicy

Plans = Literal["written", "interpreted"]


class AppOptions(Struct, frozen=True):
    """How an app makes its plans, and where it stands; `folder` is that of the file which makes it."""

    folder: Path
    slash: SlashPolicy
    plans: Plans
    threads: AppThreads
    websockets: WebSocketOptions
    root_path: str
