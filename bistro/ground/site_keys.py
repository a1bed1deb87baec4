"""The site's keyring as its settings say, or, in development, a key of its own."""

from __future__ import annotations

import os
from pathlib import Path

from bistro.ground.environment import find_environment
from bistro.ground.keyring import Keyring, make_secret_key


def find_keyring(folder: Path) -> Keyring:
    """The keys of `SECRET_KEYS` or `SECRET_KEY`; without them, outside production, one kept in `folder`.

    Raises `WeakKeyError` (B110) in production where there is none, or one that could be guessed.
    """
    keys = read_keys()
    if not keys and find_environment() != "production":
        keys = [_development_key(folder / ".bistro" / "development-key")]
    return Keyring(keys)


def read_keys() -> list[str]:
    """The keys of `SECRET_KEYS` or `SECRET_KEY`, the one that new texts are sealed with first."""
    given = os.environ.get("SECRET_KEYS") or os.environ.get("SECRET_KEY") or ""
    return [key.strip() for key in given.split(",") if key.strip()]


def _development_key(path: Path) -> str:
    """A key that stays the same between starts and for all workers, or a new one where none can be kept."""
    key = make_secret_key()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(key)
        (path.parent / ".gitignore").write_text("*\n")  # as the cache does: no key belongs in a repository
    except FileExistsError:
        return path.read_text().strip() or key
    except OSError:
        pass
    return key
