"""How many connections the descriptors of this process are enough for.

A process that runs out of them fails wherever it opens something next: a file, a database, the
answer to a health check. So connections leave some, and those beyond are turned away while all
others are served.
"""

from __future__ import annotations

import contextlib
import importlib
from types import ModuleType

RAISED_MAX = 65_536
LEFT_MIN = 32
LEFT_SHARE = 10
"""A tenth of the descriptors is left to the app, and 32 at least, but half at most."""


def raise_descriptor_limit() -> None:
    """Take as many descriptors as the system lets this process have; many give 1,024 at first."""
    resource = _find_resource()
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = RAISED_MAX if hard == resource.RLIM_INFINITY else min(hard, RAISED_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # macOS has another limit besides
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def count_connections_max() -> int | None:
    """How many connections there may be at once; None where nothing limits them."""
    resource = _find_resource()
    if resource is None:
        return None
    soft: int = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        return None
    return soft - min(soft // 2, max(LEFT_MIN, soft // LEFT_SHARE))


def _find_resource() -> ModuleType | None:
    """The module of limits; Windows has none."""
    try:
        return importlib.import_module("resource")
    except ImportError:
        return None
