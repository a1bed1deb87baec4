"""Whether a statement only reads, as far as its words tell."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=1024)
def is_reading(sql: str) -> bool:
    """Whether a statement can change nothing and locks no rows; False where that is not sure."""
    return _BEGINS_READING.match(sql) is not None and _MAY_WRITE.search(sql) is None


_BEGINS_READING = re.compile(r"\s*(?:select|with|values|explain)\b", re.IGNORECASE)
_MAY_WRITE = re.compile(
    r"\b(?:insert|update|delete|replace|merge)\b(?!\s*\()|\bfor\s+(?:no\s+key\s+update|share|key\s+share)\b"
    r"|\bnextval\s*\(|\bpg_notify\s*\(|\bset_config\s*\(|\bpg_(?:try_)?advisory",
    re.IGNORECASE,
)
