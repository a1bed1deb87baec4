"""Providers with a `yield`: what stands behind it runs when the request is through with the value."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Coroutine
from typing import Any  # Any: sync and async generators, of whatever is provided, share no base

from bistro.http import Response, Stream

_logger = logging.getLogger("bistro.app")


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


def defer(response: Response, generator: Any, deferred: list[Any]) -> bool:
    """Keep a clean-up for after the last piece of a streamed answer; False if it is not streamed."""
    if not isinstance(response, Stream):
        return False
    deferred.append(generator)
    return True


async def finish(
    waiting: Coroutine[Any, Any, BaseException | None] | None,
    deferred: list[Any],
    failure: BaseException | None,
) -> None:
    """Await the stream, if any, then run the clean-ups that were kept for its end.

    They run whatever became of the stream: it may have broken off, have had no piece for HEAD, or
    have been replaced by another answer.
    """
    try:
        if waiting is not None:
            failure = await waiting or failure
    except BaseException as error:
        failure = error
        raise
    finally:
        await close_deferred(deferred, failure)


async def close_deferred(deferred: list[Any], failure: BaseException | None) -> None:
    """Run the kept clean-ups, inner before outer; what goes wrong is logged, since the answer has left."""
    for generator in deferred:
        try:
            if inspect.isasyncgen(generator):
                await leave_async(generator, failure)
            else:
                leave(generator, failure)
        except Exception:
            _logger.exception("a clean-up behind a streamed answer failed")
