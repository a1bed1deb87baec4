"""What happens to a request: the app, its hooks and plugins, injection, plans and replies."""

from bistro.app.app import BaseApp
from bistro.app.background import Background
from bistro.app.errors import HookError, InjectionError, PluginError, SetupErrors
from bistro.app.frozen import Frozen
from bistro.app.hooks import Hook, Observer, Provider
from bistro.app.markers import Body, Cookie, From, Header, Path, Proceed, Query
from bistro.app.setup import Check, Command, Finding, Plugin, Setup

__all__ = [
    "Background",
    "BaseApp",
    "Body",
    "Check",
    "Command",
    "Cookie",
    "Finding",
    "From",
    "Frozen",
    "Header",
    "Hook",
    "HookError",
    "InjectionError",
    "Observer",
    "Path",
    "Plugin",
    "PluginError",
    "Proceed",
    "Provider",
    "Query",
    "Setup",
    "SetupErrors",
]
