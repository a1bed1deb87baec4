"""The parts that come with Bistro; each is built on the same public names as anybody's own."""

from bistro.plugins.cors import Cors, CorsError
from bistro.plugins.debug_page import DebugPage, DebugPageError
from bistro.plugins.error_pages import ErrorPages
from bistro.plugins.etags import ETags
from bistro.plugins.health import Health, ReadinessCheck, ReadyPlugin
from bistro.plugins.host_check import AllowedHostsError, HostCheck
from bistro.plugins.request_log import RequestLog
from bistro.plugins.security_headers import SecurityHeaders
from bistro.plugins.static import Static, StaticFolderError

__all__ = [
    "AllowedHostsError",
    "Cors",
    "CorsError",
    "DebugPage",
    "DebugPageError",
    "ETags",
    "ErrorPages",
    "Health",
    "HostCheck",
    "ReadinessCheck",
    "ReadyPlugin",
    "RequestLog",
    "SecurityHeaders",
    "Static",
    "StaticFolderError",
]
