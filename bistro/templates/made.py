"""Names that are made for a render, when its template first uses them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any  # Any: a template prints whatever it is given.


class MadeNames:
    """The values of some names for one render; each is made at its first use, and once.

    A name is an attribute of this object; `makers` has the function for it, which is given `argument`.
    The values of `others` are what `find` gives for them. `values` are those that are there already.
    """

    def __init__(
        self,
        makers: Mapping[str, Callable[[Any], Any]],
        argument: Any = None,
        others: Collection[str] = (),
        find: Callable[[str], Any] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        if values:
            self.__dict__.update(values)
        self._makers = makers
        self._argument = argument
        self._others = others
        self._find = find

    def __getattr__(self, name: str) -> Any:
        try:
            value = self.__dict__[name] = self._make(name)
        except AttributeError as error:
            if name not in self._makers and name not in self._others:
                raise
            # It would be taken for a name that is not there.
            raise RuntimeError(f"the template global {name!r} can't be made: {error}") from error
        return value

    def _make(self, name: str) -> Any:
        make = self._makers.get(name)
        if make is not None:
            return make(self._argument)
        if self._find is None or name not in self._others:
            raise AttributeError(name)
        return self._find(name)
