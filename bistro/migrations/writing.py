"""A migration as the text of its file."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

# Any: whatever may stand in an operation.
from typing import Any, Final
from uuid import UUID

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from bistro.migrations.migration import Migration
from bistro.migrations.operations.base import Operation
from bistro.migrations.operations.rules import AddRule, DropRule, RenameRule
from bistro.migrations.sql_text import SQL

WIDTH: Final = 100
IMPORTS: Final = {
    Decimal: "from decimal import Decimal",
    UUID: "from uuid import UUID",
    **dict.fromkeys((datetime, date, time, timedelta), "import datetime"),
}


def write_migration(migration: Migration, title: str = "") -> str:
    """The text of the file."""
    names = sorted(_names(migration))
    heading = title or summary(migration.operations)
    lines = [f'"""{_sentence(heading)}"""', ""]
    imports = sorted({line for each in migration.operations for line in _imports(each)})
    if imports:
        lines += [*imports, ""]
    lines += [_import_line(names), "", f"migration = {_expression(migration, 0)}"]
    return "\n".join(lines) + "\n"


def summary(operations: Sequence[Operation]) -> str:
    """The operations in one line."""
    words = [operation.describe() for operation in operations]
    shown = "; ".join(words[:3])
    return f"{shown}; {len(words) - 3} more" if len(words) > 3 else shown or "nothing yet"


def name_for(operations: Sequence[Operation], is_first: bool) -> str:
    """The name of a file without its number: "add_note_pinned"."""
    if is_first:
        return "first"
    # What follows from another operation says nothing new.
    telling = [
        each for each in operations if not isinstance(each, AddRule | DropRule | RenameRule)
    ] or operations
    first = re.sub(r"\b(?:the|column|table|of|to)\b", " ", telling[0].describe()) if telling else "empty"
    name = "_".join(re.findall(r"[a-z0-9]+", first.lower()))[:50].strip("_")
    return f"{name}_and_more" if len(telling) > 1 else name


def _sentence(text: str) -> str:
    clean = text.replace("\\", "/").replace('"', "'").strip().replace("\n", " ")
    short = clean if len(clean) <= WIDTH - 6 else f"{clean[: WIDTH - 10].rpartition(' ')[0]} …"
    return f"{short[:1].upper()}{short[1:]}."


def _import_line(names: Sequence[str]) -> str:
    line = f"from bistro.migrations import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    inner = "".join(f"    {name},\n" for name in names)
    return f"from bistro.migrations import (\n{inner})"


def _names(value: Any) -> set[str]:
    """The names of all structs in a value."""
    if isinstance(value, Struct):
        inner = (_names(getattr(value, each)) for each in value.__struct_fields__)
        return {type(value).__name__}.union(*inner)
    if isinstance(value, list | tuple):
        return set().union(*(_names(each) for each in value))
    return set()


def _imports(value: Any) -> Iterator[str]:
    if isinstance(value, Struct) and not isinstance(value, SQL):
        for name in value.__struct_fields__:
            yield from _imports(getattr(value, name))
    elif isinstance(value, list | tuple | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _imports(each)
    elif type(value) in IMPORTS:
        yield IMPORTS[type(value)]


def _expression(value: Any, indent: int) -> str:
    """A value as Python, over several lines where one is too short."""
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, SQL) and value == SQL(value.text):
        return f"SQL({as_text(value.text)})"
    if isinstance(value, Struct):
        return _call(type(value).__name__, list(_arguments(value)), indent)
    if isinstance(value, tuple | list) and any(isinstance(each, Struct | tuple) for each in value):
        return _sequence(value, indent)
    if isinstance(value, str):
        return as_text(value)
    if isinstance(value, tuple):
        inner = ", ".join(_expression(each, indent) for each in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def _arguments(value: Struct) -> Iterator[tuple[str, Any]]:
    """The arguments of a struct: those that it must have by place, others by name."""
    for each in fields(value):
        given = getattr(value, each.name)
        has_default = each.default is not NODEFAULT or each.default_factory is not NODEFAULT
        default = each.default if each.default is not NODEFAULT else None
        if not has_default:
            yield "", given
        elif given is not default and given != default:
            yield f"{each.name}=", given


def _call(name: str, arguments: list[tuple[str, Any]], indent: int) -> str:
    flat = ", ".join(f"{word}{_expression(given, indent)}" for word, given in arguments)
    if "\n" not in flat and indent + len(name) + len(flat) + 2 <= WIDTH - 12:
        return f"{name}({flat})"
    space = " " * (indent + 4)
    inner = "".join(f"{space}{word}{_expression(given, indent + 4)},\n" for word, given in arguments)
    return f"{name}(\n{inner}{' ' * indent})"


def _sequence(value: Sequence[Any], indent: int) -> str:
    opening, closing = ("[", "]") if isinstance(value, list) else ("(", ")")
    space = " " * (indent + 4)
    inner = "".join(f"{space}{_expression(each, indent + 4)},\n" for each in value)
    return f"{opening}\n{inner}{' ' * indent}{closing}"


def as_text(value: str) -> str:
    """A text in double quotes, as formatters want it."""
    plain = repr(value)
    if plain.startswith("'") and '"' not in plain:
        return f'"{plain[1:-1]}"'
    return plain
