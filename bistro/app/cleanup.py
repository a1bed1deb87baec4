"""Providers with a `yield`: what stands behind it runs when the request is through with the value."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from typing import Any  # Any: sync and async generators, of whatever is provided, share no base.

from bistro.http import Response, Stream


def enter(generator: Any) -> Any:
    """The value that a sync provider yields."""
    return next(generator)


async def enter_async(generator: Any) -> Any:
    """The value that an async provider yields."""
    return await anext(generator)


def leave(generator: Any, failure: BaseException | None) -> None:
    """Run a sync provider's clean-up; `failure`, if any, is raised at its `yield`."""
    try:
        if failure is None:
            next(generator)
        else:
            generator.throw(failure)
    except StopIteration:
        return
    except BaseException as error:
        if error is failure:
            return  # the provider let it pass; it has its answer already
        raise
    raise RuntimeError("a provider yielded twice; it must yield one value")


async def leave_async(generator: Any, failure: BaseException | None) -> None:
    """The same for an async provider."""
    try:
        if failure is None:
            await anext(generator)
        else:
            await generator.athrow(failure)
    except StopAsyncIteration:
        return
    except BaseException as error:
        if error is failure:
            return
        raise
    raise RuntimeError("a provider yielded twice; it must yield one value")


def leave_after_stream(response: Response, generator: Any) -> bool:
    """Put the clean-up behind the last piece of a streamed answer; False if it is not streamed."""
    if not isinstance(response, Stream):
        return False
    response.pieces = _with_cleanup(response.pieces, generator)
    return True


async def _with_cleanup(pieces: Any, generator: Any) -> AsyncIterator[bytes | str]:
    from_async = leave_async if inspect.isasyncgen(generator) else None
    failure: BaseException | None = None
    try:
        if hasattr(pieces, "__aiter__"):
            async for piece in pieces:
                yield piece
        else:
            for piece in pieces:
                yield piece
    except BaseException as error:
        failure = error
        raise
    finally:
        if from_async is not None:
            await from_async(generator, failure)
        else:
            leave(generator, failure)
