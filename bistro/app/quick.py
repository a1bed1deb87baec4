"""The quick way out for plain results: known type, prepared headers, no response object."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable

# Any: return annotations and results are objects of every kind.
from typing import Any, TypeAlias, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from bistro.app.answers import Answers
from bistro.http import Response
from bistro.http.response import JSON_BLOCK, TEXT_BLOCK
from bistro.validation import UnsupportedType, encode_json, output_converter, unchanged

Narrow: TypeAlias = Callable[[Any], Any]
"""From whatever the handler returned to what it declared."""


class QuickReply(Struct, frozen=True):
    """`encode` is the expression that turns `result`, if it is of `type_name`, into bytes."""

    type_name: str
    encode: str
    block: bytes
    names: dict[str, Any]
    """The type and the encoder, for the generated code."""


def find_quick_reply(returns: Any, narrow: Narrow | None, answers: Answers) -> QuickReply | None:
    """How results that are declared as `returns` go out; None where only a look at each can tell.

    The declaration is a guess about the usual case: the plan tests the type of each result. What
    somebody in `answers` answers is never quick.
    """
    if returns is str and not answers.covers(str):
        return QuickReply("str", "result.encode()", TEXT_BLOCK, {})
    kind = get_origin(returns) or returns
    if returns in (inspect.Signature.empty, Any) or typing.is_typeddict(kind):
        kind = dict
    if not isinstance(kind, type) or answers.covers(kind):
        return None
    if (
        kind not in (dict, list)
        and not issubclass(kind, msgspec.Struct)
        and not dataclasses.is_dataclass(kind)
    ):
        return None
    names: dict[str, Any] = {"Result": kind, "encode_json": encode_json}
    if narrow is None:
        return QuickReply("Result", "encode_json(result)", JSON_BLOCK, names)
    return QuickReply("Result", "encode_json(narrow(result))", JSON_BLOCK, {**names, "narrow": narrow})


def find_narrowing(returns: Any) -> Narrow | None:
    """What takes away fields that the declared return type doesn't have (ASVS 15.3.1); None if nothing can.

    A handler that declares `-> PublicUser` and returns a `User` must not send its password.
    """
    members = get_args(returns) if get_origin(returns) in (Union, types.UnionType) else (returns,)
    kept = [each for each in members if each is not type(None) and not _is_response(each)]
    if not kept or returns is inspect.Signature.empty:
        return None
    declared = kept[0] if len(kept) == 1 else Union[tuple(kept)]  # noqa: UP007 - made at run time
    try:
        narrow = output_converter(declared)
    except UnsupportedType:
        return None  # no JSON type: a generator, or an answer of the site's own
    return None if narrow is unchanged else narrow


def find_item_narrowing(returns: Any) -> Narrow | None:
    """The same for each value of a declared `JsonLines[T]` or `EventStream[T]`."""
    return find_narrowing(get_args(returns)[0]) if _is_response(get_origin(returns)) else None


def _is_response(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Response)
