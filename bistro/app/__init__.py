"""What happens to a request: the app, its hooks and plugins, injection, plans and replies."""

from bistro.app.app import BaseApp
from bistro.app.background import Background
from bistro.app.errors import (
    HookError,
    InjectionError,
    LateValueError,
    MountError,
    PluginError,
    SetupErrors,
)
from bistro.app.frozen import Frozen
from bistro.app.hooks import Hook, Observer, Provider
from bistro.app.late import LateValues, quick_globals
from bistro.app.markers import Body, Cookie, From, Header, Path, Proceed, Query
from bistro.app.proxies import TrustedProxiesError
from bistro.app.setup import Check, Command, Finding, ModelPackage, Plugin, Setup
from bistro.app.static_folder import StaticFolder
from bistro.app.template_parts import TemplateFolder, TemplateName, TemplateParts

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
    "ModelPackage",
    "LateValueError",
    "LateValues",
    "MountError",
    "Observer",
    "Path",
    "Plugin",
    "PluginError",
    "Proceed",
    "Provider",
    "Query",
    "Setup",
    "SetupErrors",
    "TrustedProxiesError",
    "TemplateFolder",
    "TemplateName",
    "StaticFolder",
    "TemplateParts",
    "quick_globals",
]
