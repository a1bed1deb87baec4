"""What providers give outside of a request: to commands and scripts."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any  # Any: types and values of the site

from bistro.app.errors import InjectionError
from bistro.app.hooks import Provider
from bistro.app.signatures import signature_of
from bistro.app.types import name_of_type, strip_annotated


class OutsideValues:
    """Makes each provided value once, and cleans up behind those that want it when `stack` closes."""

    def __init__(self, providers: Mapping[Any, Provider], stack: AsyncExitStack) -> None:
        self._providers = providers
        self._stack = stack
        self._made: dict[Any, Any] = {}

    async def get(self, kind: Any) -> Any:
        """The value for a parameter of type `kind`. Raises InjectionError for what needs a request."""
        if kind not in self._made:
            provider = self._providers[kind]
            arguments = {}
            for name, hint, default in signature_of(provider.function, provider.origin):
                wanted, _ = strip_annotated(hint)
                if wanted in self._providers:
                    arguments[name] = await self.get(wanted)
                elif default is inspect.Parameter.empty:
                    raise InjectionError(
                        f"{name_of_type(kind)} can't be had outside of a request: its provider asks for "
                        f"{name}: {name_of_type(wanted)}",
                        where=(provider.origin,),
                        fix="Ask for what it is made of, e.g. the database.",
                    )
            self._made[kind] = await self._call(provider.function, arguments)
        return self._made[kind]

    # Any: providers take and give whatever they like.
    async def _call(self, function: Any, arguments: dict[str, Any]) -> Any:
        if inspect.isasyncgenfunction(function):
            return await self._stack.enter_async_context(asynccontextmanager(function)(**arguments))
        if inspect.isgeneratorfunction(function):
            return self._stack.enter_context(contextmanager(function)(**arguments))
        value = function(**arguments)
        return await value if inspect.isawaitable(value) else value
