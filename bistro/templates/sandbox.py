"""Jinja2's sandbox, without the short ways to fill the memory.

How it works: all that a template makes is counted, in characters and elements, wherever it can make
something: operators, `~`, slices, filters, calls, and what blocks collect. A template that has made
more than `MADE_MAX` in all is refused, so that it doesn't matter how it doubles a text. What could be
huge in one step (a text repeated, a number raised) is reckoned before the step is taken.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import GeneratorType

# Any, here and below: operands, objects and functions of a template.
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.runtime import markup_join, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment

MADE_MAX = 1_000_000
"""How many characters and elements of lists a template may make in all."""
REPEATED_MAX = 1_000
"""How often a template may repeat a text or list, and the largest exponent."""
NUMBER_BITS_MAX = 10_000
PRECISION_MAX = 100

TOO_GENEROUS = frozenset(["batch", "center", "format", "indent", "slice", "wordwrap"])
GROWING = frozenset([
    "center", "encode", "expandtabs", "format", "format_map", "join", "ljust", "replace", "rjust",
    "to_bytes", "translate", "zfill",
])  # fmt: skip
"""Filters and methods that make a long text out of a short one."""
CONTAINERS = (list, tuple, set, frozenset)


class CountingWriter(CodeGenerator):
    """Writes what the sandbox can't intercept by itself so that it is counted."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """`a ~ b`."""
        self.write("environment.concat_counted(context.eval_ctx.autoescape, (")
        for each in node.nodes:
            self.visit(each, frame)
            self.write(", ")
        self.write("))")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """`a[b:c]` makes a copy; `a[b]` does not."""
        is_slice = isinstance(node.arg, nodes.Slice)
        self.write("environment.count_result(" if is_slice else "(")
        super().visit_Getitem(node, frame)
        self.write(")")


class BoundedSandbox(ImmutableSandboxedEnvironment):
    """Renders one template, and counts what it makes."""

    code_generator_class = CountingWriter
    intercepted_binops = frozenset(["+", "*", "**", "%"])

    def __init__(self) -> None:
        super().__init__(autoescape=True, loader=None, finalize=self.check)
        self._left = MADE_MAX
        # `range` is bounded by Jinja2 itself.
        self.globals.pop("lipsum", None)
        for name in TOO_GENEROUS:
            self.filters.pop(name, None)
        self.filters = {name: self._counted(name, function) for name, function in self.filters.items()}

    def spend(self, size: int) -> None:
        """Count what is made. Raises `SecurityError` where that is too much."""
        self._afford(size)
        self._left -= size

    def check(self, value: Any) -> Any:
        """Return `value` if its text would be small enough, however deep its lists are nested."""
        if isinstance(value, GeneratorType):
            value = list(self._held(value))
        self._afford(_size_within(value, self._left))
        return value

    def count_result(self, value: Any) -> Any:
        """Count and return what a step has made."""
        if isinstance(value, (str, bytes, dict, *CONTAINERS)):
            self.spend(len(value))
        return value

    def concat(self, pieces: Iterable[str]) -> str:
        """All that a template or a block of it prints."""
        return "".join(self._counting(pieces))

    def concat_counted(self, is_escaped: bool, parts: Iterable[Any]) -> str:
        """What `~` makes of its operands."""
        texts = [self.check(part) for part in parts]
        for text in texts:
            self.spend(_size_within(text, self._left))
        return markup_join(texts) if is_escaped else str_join(texts)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """The result of an operator. Raises `SecurityError` for one that grows too much."""
        if operator == "%" and isinstance(left, (str, bytes)):
            raise SecurityError("texts can't be formatted with % here")
        if operator == "+" and hasattr(left, "__len__") and hasattr(right, "__len__"):
            self.spend(len(left) + len(right))
        elif operator in ("*", "**"):
            self._check_growth(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Any, function: Any, /, *arguments: Any, **keywords: Any) -> Any:
        """What a function or method of a text gives."""
        return self.count_result(super().call(context, function, *arguments, **keywords))

    def wrap_str_format(self, value: Any) -> Any:
        """Refuse `format`, whose widths make any text as long as memory is."""
        owner, name = getattr(value, "__self__", None), getattr(value, "__name__", "")
        if isinstance(owner, str) and name in ("format", "format_map"):
            raise SecurityError("texts can't be formatted here")

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may have this attribute."""
        is_growing = isinstance(obj, (str, bytes, int, type)) and attr in GROWING
        return not is_growing and super().is_safe_attribute(obj, attr, value)

    def _check_growth(self, operator: str, left: Any, right: Any) -> None:
        numbers = [each for each in (left, right) if isinstance(each, (int, float))]
        if operator == "*" and len(numbers) == 1:
            repeated = right if numbers[0] is left else left
            if numbers[0] > REPEATED_MAX:
                raise SecurityError(f"no more than {REPEATED_MAX} times")
            if hasattr(repeated, "__len__"):
                self.spend(len(repeated) * max(int(numbers[0]), 0))
        elif operator == "**" and abs(right) > REPEATED_MAX:
            raise SecurityError(f"no more than {REPEATED_MAX} times")
        elif isinstance(left, int) and isinstance(right, int):
            first, second = left.bit_length(), right.bit_length()
            if (first + second if operator == "*" else first * right) > NUMBER_BITS_MAX:
                raise SecurityError("the number is too large")

    def _afford(self, size: int) -> None:
        if size > self._left:
            raise SecurityError("it makes too much text")

    def _counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter with what it is given checked, and what it gives counted."""
        reckon = RECKONED.get(name)
        # Those that are marked so are given something of Jinja2's first.
        passed = 1 if hasattr(function, "jinja_pass_arg") else 0

        @functools.wraps(function)  # which copies the mark as well
        def call(*arguments: Any, **keywords: Any) -> Any:
            checked = [self.check(each) for each in arguments]
            named = {key: self.check(each) for key, each in keywords.items()}
            if reckon is not None:
                self._afford(reckon(*checked[passed:], **named))
            return self.count_result(function(*checked, **named))

        return call

    def _held(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            self.spend(1)
            yield self.count_result(value)

    def _counting(self, pieces: Iterable[str]) -> Iterator[str]:
        for piece in pieces:
            self.spend(len(piece))
            yield piece


def _size_within(value: Any, size_max: int) -> int:
    """Characters and elements of `value`; at least more than `size_max` where there are more."""
    size, waiting = 0, [value]
    while waiting and size <= size_max:
        each = waiting.pop()
        if isinstance(each, (str, bytes)):
            size += len(each)
        elif isinstance(each, dict):
            size += len(each)
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, CONTAINERS):
            size += len(each)
            waiting += each
    return size


def _size_joined(value: Any, d: Any = "", *_: Any, **__: Any) -> int:
    return len(value) * len(str(d)) if hasattr(value, "__len__") else 0


def _size_replaced(s: Any, old: Any, new: Any, *_: Any, **__: Any) -> int:
    return str(s).count(str(old)) * len(str(new))


def _check_precision(_: Any, precision: int = 0, *__: Any, **___: Any) -> int:
    if abs(precision) > PRECISION_MAX:
        raise SecurityError(f"numbers are rounded to at most {PRECISION_MAX} places")
    return 0


RECKONED: Mapping[str, Callable[..., int]] = {
    "join": _size_joined,
    "replace": _size_replaced,
    "round": _check_precision,
}
"""What filters that make much in one step will make, with the parameters that they have."""
