"""`python -m bistro` is the command `bistro`."""

from __future__ import annotations

import sys

from bistro.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
