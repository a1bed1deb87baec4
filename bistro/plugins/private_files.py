"""Files that only some may see: kept outside of the static files, given out by URLs that expire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePath
from typing import Any, ClassVar, Final  # Any: the values of a form are of any type

import msgspec

from bistro.app import Setup
from bistro.ground import BadSignature, Clock, Signer, SystemClock, find_keyring
from bistro.http import File, NotFound, Upload
from bistro.storage import DiskStorage, FileStorage, StoredFile

HOUR: Final = timedelta(hours=1)
_LONGEST: Final = timedelta(days=3650)
# Pictures that can hold no scripts; SVG can, and is saved instead of shown.
_SHOWN: Final = {
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}


class StoredFiles:
    """The files of a site: `save` an upload, `url_for` who may see it, `delete` it."""

    __provided_by__: ClassVar[str] = "PrivateFiles"

    def __init__(self, storage: FileStorage, signer: Signer, clock: Clock, at: str) -> None:
        self.storage = storage
        self._signer = signer
        self._clock = clock
        self._at = at

    async def save(self, upload: Upload) -> str:
        """Keep an upload under a new name, which a site keeps in its own table."""
        await upload.seek(0)
        return await self.storage.save(upload, suffix=PurePath(upload.file_name).suffix)

    async def keep(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The same values with the name of the kept file in the place of each upload, for a row of a table.

            book = await Book.objects.create(**await files.keep(form.changes))

        Lists of uploads become lists of names. Either all files are kept or none.
        """
        kept: list[str] = []

        async def keep_one(value: Any) -> Any:
            if isinstance(value, Upload):
                kept.append(await self.save(value))
                return kept[-1]
            if isinstance(value, list) and any(isinstance(each, Upload) for each in value):
                return [await keep_one(each) for each in value]
            return value

        try:
            return {name: await keep_one(value) for name, value in values.items()}
        except BaseException:
            for name in kept:
                await self.delete(name)
            raise

    async def delete(self, file: str | StoredFile) -> None:
        """Remove a file; URLs of it answer 404 from now on."""
        await self.storage.delete(file if isinstance(file, str) else file.name)

    def url_for(self, file: str | StoredFile, *, file_name: str = "", expires_in: timedelta = HOUR) -> str:
        """A path that gives this file to whoever has it, until it expires; saved as `file_name`.

        `file` is the name that `save` gave, or what a `StoredFile` field of a model holds, which is
        saved as what it was uploaded as.
        """
        name = file if isinstance(file, str) else file.name
        file_name = file_name or ("" if isinstance(file, str) else file.file_name)
        until = int(self._clock.time() + expires_in.total_seconds())
        return f"{self._at}/{self._signer.sign(msgspec.json.encode([name, file_name, until]))}"

    def open(self, token: str) -> File:
        """The answer to a URL. Raises `NotFound` for one that was not made here, or has expired."""
        try:
            signed = self._signer.verify(token, age_max=_LONGEST)
        except BadSignature:
            raise NotFound from None
        name, file_name, until = msgspec.json.decode(signed, type=tuple[str, str, int])
        path = self.storage.find_path(name) if self._clock.time() < until else None
        if path is None:
            raise NotFound
        shown = _SHOWN.get(path.suffix)
        answer = File(
            path,
            file_name=file_name or path.name,
            content_type=shown or "application/octet-stream",
            disposition="inline" if shown else "attachment",
        )
        # Should a browser take it for a page after all, that page can do nothing (ASVS 5.0, 3.2.1).
        answer.headers["content-security-policy"] = "default-src 'none'; sandbox"
        answer.headers["x-content-type-options"] = "nosniff"
        answer.headers["cache-control"] = "private, no-store"
        return answer


@dataclass(frozen=True)
class PrivateFiles:
    """Give handlers `StoredFiles`, and serve them under `at` by signed URLs that expire.

    Without a `storage` they are kept in the folder `uploads` beside the app.
    """

    storage: FileStorage | None = None
    at: str = "/files"
    clock: Clock = field(default_factory=SystemClock)

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Add the route. Raises `WeakKeyError` (B110) in production without a secret key."""
        storage = self.storage or DiskStorage(setup.folder / "uploads")
        signer = Signer(find_keyring(setup.folder), "private file", clock=self.clock)
        files = StoredFiles(storage, signer, self.clock, self.at)
        setup.provide(StoredFiles, lambda: files)
        setup.file_storage(storage)

        @setup.routes.get(f"{self.at}/{{token}}")
        def show_private_file(token: str) -> File:
            return files.open(token)
