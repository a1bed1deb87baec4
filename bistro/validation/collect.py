"""All the problems of a JSON value at once, each with its path.

msgspec stops at the first problem. Only once it has refused a body is the value walked here a second
time along its type, one small check for each kind of node, until `PROBLEMS_MAX` are found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

# Any: a value as JSON gives it may be of any type.
from typing import Any, Final

import msgspec
from msgspec import inspect

from bistro.ground.problems import Problem
from bistro.validation.build import OUT_OF_RANGE, build_custom, read_problems
from bistro.validation.describe import broken_limit, mismatch
from bistro.validation.limits import find_excess, is_excess
from bistro.validation.members import find_member, find_tag_problem, leaf_type
from bistro.validation.paths import join_path, key_path
from bistro.validation.types import Fields, Node, has_fields, is_many, plain

PROBLEMS_MAX: Final = 100


# The leaves that JSON has itself, and most values are: nothing has to be converted.
_PLAIN: Final[Mapping[type[Node], type]] = {
    inspect.StrType: str,
    inspect.IntType: int,
    inspect.FloatType: float,
    inspect.BoolType: bool,
}


class _Full(Exception):
    """Enough problems were found."""


class Collector:
    """Gathers problems while it walks a value (as JSON gives it) along its type."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def collect(self, node: Node, value: Any) -> list[Problem]:
        """The problems of `value`, at most `PROBLEMS_MAX`."""
        with suppress(_Full):
            self._check(node, value, "")
        return self.problems

    def _add(self, path: str, message: str, code: str) -> None:
        self.problems.append(Problem("", path, message, code))
        if len(self.problems) >= PROBLEMS_MAX:
            raise _Full

    def _check(self, node: Node, value: Any, path: str) -> None:
        node = plain(node)
        if _PLAIN.get(type(node)) is type(value):
            self._check_limits(node, value, path)
        elif isinstance(node, inspect.AnyType):
            self._check_excess(value, path)
        elif isinstance(node, inspect.UnionType):
            self._check_union(node, value, path)
        elif has_fields(node):
            self._check_fields(node, value, path)
        elif is_many(node):
            self._check_many(node, value, path)
        elif isinstance(node, inspect.DictType | inspect.FrozenDictType):
            self._check_dict(node, value, path)
        else:
            self._check_leaf(node, value, path)

    def _check_excess(self, value: Any, path: str) -> None:
        for inner in find_excess(value):
            self._add(join_path(path, inner), OUT_OF_RANGE, "out-of-range")

    def _check_leaf(self, node: Node, value: Any, path: str) -> None:
        try:
            result = msgspec.convert(value, leaf_type(node), dec_hook=build_custom)
        except msgspec.ValidationError as error:
            self._add_leaf_error(node, value, path, error)
            return
        self._check_limits(node, result, path)

    def _check_limits(self, node: Node, value: Any, path: str) -> None:
        if broken := broken_limit(node, value):
            self._add(path, *broken)
        elif is_excess(value):
            self._add(path, OUT_OF_RANGE, "out-of-range")

    def _add_leaf_error(self, node: Node, value: Any, path: str, error: msgspec.ValidationError) -> None:
        if isinstance(node, inspect.CustomType):
            self._add_all(path, read_problems(error))
        else:
            self._add(path, *mismatch(node, value))

    def _add_all(self, path: str, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self._add(join_path(path, problem.path), problem.message, problem.code)

    def _check_union(self, node: inspect.UnionType, value: Any, path: str) -> None:
        member = find_member(node, value)
        if member is not None:
            self._check(member, value, path)
        elif tag_problem := find_tag_problem(node, value):
            self._add_all(path, [tag_problem])
        else:
            self._add(path, *mismatch(node, value))

    def _check_many(self, node: inspect.CollectionType | inspect.TupleType, value: Any, path: str) -> None:
        if not isinstance(value, list):
            self._add(path, *mismatch(node, value))
        elif isinstance(node, inspect.CollectionType):
            if broken := broken_limit(node, value):
                self._add(path, *broken)
            for index, item in enumerate(value):
                self._check(node.item_type, item, f"{path}[{index}]")
        elif len(value) != len(node.item_types):
            self._add(path, f"must have {len(node.item_types)} items", "length")
        else:
            self._check_each(node.item_types, value, path)

    def _check_each(self, nodes: Iterable[Node], values: list[Any], path: str) -> None:
        for index, (item_node, item) in enumerate(zip(nodes, values, strict=False)):
            self._check(item_node, item, f"{path}[{index}]")

    def _check_dict(self, node: inspect.DictType | inspect.FrozenDictType, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            self._add(path, *mismatch(node, value))
            return
        if broken := broken_limit(node, value):
            self._add(path, *broken)
        for key, item in value.items():
            self._check(node.value_type, item, key_path(path, key))

    def _check_fields(self, node: Fields, value: Any, path: str) -> None:
        before = len(self.problems)
        if isinstance(node, inspect.NamedTupleType) or (
            isinstance(node, inspect.StructType) and node.array_like
        ):
            self._check_array_fields(node, value, path)
        elif not isinstance(value, dict):
            self._add(path, *mismatch(node, value))
        else:
            self._check_named_fields(node, value, path)
        if len(self.problems) == before and _checks_itself(node.cls):
            self._check_whole(node, value, path)

    def _check_named_fields(self, node: Fields, value: dict[str, Any], path: str) -> None:
        for field in node.fields:
            if field.encode_name in value:
                self._check(field.type, value[field.encode_name], key_path(path, field.encode_name))
            elif field.required:
                self._add(key_path(path, field.encode_name), "is required", "missing")
        if isinstance(node, inspect.StructType) and node.forbid_unknown_fields:
            known = {field.encode_name for field in node.fields} | {node.tag_field}
            for name in value:
                if name not in known:
                    self._add(key_path(path, name), "is not a known field", "unknown-field")

    def _check_array_fields(self, node: Fields, value: Any, path: str) -> None:
        if not isinstance(value, list):
            self._add(path, "must be a list", "type")
            return
        # A tagged one begins with its tag.
        skipped = int(isinstance(node, inspect.StructType) and node.tag_field is not None)
        required = skipped + sum(field.required for field in node.fields)
        if len(value) < required:
            self._add(path, f"must have at least {required} items", "too-short")
            return
        for index, field in enumerate(node.fields[: len(value) - skipped], skipped):
            self._check(field.type, value[index], f"{path}[{index}]")

    def _check_whole(self, node: Fields, value: Any, path: str) -> None:
        """Each field is right: let `__post_init__` and validators speak."""
        try:
            msgspec.convert(value, node.cls, dec_hook=build_custom)
        except msgspec.ValidationError as error:
            self._add_all(path, read_problems(error))


def _checks_itself(cls: Any) -> bool:
    names = ("__post_init__", "__attrs_post_init__", "__attrs_attrs__")
    return any(hasattr(cls, name) for name in names)
