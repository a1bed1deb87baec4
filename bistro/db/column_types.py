"""Which kind of column holds a Python type: read off the annotation once, when the model is defined."""

from __future__ import annotations

import enum
import ipaddress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import NoneType, UnionType

# Any: an annotation is any object (a class, `int | None`, `Annotated[…]`, a TypedDict).
from typing import Annotated, Any, Final, ForwardRef, Literal, Union, get_args, get_origin
from uuid import UUID

from msgspec import Struct

from bistro.db.ranges import Range
from bistro.db.vectors import DIMENSIONS_MAX, Vector, is_vector
from bistro.ground.stored_files import StoredFile

Kind = Literal[
    "integer", "float", "decimal", "text", "bytes", "bool", "date", "time", "datetime", "duration",
    "uuid", "json", "array", "range", "enum", "inet", "encrypted", "file", "vector",
]  # fmt: skip
INET: Final = frozenset(
    {
        ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Interface, ipaddress.IPv6Interface,
        ipaddress.IPv4Network, ipaddress.IPv6Network,
    }
)  # fmt: skip
# In this order, because bool is an int and datetime a date.
SCALARS: Final[tuple[tuple[type, Kind], ...]] = (
    (enum.Enum, "enum"),
    (bool, "bool"),
    (int, "integer"),
    (float, "float"),
    (Decimal, "decimal"),
    (str, "text"),
    (bytes, "bytes"),
    (datetime, "datetime"),
    (date, "date"),
    (time, "time"),
    (timedelta, "duration"),
    (UUID, "uuid"),
    (StoredFile, "file"),
)
RANGED: Final = frozenset({"integer", "decimal", "date", "datetime"})


class ColumnType(Struct, frozen=True, eq=False):
    """What a column holds: its kind, the Python type of its values, and the sizes that the kind has.

    `item` is the type of an array's items or of a range's ends, `purpose` what an encrypted value is for.
    """

    kind: Kind
    python: Any
    bits: int = 64
    max_length: int | None = None
    max_digits: int = 0
    decimal_places: int = 0
    item: ColumnType | None = None
    purpose: str = ""
    dimensions: int = 0

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values that an enum's or a Literal's column may hold, as they are stored."""
        if self.kind == "encrypted":
            return ()
        if get_origin(self.python) is Literal:
            return get_args(self.python)
        return tuple(member.value for member in self.python) if self.kind == "enum" else ()

    def encrypted(self, purpose: str) -> ColumnType:
        """The column that holds the same values so that only the site can read them."""
        return ColumnType("encrypted", self.python, purpose=purpose)


class Sizes(Struct, frozen=True):
    """The sizes that `field()` may give a type."""

    bits: int = 64
    max_length: int | None = None
    max_digits: int | None = None
    decimal_places: int | None = None
    dimensions: int | None = None


INTEGER: Final = ColumnType("integer", int)
FLOAT: Final = ColumnType("float", float)
TEXT: Final = ColumnType("text", str)
BOOL: Final = ColumnType("bool", bool)
JSON: Final = ColumnType("json", Any)
DATE: Final = ColumnType("date", date)
DATETIME: Final = ColumnType("datetime", datetime)
DURATION: Final = ColumnType("duration", timedelta)


def find_column_type(annotation: Any, sizes: Sizes) -> tuple[ColumnType, bool]:
    """The column for values of `annotation`, and whether None is among them.

    Raises TypeError with a sentence for the model's author where there is no such column.
    """
    inner, optional = without_none(annotation)
    if is_vector(annotation):
        return _find_vector(sizes), optional
    if sizes.dimensions is not None:
        raise TypeError("dimensions are those of a vector: Field[Vector] = field(dimensions=3)")
    return _find(inner, sizes), optional


def without_none(annotation: Any) -> tuple[Any, bool]:
    """`annotation` without None, and whether None was allowed: `int | None` gives `int`, True."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, False
    members = get_args(annotation)
    rest = tuple(member for member in members if member is not NoneType)
    inner = rest[0] if len(rest) == 1 else Union[rest]  # noqa: UP007 - the members come from a tuple
    # Notes may stand inside of the union as well: `Annotated[str, …] | None`.
    return (without_none(inner)[0] if len(rest) == 1 else inner), len(rest) < len(members)


def notes_of(annotation: Any) -> tuple[Any, ...]:
    """Everything that stands in `Annotated` in an annotation, with None or without."""
    if get_origin(annotation) is Annotated:
        inner, *notes = get_args(annotation)
        return (*notes, *notes_of(inner))
    if get_origin(annotation) in (Union, UnionType):
        return tuple(note for member in get_args(annotation) for note in notes_of(member))
    return ()


