"""The parts that come with Bistro; each is built on the same public names as anybody's own.

Loaded when first used (PEP 562), so that a site pays for those that it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bistro.ground import lazy_names

if TYPE_CHECKING:
    from bistro.plugins.accounts import Accounts as Accounts
    from bistro.plugins.accounts import User as User
    from bistro.plugins.accounts.external import CheckedBy as CheckedBy
    from bistro.plugins.accounts.external import RemoteUser as RemoteUser
    from bistro.plugins.accounts.ldap import LdapDirectory as LdapDirectory
    from bistro.plugins.accounts.passkeys import Passkeys as Passkeys
    from bistro.plugins.accounts.providers import SignInWith as SignInWith
    from bistro.plugins.accounts.two_factor import TwoFactor as TwoFactor
    from bistro.plugins.compression import Compression as Compression
    from bistro.plugins.compression import CompressionError as CompressionError
    from bistro.plugins.cors import Cors as Cors
    from bistro.plugins.cors import CorsError as CorsError
    from bistro.plugins.csrf import CrossSiteRequest as CrossSiteRequest
    from bistro.plugins.csrf import Csrf as Csrf
    from bistro.plugins.csrf import CsrfError as CsrfError
    from bistro.plugins.csrf import CsrfToken as CsrfToken
    from bistro.plugins.database import Database as Database
    from bistro.plugins.debug_page import DebugPage as DebugPage
    from bistro.plugins.debug_page import DebugPageError as DebugPageError
    from bistro.plugins.error_pages import ErrorPages as ErrorPages
    from bistro.plugins.etags import ETags as ETags
    from bistro.plugins.flash import Flash as Flash
    from bistro.plugins.flash import Flashes as Flashes
    from bistro.plugins.flash import FlashMessages as FlashMessages
    from bistro.plugins.health import Health as Health
    from bistro.plugins.health import ReadinessCheck as ReadinessCheck
    from bistro.plugins.health import ReadyPlugin as ReadyPlugin
    from bistro.plugins.host_check import AllowedHostsError as AllowedHostsError
    from bistro.plugins.host_check import HostCheck as HostCheck
    from bistro.plugins.live_forms import LiveForms as LiveForms
    from bistro.plugins.live_reload import LiveReload as LiveReload
    from bistro.plugins.mail import Mail as Mail
    from bistro.plugins.mail import Mailer as Mailer
    from bistro.plugins.mail import MailPage as MailPage
    from bistro.plugins.private_files import PrivateFiles as PrivateFiles
    from bistro.plugins.private_files import StoredFiles as StoredFiles
    from bistro.plugins.rate_limit import Allowance as Allowance
    from bistro.plugins.rate_limit import Limit as Limit
    from bistro.plugins.rate_limit import MemoryRateStore as MemoryRateStore
    from bistro.plugins.rate_limit import RateLimit as RateLimit
    from bistro.plugins.rate_limit import RateLimitError as RateLimitError
    from bistro.plugins.rate_limit import RateStore as RateStore
    from bistro.plugins.rate_limit import Taken as Taken
    from bistro.plugins.rate_limit import client_address as client_address
    from bistro.plugins.rate_limit import limit_rate as limit_rate
    from bistro.plugins.rendering import Rendered as Rendered
    from bistro.plugins.rendering import Rendering as Rendering
    from bistro.plugins.rendering import TemplateFolderError as TemplateFolderError
    from bistro.plugins.rendering import Templates as Templates
    from bistro.plugins.rendering import stream as stream
    from bistro.plugins.request_log import RequestLog as RequestLog
    from bistro.plugins.security_headers import HttpsOnly as HttpsOnly
    from bistro.plugins.security_headers import SecurityHeaders as SecurityHeaders
    from bistro.plugins.sessions import CookieSessions as CookieSessions
    from bistro.plugins.sessions import DatabaseSessions as DatabaseSessions
    from bistro.plugins.sessions import FileSessions as FileSessions
    from bistro.plugins.sessions import MemorySessions as MemorySessions
    from bistro.plugins.sessions import Session as Session
    from bistro.plugins.sessions import SessionData as SessionData
    from bistro.plugins.sessions import SessionError as SessionError
    from bistro.plugins.sessions import Sessions as Sessions
    from bistro.plugins.sessions import SessionStore as SessionStore
    from bistro.plugins.sessions import StoredSession as StoredSession
    from bistro.plugins.static import ManifestError as ManifestError
    from bistro.plugins.static import Spa as Spa
    from bistro.plugins.static import Static as Static
    from bistro.plugins.static import StaticFolderError as StaticFolderError
    from bistro.plugins.static import StaticUrls as StaticUrls
    from bistro.plugins.static import UnknownStaticFile as UnknownStaticFile
    from bistro.plugins.time_zone import TimeZone as TimeZone
    from bistro.plugins.time_zone import TimeZoneError as TimeZoneError

_MODULES = {
    "accounts": ("Accounts", "User"),
    "accounts.external": ("CheckedBy", "RemoteUser"),
    "accounts.ldap": ("LdapDirectory",),
    "accounts.passkeys": ("Passkeys",),
    "accounts.providers": ("SignInWith",),
    "accounts.two_factor": ("TwoFactor",),
    "compression": ("Compression", "CompressionError"),
    "cors": ("Cors", "CorsError"),
    "csrf": ("CrossSiteRequest", "Csrf", "CsrfError", "CsrfToken"),
    "database": ("Database",),
    "debug_page": ("DebugPage", "DebugPageError"),
    "error_pages": ("ErrorPages",),
    "etags": ("ETags",),
    "flash": ("Flash", "FlashMessages", "Flashes"),
    "health": ("Health", "ReadinessCheck", "ReadyPlugin"),
    "host_check": ("AllowedHostsError", "HostCheck"),
    "live_forms": ("LiveForms",),
    "live_reload": ("LiveReload",),
    "mail": ("Mail", "Mailer", "MailPage"),
    "private_files": ("PrivateFiles", "StoredFiles"),
    "rate_limit": (
        "Allowance",
        "Limit",
        "MemoryRateStore",
        "RateLimit",
        "RateLimitError",
        "RateStore",
        "Taken",
        "client_address",
        "limit_rate",
    ),
    "rendering": ("Rendered", "Rendering", "TemplateFolderError", "Templates", "stream"),
    "request_log": ("RequestLog",),
    "security_headers": ("HttpsOnly", "SecurityHeaders"),
    "sessions": (
        "CookieSessions",
        "DatabaseSessions",
        "FileSessions",
        "MemorySessions",
        "Session",
        "SessionData",
        "SessionError",
        "SessionStore",
        "Sessions",
        "StoredSession",
    ),
    "static": ("ManifestError", "Spa", "Static", "StaticFolderError", "StaticUrls", "UnknownStaticFile"),
    "time_zone": ("TimeZone", "TimeZoneError"),
}

__all__ = sorted(name for names in _MODULES.values() for name in names)

if not TYPE_CHECKING:  # checkers would take any name for one of ours
    __getattr__, __dir__ = lazy_names(__name__, _MODULES)
