"""Places for files that visitors upload: on disk now, in object stores by the same protocol."""

from bistro.ground.stored_files import StoredFile
from bistro.storage.disk import DiskStorage
from bistro.storage.protocol import FileStorage, StorageFull, StorageNameError

__all__ = ["DiskStorage", "FileStorage", "StorageFull", "StorageNameError", "StoredFile"]
