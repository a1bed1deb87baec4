"""Which relations a query has loaded, as a part of the type of what it gave."""

from __future__ import annotations

from collections.abc import Mapping
from types import GenericAlias
from typing import Annotated, Any, Optional, get_args, get_origin  # Any: hints are types of every kind.

from msgspec import Struct

from bistro.templates.hints import strip_optional

# As values, not as types: what stands in the brackets is known at run time only.
_ANNOTATED: Any = Annotated
_OPTIONAL: Any = Optional


class Loaded(Struct, frozen=True, eq=False):
    """Stands in `Annotated[Note, Loaded(…)]`: of all `relations` of Note, those in `loaded` were loaded."""

    relations: frozenset[str]
    loaded: Mapping[str, Loaded | None]
    """What was loaded behind each of them; None where that is not known."""
    place: str
    """Where the query stands."""


def loaded_of(hint: Any) -> Loaded | None:
    """What is known to be loaded of a value of this type, or None where nothing is known."""
    if get_origin(hint) is Annotated:
        return next((each for each in hint.__metadata__ if isinstance(each, Loaded)), None)
    if get_origin(hint) is not None and type(None) in get_args(hint):
        return next((found for each in get_args(hint) if (found := loaded_of(each)) is not None), None)
    return None


def mark(hint: Any, loaded: Loaded | None) -> Any:
    """`hint` with what was loaded of the instance that it stands for, or of each of a list of them."""
    if loaded is None:
        return hint
    if get_origin(hint) is list:
        return GenericAlias(list, _ANNOTATED[get_args(hint)[0], loaded])
    kind, may_be_none = strip_optional(hint)
    marked = _ANNOTATED[kind, loaded]
    return _OPTIONAL[marked] if may_be_none else marked


def is_same_but_for_loading(hint: Any, declared: Any) -> bool:
    """Whether two types are one, if what was loaded is left out, and whether None may come."""
    return bool(_plain(hint) == _plain(declared))


def _plain(hint: Any) -> Any:
    kind, _ = strip_optional(hint)
    if get_origin(kind) is list:
        return ("list", _plain(get_args(kind)[0]))
    if get_args(kind):
        return (get_origin(kind), *map(_plain, get_args(kind)))
    return kind
