"""Servers and adapters: how requests come in and answers go out."""

from bistro.serving.limits import Limits
from bistro.serving.server import Server

__all__ = ["Limits", "Server"]
