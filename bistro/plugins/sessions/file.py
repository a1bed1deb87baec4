"""Sessions in a folder, a file for each: shared by the workers of one machine, without a database."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from bistro.ground import is_ours, run_in_thread
from bistro.plugins.sessions.errors import SessionError
from bistro.plugins.sessions.record import Changes, Record, hash_token, make_token, merge

try:
    import fcntl
except ImportError:  # Windows has no such locks; there two workers may overwrite each other
    fcntl = None  # type: ignore[assignment]

T = TypeVar("T")
_NAME: Final = re.compile(r"[0-9a-f]{64}\Z")
_NOFOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK: Final[int] = getattr(os, "O_NONBLOCK", 0)


class FileSessions:
    """Keeps sessions in `folder`, which only the owner of the process can read (mode 0700, files 0600).

    A session decides who somebody is, so a file that another user of the machine owns, or may write,
    is none, and a folder of another user's is refused.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)

    async def find(self, token: str) -> Record | None:
        """The session of this token."""
        return await run_in_thread(self._read, hash_token(token))

    async def save(self, record: Record, changes: Changes) -> str | None:
        """Keep it; only a new one needs a token."""
        return await run_in_thread(self._locked, lambda: self._save(record, changes))

    async def end(self, record: Record) -> None:
        """Remove its file."""
        await run_in_thread(self._locked, lambda: self._remove(record.id))

    async def list_of(self, owner: str) -> Sequence[Record]:
        """Those of `owner`: every file is read, so keep many sessions in a database."""
        return await run_in_thread(lambda: [each for each in self._all() if each.owner == owner])

    async def purge(self, expired_before: float, idle_before: float) -> int:
        """Remove the files of what is over."""

        def remove() -> int:
            over = [each for each in self._all() if each.is_over(expired_before, idle_before)]
            for each in over:
                self._remove(each.id)
            return len(over)

        return await run_in_thread(self._locked, remove)

    def _locked(self, function: Callable[[], T]) -> T:
        """What `function` gives, called while no other worker changes a session."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "geteuid") and self._folder.stat().st_uid not in (os.geteuid(), 0):
            raise SessionError(
                f"the folder of the sessions, {self._folder}, belongs to another user",
                fix="Give FileSessions a folder of the site's own, beneath none that everybody may write.",
            )
        handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | _NOFOLLOW, 0o600)
        try:
            if fcntl is not None:
                fcntl.flock(handle, fcntl.LOCK_EX)
            return function()
        finally:
            os.close(handle)

    def _save(self, record: Record, changes: Changes) -> str | None:
        token = None
        if not record.id:
            token = make_token()
            record.id = hash_token(token)
        else:
            kept = self._read(record.id)
            if kept is None:
                return None
            record.data = kept.data
        record.data = merge(record.data, changes)
        # Written aside and renamed: whoever reads sees the old or the new one, whole.
        aside = self._folder / f"{record.id}.{os.getpid()}.part"
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(record))
        aside.replace(self._folder / record.id)
        return token

    def _read(self, name: str) -> Record | None:
        try:
            handle = os.open(self._folder / name, os.O_RDONLY | _NOFOLLOW | _NONBLOCK)
            with os.fdopen(handle, "rb") as file:
                if not is_ours(os.fstat(handle)):
                    return None
                record = msgspec.json.decode(file.read(), type=Record)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None
        return record if record.id == name else None  # else it was renamed, by whoever may write the folder

    def _remove(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def _all(self) -> Iterator[Record]:
        with contextlib.suppress(FileNotFoundError):
            for path in self._folder.iterdir():
                record = self._read(path.name) if _NAME.match(path.name) else None
                if record is not None:
                    yield record
