"""The hash of a file in the form that browsers compare (Subresource Integrity, W3C)."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1_000)
def integrity_of(path: Path) -> str:
    """The SHA-384 hash of a collected file, whose name has its content's hash, so that it never changes."""
    return "sha384-" + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode("ascii")
