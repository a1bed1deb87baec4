"""What TechEmpower's cases choose at random, and where their table is."""

from __future__ import annotations

import os
import random

URL = os.environ.get("BENCHMARK_DATABASE", "sqlite://")
ROWS = 10_000
CONNECTIONS = 16


def one() -> int:
    """The key of a row, and a number to write."""
    return random.randint(1, ROWS)


def some(text: str | None) -> list[int]:
    """As many different keys as are asked for, 1 to 500, in order: so no two updates wait for each other."""
    count = max(1, min(500, int(text))) if text and text.isdigit() else 1
    return sorted(random.sample(range(1, ROWS + 1), count))


def url_for(driver: dict[str, str]) -> str:
    """The URL as SQLAlchemy wants it, with the driver for its dialect."""
    scheme, _, rest = URL.partition("://")
    return f"{driver[scheme]}://{rest}"
