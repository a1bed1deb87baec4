"""What turns results of a plugin's own types, such as pages, into responses."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias  # Any: results are of whatever types plugins and sites make.

from msgspec import Struct

from bistro.ground.registry import Origin

Answer: TypeAlias = Callable[..., Any]
"""Makes the response from such a result and the request.

One with a third parameter is given the `LateValues` of the request there, or None where no plugin adds
a template global that needs more than the request. It may return a coroutine if it has to await some.
"""


class Answerer(Struct, frozen=True):
    """Who answers results of `type` and of its subclasses."""

    type: type
    function: Answer
    origin: Origin
    override: bool = False


class Answers(dict[type, "Answer | None"]):
    """The function for results of a type, or None where the framework itself knows what to do.

    Found once for each type, by its nearest base; then it is one look into a dict.
    """

    def __init__(self, answerers: Iterable[Answerer]) -> None:
        super().__init__()
        answerers = list(answerers)
        self._by_base = {each.type: _taking_late(each.function) for each in answerers}
        self.ask_late = any(_takes_late(each.function) for each in answerers)
        """Whether somebody who answers may ask for values late."""

    def __missing__(self, kind: type) -> Answer | None:
        found = next((self._by_base[base] for base in kind.__mro__ if base in self._by_base), None)
        self[kind] = found
        return found

    @property
    def is_empty(self) -> bool:
        """Whether nobody answers anything, so that plans need not ask."""
        return not self._by_base

    def covers(self, hint: Any) -> bool:
        """Whether `hint` is a class whose results are answered here."""
        return isinstance(hint, type) and self[hint] is not None


def _takes_late(function: Answer) -> bool:
    return len(inspect.signature(function).parameters) > 2


def _taking_late(function: Answer) -> Answer:
    """`function` as one that is given result, request and late values."""
    if _takes_late(function):
        return function
    return lambda result, request, _late: function(result, request)
