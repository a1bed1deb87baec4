"""What all applications share: where the files are, and how many routes stand beside the measured ones."""

from __future__ import annotations

import os
from pathlib import Path

FILES = Path(os.environ.get("BENCHMARK_FILES", "."))
OTHER_ROUTES = range(24)
"""With the measured ones, 30 routes."""
