"""Servers and adapters: how requests come in and answers go out.

Loaded when first used (PEP 562): a parent of workers serves nothing itself, and stays small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bistro.ground import lazy_names

if TYPE_CHECKING:
    from bistro.serving.limits import Limits as Limits
    from bistro.serving.server import Server as Server

_MODULES = {"limits": ("Limits",), "server": ("Server",)}

__all__ = ["Limits", "Server"]

if not TYPE_CHECKING:  # checkers would take any name for one of ours
    __getattr__, __dir__ = lazy_names(__name__, _MODULES)
