"""Vectors: what they are declared as, how they stand in a database, and the distances between them.

Both databases hold each number in single precision (IEEE 754 binary32), as pgvector does. PostgreSQL is
given pgvector's text, `[1.0,2.5]`; SQLite the bytes of the numbers, the lowest first, 4 for each.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Callable
from operator import mul
from types import UnionType

# Any: an annotation is any object, and so is what somebody gives for a vector.
from typing import Annotated, Any, Final, TypeAlias, Union, get_args, get_origin

import msgspec
from msgspec import Struct

DIMENSIONS_MAX: Final = 16_000
"""The numbers of pgvector's type `vector`."""
NUMBER_BYTES: Final = 4


class VectorMark(Struct, frozen=True):
    """What tells a `Vector` from a list of numbers."""


MARK: Final = VectorMark()
Vector: TypeAlias = Annotated[list[float], MARK]
"""A list of so many numbers as its field's `dimensions`: `embedding: Field[Vector] = field(dimensions=3)`."""


def is_vector(annotation: Any) -> bool:
    """Whether `annotation` is `Vector` or `Vector | None`."""
    if get_origin(annotation) in (Union, UnionType):
        return any(map(is_vector, get_args(annotation)))
    return get_origin(annotation) is Annotated and any(each is MARK for each in get_args(annotation)[1:])


def pack_vector(dimensions: int, value: Any) -> bytes:
    """A vector as bytes. Raises TypeError, ValueError or OverflowError for what is none of that size."""
    numbers = value if isinstance(value, list | tuple) else _as_list(value)
    if len(numbers) != dimensions:
        raise ValueError(f"a vector of {dimensions} dimensions has {dimensions} numbers, not {len(numbers)}")
    try:
        # Adding makes one zero of the two, as PostgreSQL compares them.
        packed = struct.pack(f"<{dimensions}f", *[each + 0.0 for each in numbers])
    except OverflowError:
        raise OverflowError("a number of a vector is too large for single precision") from None
    except (struct.error, TypeError):
        raise TypeError("a vector is a list of numbers") from None
    if not all(map(math.isfinite, unpack_vector(packed))):
        raise ValueError("a vector has no number that is infinite or not a number (NaN)")
    return packed


def _as_list(value: Any) -> list[Any]:
    """What libraries for arrays have instead of a list."""
    numbers = value.tolist() if hasattr(value, "tolist") else None
    if not isinstance(numbers, list):
        raise TypeError(f"a vector is a list or tuple of numbers, not {type(value).__name__}")
    return numbers


def write_vector(dimensions: int, value: Any) -> str:
    """A vector as pgvector's text, each number as it will be stored. Raises as `pack_vector` does."""
    return f"[{','.join(map(repr, unpack_vector(pack_vector(dimensions, value))))}]"


def unpack_vector(stored: bytes) -> list[float]:
    """The numbers in the bytes of a vector."""
    return list(struct.unpack(f"<{len(stored) // NUMBER_BYTES}f", stored))


def read_vector(stored: str) -> list[float]:
    """The numbers in pgvector's text, which has as few digits as tell them apart in single precision."""
    return array("f", _decode(stored)).tolist()


_decode: Final = msgspec.json.Decoder(list[float]).decode


# --- distances, which SQLite asks for ------------------------------------------------------------------


def l2(left: list[float], right: list[float]) -> float:
    """The length of the straight line between two vectors."""
    return math.dist(left, right)


def inner(left: list[float], right: list[float]) -> float:
    """The sum of the products."""
    return math.fsum(map(mul, left, right))


def cosine(left: list[float], right: list[float]) -> float | None:
    """1 less the cosine of the angle; None where one of them has no direction."""
    lengths = math.hypot(*left) * math.hypot(*right)
    if not lengths:
        return None
    return 1.0 - max(-1.0, min(1.0, inner(left, right) / lengths))


def for_sqlite(distance: Callable[[list[float], list[float]], float | None]) -> Callable[..., float | None]:
    """A distance as a function of SQL, over bytes; NULL of NULL."""

    # Any: whatever SQL calls it with.
    def measure(*stored: Any) -> float | None:
        left, right = stored
        if left is None or right is None:
            return None
        return distance(unpack_vector(left), unpack_vector(right))

    return measure


SQLITE_FUNCTIONS: Final = {
    "bistro_l2_distance": for_sqlite(l2),
    "bistro_cosine_distance": for_sqlite(cosine),
    "bistro_inner_product": for_sqlite(inner),
}
