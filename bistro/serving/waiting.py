"""Wait for whichever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

# Any: what a coroutine yields and is sent is asyncio's own.
from typing import Any, TypeVar

Result = TypeVar("Result")


async def wait_for_first(
    *coroutines: Coroutine[Any, Any, Result], or_end_of: asyncio.Task[int] | None = None
) -> Result | None:
    """The result of the first of them to end; the others are cancelled, and waited for.

    None where the task `or_end_of` has ended before; that one is never cancelled.
    """
    ours = [asyncio.ensure_future(each) for each in coroutines]
    try:
        await asyncio.wait({*ours, *([or_end_of] if or_end_of else ())}, return_when=asyncio.FIRST_COMPLETED)
        return next((each.result() for each in ours if each.done()), None)
    finally:
        for each in ours:
            each.cancel()
        await asyncio.gather(*ours, return_exceptions=True)
