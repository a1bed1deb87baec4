"""Whether an open file lies in a folder, links resolved: asked of the open file, not of its name again.

A name may lead elsewhere a moment later (CWE-367), so what is judged is what will be sent. Linux
tells the real path of whatever is open in one call, where resolving names costs one for each part of
the path; elsewhere names are resolved, and the file that they lead to must be the open one.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

FilePath = str | os.PathLike[str]


def lies_inside(descriptor: int, path: FilePath, folder: FilePath) -> bool:
    """Whether the file that was opened by `path` as `descriptor` lies in `folder` or below it."""
    try:
        if _has_open_paths():
            return _is_open_inside(descriptor, folder)
        return _is_named_inside(descriptor, path, folder)
    except OSError:
        return False


def _is_open_inside(descriptor: int, folder: FilePath) -> bool:
    opened = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        root = _open_path(opened)
    finally:
        os.close(opened)
    return _open_path(descriptor).startswith(root if root.endswith("/") else root + "/")


def _open_path(descriptor: int) -> str:
    # proc(5): the path of the open file as the kernel knows it, which holds no link.
    return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - a Path costs more than the call


def _is_named_inside(descriptor: int, path: FilePath, folder: FilePath) -> bool:
    real = os.path.realpath(path, strict=True)
    if not Path(real).is_relative_to(os.path.realpath(folder, strict=True)):
        return False
    return os.path.samestat(os.stat(real), os.fstat(descriptor))  # noqa: PTH116 - beside fstat, as its pair


@lru_cache(maxsize=1)
def _has_open_paths() -> bool:
    return hasattr(os, "O_PATH") and Path("/proc/self/fd").is_dir()
