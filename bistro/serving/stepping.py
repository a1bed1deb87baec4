"""Go on with something whose first step has been taken already.

The first step tells whether there is anything to wait for at all; mostly there is not, and then
what waiting would need (a timer, a watcher) is never made.
"""

from __future__ import annotations

import types
from collections.abc import Generator
from typing import Any, Final, TypeVar

Result = TypeVar("Result")

DONE: Final = object()
"""What `next(steps, DONE)` gives for steps that have come to their end."""


# Any: what an awaitable yields and is sent is between it and its event loop.
@types.coroutine
def resume(steps: Generator[Any, Any, Result], awaited: Any) -> Generator[Any, Any, Result]:
    """Wait for `steps`, of which the first gave `awaited`: `await` for what has begun."""
    try:
        while True:
            try:
                sent = yield awaited
            except BaseException as error:  # noqa: BLE001 - every exception belongs to what waits
                awaited = steps.throw(error)
            else:
                awaited = next(steps) if sent is None else steps.send(sent)
    except StopIteration as ready:
        return ready.value  # type: ignore[no-any-return]  # what the steps result in
