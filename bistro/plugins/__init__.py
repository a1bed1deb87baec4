"""The parts that come with Bistro; each is built on the same public names as anybody's own.

Loaded when first used (PEP 562), so that a site pays for those that it has.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bistro.plugins.cors import Cors as Cors
    from bistro.plugins.cors import CorsError as CorsError
    from bistro.plugins.debug_page import DebugPage as DebugPage
    from bistro.plugins.debug_page import DebugPageError as DebugPageError
    from bistro.plugins.error_pages import ErrorPages as ErrorPages
    from bistro.plugins.etags import ETags as ETags
    from bistro.plugins.health import Health as Health
    from bistro.plugins.health import ReadinessCheck as ReadinessCheck
    from bistro.plugins.health import ReadyPlugin as ReadyPlugin
    from bistro.plugins.host_check import AllowedHostsError as AllowedHostsError
    from bistro.plugins.host_check import HostCheck as HostCheck
    from bistro.plugins.request_log import RequestLog as RequestLog
    from bistro.plugins.security_headers import SecurityHeaders as SecurityHeaders
    from bistro.plugins.static import Static as Static
    from bistro.plugins.static import StaticFolderError as StaticFolderError

_MODULES = {
    "cors": ("Cors", "CorsError"),
    "debug_page": ("DebugPage", "DebugPageError"),
    "error_pages": ("ErrorPages",),
    "etags": ("ETags",),
    "health": ("Health", "ReadinessCheck", "ReadyPlugin"),
    "host_check": ("AllowedHostsError", "HostCheck"),
    "request_log": ("RequestLog",),
    "security_headers": ("SecurityHeaders",),
    "static": ("Static", "StaticFolderError"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'bistro.plugins' has no attribute {name!r}")
    thing: object = getattr(importlib.import_module(f"bistro.plugins.{module}"), name)
    globals()[name] = thing
    return thing
