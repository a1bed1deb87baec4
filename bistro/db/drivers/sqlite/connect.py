"""Connections to a SQLite file, set up so that it is good enough for production."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import apsw

from bistro.db.drivers.sqlite.faults import translate
from bistro.db.vectors import SQLITE_FUNCTIONS

STATEMENTS_MAX = 256
"""Statements that each connection keeps prepared."""
SET_UP_SECONDS_MAX = 5.0
PAUSE_SECONDS = 0.005
PRAGMAS = (
    # Readers don't wait for the writer, nor it for them.
    "pragma journal_mode = wal",
    # In WAL mode a crash of the process loses nothing, one of the machine at most the last moments.
    "pragma synchronous = normal",
    "pragma foreign_keys = on",
    "pragma temp_store = memory",
    # 64 MiB are read through the page cache of the system without a copy.
    "pragma mmap_size = 67108864",
    # Done in a thread instead (checkpoints.py): it may wait for the disk.
    "pragma wal_autocheckpoint = 0",
    "pragma journal_size_limit = 67108864",
)


def connect(path: Path) -> apsw.Connection:
    """A connection to the file at `path`, which is made where there is none; it waits for no locks.

    Raises `DatabaseBusy` where others keep it from being set up for `SET_UP_SECONDS_MAX`.
    """
    ends = time.monotonic() + SET_UP_SECONDS_MAX
    while True:
        try:
            return _set_up(path)
        except apsw.Error as error:
            # SQLite does not wait for a lock where waiting could be a deadlock, as when two
            # processes turn a new file's log on in the same moment.
            if not isinstance(error, apsw.BusyError) or time.monotonic() > ends:
                raise translate(error) from error
            time.sleep(PAUSE_SECONDS)


# Any: whatever a column holds.
def make_small(*values: Any) -> Any:
    """A text in small letters; SQLite's own `lower` knows only those from A to Z."""
    return values[0].lower() if isinstance(values[0], str) else values[0]


def _set_up(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path), statementcachesize=STATEMENTS_MAX)
    try:
        connection.set_busy_timeout(round(SET_UP_SECONDS_MAX * 1000))
        for pragma in PRAGMAS:
            connection.execute(pragma)
        connection.set_busy_timeout(0)
        connection.create_scalar_function("bistro_lower", make_small, 1, deterministic=True)
        for name, measure in SQLITE_FUNCTIONS.items():
            connection.create_scalar_function(name, measure, 2, deterministic=True)
    except BaseException:
        connection.close(True)
        raise
    return connection
