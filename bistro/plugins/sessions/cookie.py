"""Sessions in the browser's cookie, sealed: nothing to set up, and nothing to store but their ends."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from bistro.ground import BadSignature, Clock, Keyring, Sealer
from bistro.plugins.sessions.errors import SessionError
from bistro.plugins.sessions.record import Changes, Record, merge

SIZE_MAX: Final = 2_800
"""Bytes of a sealed session: with the sealing, base 64 and attributes they fit into a cookie's 4,096."""
_FOR_EVER: Final = timedelta(days=3650)
_ID: Final = re.compile(r"[0-9a-f]{32}\Z")


class CookieSessions:
    """Keeps the whole session in its cookie, encrypted with the site's secret key.

    A cookie copied before the log-out is worthless after it: sessions that were ended have a mark in
    the folder `ended`, shared by the workers of one machine, until they would have expired. What
    this store can't do: list sessions, and keep two changes that are made at the same moment (the
    answer that arrives last wins). Use a database or files for that.
    """

    def __init__(
        self, ended: str | os.PathLike[str], keyring: Keyring, *, clock: Clock | None = None
    ) -> None:
        self._ended = Path(ended)
        self._sealer = Sealer(keyring, "session", clock=clock)

    async def find(self, token: str) -> Record | None:
        """The session in the cookie, if this site sealed it and it was not ended."""
        try:
            record = msgspec.msgpack.decode(self._sealer.open(token, age_max=_FOR_EVER), type=Record)
        except (BadSignature, msgspec.MsgspecError):
            return None
        if not _ID.match(record.id) or (self._ended / record.id).exists():
            return None
        return record

    async def save(self, record: Record, changes: Changes) -> str | None:
        """Seal it into a new token. Raises `SessionError` where it is too long for a cookie."""
        record.id = record.id or secrets.token_hex(16)
        record.data = merge(record.data, changes)
        value = msgspec.msgpack.encode(record)
        if len(value) > SIZE_MAX:
            raise SessionError(
                f"the session has {len(value):,} bytes, and a cookie holds {SIZE_MAX:,}",
                fix="Keep less in it, or keep sessions elsewhere: Sessions(DatabaseSessions()).",
            )
        return self._sealer.seal(value)

    async def end(self, record: Record) -> None:
        """Leave a mark that this session has ended."""
        if record.id:
            # The mode of the one is not that of the other, which holds the caches of the site, too.
            for folder in (self._ended.parent, self._ended):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self._ended / record.id, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
                # Kept as long as a cookie of it could be believed.
                os.utime(self._ended / record.id, (record.expires_at, record.expires_at))

    async def list_of(self, owner: str) -> Sequence[Record]:
        """Raises `SessionError`: nobody knows what cookies are out there."""
        raise SessionError(
            "sessions in cookies can't be listed",
            fix="Keep them in the database, Sessions(DatabaseSessions()), or in files.",
        )

    async def purge(self, expired_before: float, idle_before: float) -> int:
        """Remove the marks of sessions that have expired anyway."""
        removed = 0
        with contextlib.suppress(FileNotFoundError):
            for path in self._ended.iterdir():
                if _ID.match(path.name) and path.stat().st_mtime <= expired_before:
                    path.unlink(missing_ok=True)
                    removed += 1
        return removed
