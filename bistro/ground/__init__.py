"""What knows neither web nor database: the names of it that plugins, built-in or not, may use.

Loaded when first used (PEP 562): whoever needs one module of the ground, such as a command that
prints its help, doesn't wait for the others.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bistro.ground.environment import Environment as Environment
    from bistro.ground.environment import find_debug as find_debug
    from bistro.ground.environment import find_environment as find_environment
    from bistro.ground.errors import BistroError as BistroError
    from bistro.ground.errors import SetupError as SetupError
    from bistro.ground.line_writer import BatchedLineWriter as BatchedLineWriter
    from bistro.ground.log import configure_logging as configure_logging
    from bistro.ground.log import get_logger as get_logger
    from bistro.ground.log import make_formatter as make_formatter
    from bistro.ground.log_fields import bind_log_fields as bind_log_fields
    from bistro.ground.log_fields import request_log_fields as request_log_fields
    from bistro.ground.redaction import redact as redact
    from bistro.ground.redaction import redact_text as redact_text
    from bistro.ground.registry import Origin as Origin
    from bistro.ground.registry import find_origin as find_origin
    from bistro.ground.secret import is_sensitive_name as is_sensitive_name
    from bistro.ground.text import did_you_mean as did_you_mean
    from bistro.ground.text import escape as escape
    from bistro.ground.text import escape_control_characters as escape_control_characters
    from bistro.ground.types import Exchange as Exchange

_MODULES = {
    "environment": ("Environment", "find_debug", "find_environment"),
    "errors": ("BistroError", "SetupError"),
    "line_writer": ("BatchedLineWriter",),
    "log": ("configure_logging", "get_logger", "make_formatter"),
    "log_fields": ("bind_log_fields", "request_log_fields"),
    "redaction": ("redact", "redact_text"),
    "registry": ("Origin", "find_origin"),
    "secret": ("is_sensitive_name",),
    "text": ("did_you_mean", "escape", "escape_control_characters"),
    "types": ("Exchange",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'bistro.ground' has no attribute {name!r}")
    thing: object = getattr(importlib.import_module(f"bistro.ground.{module}"), name)
    globals()[name] = thing
    return thing
