"""Where the databases of a site are: its own, the replicas of that, others; and what it has in tests."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from bistro.plugins.database.testing import find_test_url

DEFAULT_FILE = "bistro.sqlite3"


class Places(Struct, frozen=True):
    """URLs; those to be made anew before they are opened are in `made_anew`.

    `is_given` says that somebody chose the database for tests, which stays as it is.
    """

    url: str
    others: Mapping[str, str]
    replicas: Sequence[str] = ()
    made_anew: Sequence[str] = ()
    is_given: bool = False


def find_places(url: str | None, folder: Path, others: Mapping[str, str], replicas: Sequence[str]) -> Places:
    """What the site was told, else what `DATABASE_URL` says, else a file in `folder`."""
    return Places(_find_url(url, folder), others, replicas)


def find_test_places(
    url: str | None, folder: Path, others: Mapping[str, str], test_url: str | None
) -> Places:
    """What stands for them in tests, where replicas have no part."""
    usual = _find_url(url, folder)
    test_url = test_url or os.environ.get("TEST_DATABASE_URL")
    main = test_url or find_test_url(usual)
    named = {name: find_test_url(other) for name, other in others.items()}
    given = {usual, test_url, *others.values()}
    return Places(main, named, made_anew=tuple({main, *named.values()} - given), is_given=bool(test_url))


def _find_url(url: str | None, folder: Path) -> str:
    return url or os.environ.get("DATABASE_URL") or f"sqlite:///{folder / DEFAULT_FILE}"
