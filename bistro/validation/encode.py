"""Values to JSON. `encode_json` is msgspec's own prepared encoder, a bound method: nothing stands around it.

datetime, date, time, timedelta   ISO 8601 text          Enum        its value
UUID                              text with hyphens      set         array, in no fixed order
Decimal                           text, so that no digit is lost (or a number, see json_encoder)
bytes                             base64 text            nan, inf    null: JSON has no word for them
Structs, dataclasses, TypedDicts, attrs, pydantic models: objects
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence, Set
from decimal import Decimal

# Any: values of every type are encoded.
from typing import Any, Final, Literal

import msgspec

from bistro.validation.errors import EncodingError
from bistro.validation.limits import DEPTH_MAX, INTEGER_MAX, INTEGER_MIN, Trail, find_parts, trail_path
from bistro.validation.paths import printable
from bistro.validation.pydantic_models import dump_json, is_pydantic
from bistro.validation.types import type_name

# What the encoders raise; `explain_encoding` turns any of them into an EncodingError with a path.
# ValueError: half of a surrogate pair, an integer of more than 4,300 digits. RecursionError: a value that
# holds itself.
ENCODING_REFUSALS: Final = (EncodingError, ValueError, RecursionError, TypeError, OverflowError)


def json_encoder(*, decimal_format: Literal["string", "number"] = "string") -> Callable[[Any], bytes]:
    """An encoder that writes Decimals as texts ("12.50", exact everywhere) or as numbers (12.50)."""
    form: Any = decimal_format if decimal_format == "string" else _number_of
    encoder = msgspec.json.Encoder(enc_hook=_encode_other, decimal_format=form)
    return encoder.encode


def encode_json_pretty(value: Any) -> bytes:
    """JSON for people: indented by two spaces, with a line break at the end."""
    return msgspec.json.format(encode_json(value), indent=2) + b"\n"


def encode_json_line(value: Any) -> bytes:
    """One line of JSON Lines: no line break inside, one at the end."""
    return encode_json(value) + b"\n"


def encode_json_safely(value: Any) -> bytes:
    """JSON whatever `value` is: for error bodies and logs, which must not fail themselves.

    What can't be encoded becomes a text that names its type; what is nested too deep is cut.
    """
    try:
        return encode_json(value)
    except Exception:  # noqa: BLE001 - it is there for whatever goes wrong
        return encode_json(_harmless(value, DEPTH_MAX))


def explain_encoding(value: Any, error: Exception) -> EncodingError:
    """The EncodingError for what an encoder raised on `value`: with the type, the path and the fix."""
    if isinstance(error, RecursionError):
        return EncodingError(
            "the value is nested too deep or holds itself", value=value, fix="Send a part of it."
        )
    culprit = error.value if isinstance(error, EncodingError) else getattr(error, "object", None)
    path = _find(value, culprit, DEPTH_MAX) or ""
    if isinstance(error, EncodingError):
        return EncodingError(error.what, value=culprit, path=path, fix=error.fix)
    if isinstance(error, UnicodeEncodeError):
        return EncodingError(
            "a text with half of a surrogate pair can't be sent as UTF-8",
            value=culprit,
            path=path,
            fix="Decode bytes as UTF-8 with errors='replace' where the text is made.",
        )
    return EncodingError(str(error), value=value)


def _encode_other(value: Any) -> Any:
    """msgspec's hook for values that it doesn't know."""
    kind = type(value)
    if is_pydantic(kind):
        return dump_json(value)
    if kind in _NATIVE:
        raise EncodingError(
            f"{type_name(kind)} can't be the key of an object",
            value=value,
            fix="Use texts or numbers as keys.",
        )
    for base, simplify in _SIMPLER:
        if isinstance(value, base):
            return simplify(value)
    raise EncodingError(
        f"{type_name(kind)} has no JSON form",
        value=value,
        fix="Send a Struct, a dataclass or plain values, or convert it before: str(value), list(value).",
    )


def _encode_bare(value: Any) -> Any:
    # None, True and False arrive here only as keys of a dict; JSON wants texts there.
    return msgspec.json.encode(value).decode()


# What msgspec encodes itself, so that the hook meets it only as the key of a dict.
_NATIVE: Final = frozenset({tuple, frozenset, list, set, dict})
_SIMPLER: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    ((bool, type(None)), _encode_bare),
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (Mapping, dict),
    ((Sequence, Set, deque), list),
)


def _number_of(value: Decimal) -> Any:
    if not value.is_finite():
        return None
    return msgspec.Raw(str(value).encode())


def _find(root: Any, culprit: Any, depth: int, trail: Trail | None = None) -> str | None:
    """The path of `culprit` in `root`, searched for by identity."""
    if root is culprit:
        return trail_path(trail)
    if depth == 0 or isinstance(root, str | bytes | int | float):
        return None
    for inner, step in find_parts(root):
        found = _find(inner, culprit, depth - 1, (trail, step))
        if found is not None:
            return found
    return None


def _harmless(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if INTEGER_MIN <= value <= INTEGER_MAX else "<int>"
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {_harmless(str(key), 0): _harmless(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_harmless(item, depth - 1) for item in value]
    try:
        # Through the encoder, so that dates, Structs and so on look as they always do.
        return msgspec.Raw(encode_json(value))
    except Exception:  # noqa: BLE001 - a property or a serializer of the site's may raise anything
        return printable(f"<{type_name(type(value))}>")


encode_json: Final[Callable[[Any], bytes]] = json_encoder()
