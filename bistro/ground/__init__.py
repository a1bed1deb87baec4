"""What knows neither web nor database: the names of it that plugins, built-in or not, may use."""

from bistro.ground.environment import Environment, find_debug, find_environment
from bistro.ground.errors import BistroError, SetupError
from bistro.ground.line_writer import BatchedLineWriter
from bistro.ground.log import Logger, configure_logging, get_logger, make_formatter
from bistro.ground.log_fields import bind_log_fields, request_log_fields
from bistro.ground.redaction import redact, redact_text
from bistro.ground.registry import Origin, find_origin
from bistro.ground.secret import MASK, Secret, is_sensitive_name
from bistro.ground.text import did_you_mean, escape_control_characters
from bistro.ground.types import Exchange

__all__ = [
    "MASK",
    "BatchedLineWriter",
    "BistroError",
    "Environment",
    "Exchange",
    "Logger",
    "Origin",
    "Secret",
    "SetupError",
    "bind_log_fields",
    "configure_logging",
    "did_you_mean",
    "escape_control_characters",
    "find_debug",
    "find_environment",
    "find_origin",
    "get_logger",
    "is_sensitive_name",
    "make_formatter",
    "redact",
    "redact_text",
    "request_log_fields",
]
