"""Which files are the site's own: not Bistro's, not Python's, and not those of an installed package."""

from __future__ import annotations

import os
from pathlib import Path

_FRAMEWORK = tuple(str(Path(file).parent) + os.sep for file in (str(Path(__file__).parent), os.__file__))
_INSTALLED = frozenset(["site-packages", "dist-packages"])


def is_site_file(file: str) -> bool:
    """Whether the code in `file` belongs to the site.

    Compiled modules, the import system and written code name no file that exists; they don't.
    """
    path = Path(file)
    return path.is_absolute() and not file.startswith(_FRAMEWORK) and _INSTALLED.isdisjoint(path.parts)
