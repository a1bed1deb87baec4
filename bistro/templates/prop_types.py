"""The types that components declare for their props: names of Python, of the site's modules, or both."""

from __future__ import annotations

import datetime as dt
import decimal
import sys
import uuid
from collections.abc import Mapping
from typing import Any, Optional, get_args, get_origin  # Any: hints are types of every kind.

from jinja2 import nodes

from bistro.templates.hints import UNKNOWN, strip_optional

_OPTIONAL: Any = Optional  # as a value: what stands in its brackets is known at run time only

PLAIN: Mapping[str, Any] = {
    "any": UNKNOWN, "bool": bool, "bytes": bytes, "date": dt.date, "datetime": dt.datetime,
    "Decimal": decimal.Decimal, "dict": dict, "float": float, "int": int, "list": list, "set": set,
    "str": str, "time": dt.time, "timedelta": dt.timedelta, "tuple": tuple, "UUID": uuid.UUID,
}  # fmt: skip
NUMBERS = (bool, int, float, decimal.Decimal)
"""Each may stand where one further on is wanted."""


class UnknownType(Exception):
    """A name that stands for no type."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def read_type(node: nodes.Expr) -> Any:
    """The type that `str`, `shop.models.Note`, `list[int]` or `Note|none` means. Raises `UnknownType`."""
    if isinstance(node, nodes.Name) and node.name in PLAIN:
        return PLAIN[node.name]
    if isinstance(node, nodes.Filter) and node.name == "none" and node.node is not None:
        return _OPTIONAL[read_type(node.node)]
    if isinstance(node, nodes.Getitem):
        arguments = node.arg.items if isinstance(node.arg, nodes.Tuple) else [node.arg]
        return read_type(node.node)[
            tuple(read_type(each) for each in arguments if isinstance(each, nodes.Expr))
        ]
    name = _dotted(node)
    module, _, attribute = name.rpartition(".")
    found = getattr(sys.modules.get(module), attribute, None) if attribute else None
    if found is None:
        raise UnknownType(name)
    return found


def find_type(node: nodes.Expr) -> Any:
    """The same; unknown where there is no such type, which the check tells of at its place."""
    try:
        return read_type(node)
    except UnknownType:
        return UNKNOWN


def _dotted(node: nodes.Expr) -> str:
    if isinstance(node, nodes.Getattr):
        return f"{_dotted(node.node)}.{node.attr}"
    return node.name if isinstance(node, nodes.Name) else ""


def may_be(hint: Any, declared: Any) -> bool:
    """Whether a value of type `hint` may stand where `declared` is wanted; doubts count in its favour."""
    wanted, is_optional = strip_optional(declared)
    given, may_be_none = strip_optional(hint)
    if may_be_none and not is_optional and wanted is not UNKNOWN:
        return False
    if given is type(None):
        return is_optional or wanted is UNKNOWN
    wanted_class, given_class = get_origin(wanted) or wanted, get_origin(given) or given
    if (
        UNKNOWN in (wanted_class, given_class)
        or not isinstance(wanted_class, type)
        or not isinstance(given_class, type)
    ):
        return True
    if wanted_class in NUMBERS and given_class in NUMBERS:
        return NUMBERS.index(given_class) <= NUMBERS.index(wanted_class)
    if not issubclass(given_class, wanted_class) and not issubclass(wanted_class, given_class):
        return False
    pairs = zip(get_args(given), get_args(wanted), strict=False)
    return all(may_be(inner, outer) for inner, outer in pairs)


def describe(hint: Any) -> str:
    """A type in words."""
    kind, is_optional = strip_optional(hint)
    name = "None" if kind is type(None) else getattr(kind, "__name__", str(kind))
    inner = ", ".join(describe(each) for each in get_args(kind))
    return f"{name}{f'[{inner}]' if inner else ''}{' or None' if is_optional else ''}"
