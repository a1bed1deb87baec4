"""Places for files that visitors upload: on disk now, in object stores by the same protocol.

The disk is loaded when first used (PEP 562): most sites keep no files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bistro.ground.lazy import lazy_names
from bistro.ground.stored_files import StoredFile
from bistro.storage.protocol import FileStorage, StorageFull, StorageNameError

if TYPE_CHECKING:
    from bistro.storage.disk import DiskStorage as DiskStorage

__all__ = ["DiskStorage", "FileStorage", "StorageFull", "StorageNameError", "StoredFile"]

if not TYPE_CHECKING:  # checkers would take any name for one of ours
    __getattr__, __dir__ = lazy_names(__name__, {"disk": ("DiskStorage",)})
