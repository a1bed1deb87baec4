"""Limits of how often one client may ask."""

from bistro.plugins.rate_limit.limit import Limit, RateLimitError, Taken
from bistro.plugins.rate_limit.memory import MemoryRateStore
from bistro.plugins.rate_limit.plugin import (
    Allowance,
    RateLimit,
    RateStore,
    client_address,
    limit_rate,
)

__all__ = [
    "Allowance",
    "Limit",
    "MemoryRateStore",
    "RateLimit",
    "RateLimitError",
    "RateStore",
    "Taken",
    "client_address",
    "limit_rate",
]