def _find(annotation: Any, sizes: Sizes) -> ColumnType:
    origin = get_origin(annotation)
    if origin is Range:
        return ColumnType("range", annotation, item=_find_end(annotation))
    if origin is list:
        return _find_array(annotation, sizes)
    if origin is Literal:
        return _find_literal(annotation)
    if origin in (Union, UnionType) and set(get_args(annotation)) <= INET:
        return ColumnType("inet", annotation)
    if isinstance(annotation, ForwardRef):
        raise TypeError(f"{annotation.__forward_arg__} is not defined")
    if not isinstance(annotation, type):
        return ColumnType("json", annotation)
    if annotation in INET:
        return ColumnType("inet", annotation)
    kind: Any = next((kind for base, kind in SCALARS if issubclass(annotation, base)), "json")
    return _sized(kind, annotation, sizes)


def _sized(kind: Kind, python: Any, sizes: Sizes) -> ColumnType:
    if kind == "json" and not _is_json(python):
        raise TypeError(
            f"{python.__qualname__} is no type that a column can hold; use a Struct to store it as JSON"
        )
    if kind == "decimal":
        return _find_decimal(python, sizes)
    if kind == "integer" and sizes.bits not in (16, 32, 64):
        raise TypeError(f"integers have 16, 32 or 64 bits, not {sizes.bits}; store larger ones as Decimal")
    if kind == "enum":
        _check_values(python.__name__, [member.value for member in python])
    return ColumnType(kind, python, bits=sizes.bits, max_length=sizes.max_length)


def _find_decimal(python: Any, sizes: Sizes) -> ColumnType:
    digits, places = sizes.max_digits, sizes.decimal_places
    if digits is None or places is None:
        raise TypeError("a Decimal needs its size: field(max_digits=12, decimal_places=2)")
    # SQLite keeps a Decimal as a whole number of its smallest unit, which must fit 64 bits.
    if not 0 <= places <= digits <= 18:
        raise TypeError("a Decimal has at most 18 digits, of which decimal_places stand behind the point")
    return ColumnType("decimal", python, max_digits=digits, decimal_places=places)


def _find_vector(sizes: Sizes) -> ColumnType:
    dimensions = sizes.dimensions
    if dimensions is None:
        raise TypeError("a Vector needs its size: field(dimensions=384)")
    if not 1 <= dimensions <= DIMENSIONS_MAX:
        raise TypeError(f"a Vector has from 1 to {DIMENSIONS_MAX} dimensions, not {dimensions}")
    return ColumnType("vector", Vector, dimensions=dimensions)


def _find_array(annotation: Any, sizes: Sizes) -> ColumnType:
    """A list of plain values is an array; a list of anything else is JSON."""
    inner, optional = without_none(get_args(annotation)[0])
    if inner is StoredFile:
        raise TypeError("a column holds one file; keep several as rows of a model of their own")
    is_scalar = isinstance(inner, type) and issubclass(inner, tuple(base for base, _ in SCALARS))
    if not is_scalar or optional or issubclass(inner, Decimal | enum.Enum | bytes):
        return ColumnType("json", annotation)
    return ColumnType("array", annotation, item=_find(inner, sizes))


def _find_end(annotation: Any) -> ColumnType:
    python = get_args(annotation)[0]
    item = _find(python, Sizes(max_digits=18, decimal_places=6))
    if item.kind not in RANGED:
        raise TypeError("a Range is of int, Decimal, date or datetime")
    return item


def _find_literal(annotation: Any) -> ColumnType:
    values = get_args(annotation)
    _check_values("Literal", values)
    return ColumnType("text" if isinstance(values[0], str) else "integer", annotation)


def _check_values(name: str, values: Any) -> None:
    kinds = {type(value) for value in values}
    if kinds not in ({str}, {int}):
        raise TypeError(f"the values of {name} must be all str or all int, so that a column can hold them")


def _is_json(python: Any) -> bool:
    """Whether msgspec can read a `python` back from JSON without being told how."""
    named_tuple = issubclass(python, tuple) and hasattr(python, "_fields")
    plain = python in (dict, list, tuple, set, frozenset, object)
    return (
        plain
        or named_tuple
        or issubclass(python, Struct)
        or hasattr(python, "__dataclass_fields__")
        or hasattr(python, "__attrs_attrs__")
        or hasattr(python, "__total__")
    )
