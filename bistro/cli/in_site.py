"""Commands that ask for what the site provides: they run with the site started, and its database current."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from typing import Any  # Any: what commands take and give

from bistro.app import BaseApp
from bistro.cli.shell import find_databases
from bistro.ground.log import configure_logging
from bistro.ground.portal import Portal


def run_in_site(
    site: BaseApp, function: Callable[..., Any], values: Mapping[str, Any], wanted: Mapping[str, Any]
) -> Any:
    """What `function` returns, given `values` and, for each name in `wanted`, what the site provides.

    The site is started before and stopped afterwards. An `async def` runs in its event loop; a `def`
    beside it, where `sync()` waits for queries.
    """
    if not logging.getLogger().handlers:
        # Before the site does it: standard output is for what the command gives.
        configure_logging(stream=sys.stderr)
    portal = Portal("command")
    made = AsyncExitStack()
    try:
        portal.run(site.start())
        with ExitStack() as stack:
            # The site's own one last: it is the current one, the others are known by their names.
            for database in reversed(find_databases(site)):
                database.enter()
                stack.callback(database.leave)
            stack.callback(lambda: portal.run(made.aclose()))
            provided = portal.run(site.provided(made, wanted))
            result = function(**values, **provided)
            if inspect.isawaitable(result):
                result = portal.run(wait_for_end(result))
            if isinstance(result, SystemExit):
                raise result
            return result
    finally:
        portal.close(site.stop())


async def wait_for(result: Awaitable[Any]) -> Any:
    """A coroutine out of anything that can be awaited."""
    return await result


async def wait_for_end(result: Awaitable[Any]) -> Any:
    """The same; a SystemExit is given back: raised, it would end the event loop before the site stops."""
    try:
        return await result
    except SystemExit as ended:
        return ended
