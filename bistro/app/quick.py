"""The quick way out for plain results: known type, prepared headers, no response object."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from dataclasses import dataclass
from typing import Any, get_origin

import msgspec

from bistro.http.response import JSON_BLOCK, TEXT_BLOCK
from bistro.validation import encode_json


@dataclass(frozen=True, slots=True)
class QuickReply:
    """`encode` is the expression that turns `result`, if it is of `type_name`, into bytes."""

    type_name: str
    encode: str
    block: bytes
    names: dict[str, Any]  # Any: the type and the encoder, for the generated code


def find_quick_reply(returns: Any) -> QuickReply | None:
    """How results that are declared as `returns` go out; None where only a look at each can tell.

    The declaration is a guess about the usual case: the plan tests the type of each result.
    """
    if returns is str:
        return QuickReply("str", "result.encode()", TEXT_BLOCK, {})
    kind = get_origin(returns) or returns
    if returns in (inspect.Signature.empty, Any) or typing.is_typeddict(kind):
        kind = dict
    if not isinstance(kind, type):
        return None
    if kind in (dict, list) or issubclass(kind, msgspec.Struct) or dataclasses.is_dataclass(kind):
        return QuickReply(
            "Result", "encode_json(result)", JSON_BLOCK, {"Result": kind, "encode_json": encode_json}
        )
    return None
