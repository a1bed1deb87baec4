"""The databases of a site while it runs: made for tests, opened, and told what their migrations say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

from bistro.app import Setup
from bistro.db import Database, keep_plans
from bistro.ground import Environment
from bistro.plugins.database.migrations import apply_all, tell_pending
from bistro.plugins.database.places import Places
from bistro.plugins.database.statements import StatementLog
from bistro.plugins.database.testing import make_anew


class Opening:
    """Opens `databases`, the site's own and then those that have names, with the app."""

    def __init__(
        self,
        setup: Setup,
        environment: Environment,
        databases: Sequence[Database],
        places: Places,
        log: StatementLog,
    ) -> None:
        self._setup = setup
        self._environment = environment
        self._main, *self._others = databases
        self._migrates = environment == "testing" and not places.is_given
        self._to_make = list(places.made_anew)  # at the first start; tests start an app many times
        self._log = log

    async def keep_open(self) -> AsyncIterator[None]:
        """Have them open while the app runs."""
        keep_plans(self._setup.folder)
        for each in (self._main, *self._others):
            each.files = next(iter(self._setup.file_storages), None)
        while self._to_make:
            await make_anew(self._to_make.pop())
        async with AsyncExitStack() as stack:
            for each in self._others:
                await each.open()
                stack.push_async_callback(each.close)
            await stack.enter_async_context(self._main)
            if self._migrates:
                await self._apply_migrations()
            elif self._environment == "development":
                await self._tell_pending()
            yield

    async def _apply_migrations(self) -> None:
        folder = self._setup.folder
        await apply_all(self._main, folder, self._setup.model_packages)
        for each in self._others:
            await apply_all(each, folder, (), name=each.name)

    async def _tell_pending(self) -> None:
        folder = self._setup.folder
        self._log.pending = await tell_pending(self._main, folder, self._setup.model_packages)
        for each in self._others:
            await tell_pending(each, folder, (), name=each.name)
