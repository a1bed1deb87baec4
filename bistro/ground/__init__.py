"""What knows neither web nor database: the names of it that plugins, built-in or not, may use.

Loaded when first used (PEP 562): whoever needs one module of the ground, such as a command that
prints its help, doesn't wait for the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bistro.ground.lazy import lazy_names as lazy_names

if TYPE_CHECKING:
    from bistro.ground.cache_folder import is_ours as is_ours
    from bistro.ground.claims import Claim as Claim
    from bistro.ground.claims import ConflictError as ConflictError
    from bistro.ground.claims import Registry as Registry
    from bistro.ground.clock import Clock as Clock
    from bistro.ground.clock import SystemClock as SystemClock
    from bistro.ground.concurrency import ThreadPool as ThreadPool
    from bistro.ground.concurrency import run_in_thread as run_in_thread
    from bistro.ground.config import ConfigError as ConfigError
    from bistro.ground.config import ConfigValue as ConfigValue
    from bistro.ground.config import config_origins as config_origins
    from bistro.ground.config import make_env_example as make_env_example
    from bistro.ground.config import read_config as read_config
    from bistro.ground.environment import Environment as Environment
    from bistro.ground.environment import assume_testing as assume_testing
    from bistro.ground.environment import expects_https as expects_https
    from bistro.ground.environment import find_debug as find_debug
    from bistro.ground.environment import find_environment as find_environment
    from bistro.ground.errors import BistroError as BistroError
    from bistro.ground.errors import SetupError as SetupError
    from bistro.ground.keyring import Keyring as Keyring
    from bistro.ground.keyring import WeakKeyError as WeakKeyError
    from bistro.ground.keyring import make_secret_key as make_secret_key
    from bistro.ground.line_writer import BatchedLineWriter as BatchedLineWriter
    from bistro.ground.log import Logger as Logger
    from bistro.ground.log import configure_logging as configure_logging
    from bistro.ground.log import get_logger as get_logger
    from bistro.ground.log import make_formatter as make_formatter
    from bistro.ground.log_fields import bind_log_fields as bind_log_fields
    from bistro.ground.log_fields import request_log_fields as request_log_fields
    from bistro.ground.log_format import ConsoleFormatter as ConsoleFormatter
    from bistro.ground.log_format import JsonFormatter as JsonFormatter
    from bistro.ground.multidict import MultiDict as MultiDict
    from bistro.ground.multidict import MutableMultiDict as MutableMultiDict
    from bistro.ground.problems import Problem as Problem
    from bistro.ground.redaction import redact as redact
    from bistro.ground.redaction import redact_text as redact_text
    from bistro.ground.registry import Origin as Origin
    from bistro.ground.registry import find_origin as find_origin
    from bistro.ground.registry import origin_of_caller as origin_of_caller
    from bistro.ground.registry import origin_outside as origin_outside
    from bistro.ground.secret import MASK as MASK
    from bistro.ground.secret import Secret as Secret
    from bistro.ground.secret import is_sensitive_name as is_sensitive_name
    from bistro.ground.signing import BadSignature as BadSignature
    from bistro.ground.signing import Sealer as Sealer
    from bistro.ground.signing import SignatureExpired as SignatureExpired
    from bistro.ground.signing import Signer as Signer
    from bistro.ground.site_keys import find_keyring as find_keyring
    from bistro.ground.stored_files import IncomingFile as IncomingFile
    from bistro.ground.stored_files import StoredFile as StoredFile
    from bistro.ground.text import Markup as Markup
    from bistro.ground.text import did_you_mean as did_you_mean
    from bistro.ground.text import escape as escape
    from bistro.ground.text import escape_control_characters as escape_control_characters
    from bistro.ground.text import safe_file_name as safe_file_name
    from bistro.ground.text import slugify as slugify
    from bistro.ground.types import Exchange as Exchange
    from bistro.ground.types import UrlBuilder as UrlBuilder

_MODULES = {
    "cache_folder": ("is_ours",),
    "claims": ("Claim", "ConflictError", "Registry"),
    "clock": ("Clock", "SystemClock"),
    "concurrency": ("ThreadPool", "run_in_thread"),
    "config": ("ConfigError", "ConfigValue", "config_origins", "make_env_example", "read_config"),
    "environment": ("Environment", "assume_testing", "expects_https", "find_debug", "find_environment"),
    "errors": ("BistroError", "SetupError"),
    "keyring": ("Keyring", "WeakKeyError", "make_secret_key"),
    "lazy": ("lazy_names",),
    "line_writer": ("BatchedLineWriter",),
    "log": ("Logger", "configure_logging", "get_logger", "make_formatter"),
    "log_format": ("ConsoleFormatter", "JsonFormatter"),
    "log_fields": ("bind_log_fields", "request_log_fields"),
    "multidict": ("MultiDict", "MutableMultiDict"),
    "problems": ("Problem",),
    "redaction": ("redact", "redact_text"),
    "registry": ("Origin", "find_origin", "origin_of_caller", "origin_outside"),
    "secret": ("MASK", "Secret", "is_sensitive_name"),
    "site_keys": ("find_keyring",),
    "signing": ("BadSignature", "Sealer", "SignatureExpired", "Signer"),
    "stored_files": ("IncomingFile", "StoredFile"),
    "text": (
        "Markup", "did_you_mean", "escape", "escape_control_characters", "safe_file_name", "slugify",
    ),
    "types": ("Exchange", "UrlBuilder"),
}  # fmt: skip

__all__ = sorted(name for names in _MODULES.values() for name in names)

if not TYPE_CHECKING:  # checkers would take any name for one of ours
    __getattr__, __dir__ = lazy_names(__name__, _MODULES)
