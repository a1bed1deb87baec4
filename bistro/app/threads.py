"""The threads of one app, in which handlers run that may block."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any  # Any: any function may be run in a thread, whatever it takes and gives.

from bistro.ground.concurrency import ThreadPool

CLOSE_SECONDS = 1.0


class AppThreads:
    """A pool that is opened by the first call, closed when the app stops, and may be opened again."""

    def __init__(self, size_max: int | None) -> None:
        """At most `size_max` threads; None for processors + 4, and not over 32."""
        self._size_max = size_max
        self._pool: ThreadPool | None = None

    async def run(self, function: Callable[..., Any], /, **keywords: Any) -> Any:
        """Wait for `function(**keywords)` in one of the threads; context variables are copied there."""
        pool = self._pool
        if pool is None:
            pool = self._pool = ThreadPool(self._size_max, name="bistro-handler")
        return await pool.run(function, **keywords)

    async def close(self) -> None:
        """Let the work in hand finish and end the threads."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            # The server has given requests their time already; what still blocks won't end soon.
            await asyncio.to_thread(pool.close, CLOSE_SECONDS)
        except RuntimeError:  # the interpreter is ending and gives no thread to wait in
            pool.close(timeout_seconds=0)
