"""What generated code names besides its own variables, as recipes that a cache on disk can keep."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias  # Any: filters, globals and contexts are of every kind.

import jinja2
from jinja2.nodes import EvalContext
from jinja2.runtime import LoopContext, Macro, Undefined, markup_join, str_join
from jinja2.utils import missing
from markupsafe import Markup

from bistro.ground.text import escape_text
from bistro.templates import runtime
from bistro.templates.python_tree import name

Recipe: TypeAlias = tuple[str, ...]

BUILT_INS = (
    "AttributeError",
    "__import__",
    "bool",
    "enumerate",
    "float",
    "int",
    "isinstance",
    "len",
    "slice",
    "str",
)
"""All that generated code may use of Python's own names.

`__import__` is for what it calls: functions written in C, such as `strftime`, import by their caller's.
"""


class Recipes:
    """Gives each thing that the code needs a name, once."""

    def __init__(self) -> None:
        self.by_name: dict[str, Recipe] = {}
        self._names: dict[Recipe, str] = {}

    def use(self, kind: str, *words: str) -> ast.Name:
        """The variable that holds what the recipe makes."""
        recipe = (kind, *words)
        if recipe not in self._names:
            word = words[-1] if words and words[-1].isascii() and words[-1].isidentifier() else ""
            identifier = f"{kind}_{word}_{len(self._names)}"
            self._names[recipe] = identifier
            self.by_name[identifier] = recipe
        return name(self._names[recipe])


class NamespaceMaker:
    """Makes the variables of programs; what is the same for all of one site is made once."""

    def __init__(self, environment: jinja2.Environment) -> None:
        self._environment = environment
        access = runtime.Access(environment.undefined)
        self._shared: dict[str, Any] = {
            "__bistro_template__": True,
            "__builtins__": {each: getattr(builtins, each) for each in BUILT_INS},
            "LoopContext": LoopContext,
            "Markup": Markup,
            "Undefined": Undefined,
            "call": runtime.make_call(environment),
            "capture": runtime.capture,
            "environment": environment,
            "escape_text": escape_text,
            "get_attribute": access.get_attribute,
            "get_item": access.get_item,
            "markup_join": markup_join,
            "missing": missing,
            "new_undefined": environment.undefined,
            "out": runtime.out,
            "out_plain": runtime.out_plain,
            "raise_not_found": runtime.raise_not_found,
            "set_attribute": runtime.set_attribute,
            "sized": runtime.sized,
            "str_join": str_join,
        }
        self._made: dict[Recipe, Any] = {}

    def make(self, recipes: Mapping[str, Recipe]) -> dict[str, Any]:
        """The variables of a program, from their recipes; macros come when their functions are there."""
        return self._shared | {
            identifier: self._get(recipe) for identifier, recipe in recipes.items() if recipe[0] != "macro"
        }

    def _get(self, recipe: Recipe) -> Any:
        if recipe not in self._made:
            kind, *words = recipe
            self._made[recipe] = _MAKERS[kind](self._environment, *words)
        return self._made[recipe]

    def add_macros(self, recipes: Mapping[str, Recipe], namespace: dict[str, Any]) -> None:
        """Make objects of those macros that are used otherwise than by calling them."""
        for identifier, (kind, *words) in recipes.items():
            if kind == "macro":
                function, display, arguments, caller, escaped = words
                namespace[identifier] = Macro(
                    self._environment,
                    namespace[function],
                    display,
                    arguments.split(",") if arguments else [],
                    catch_kwargs=False,
                    catch_varargs=False,
                    caller=caller == "caller",
                    default_autoescape=escaped == "escaped",
                )


def _make_eval_context(environment: jinja2.Environment, escaped: str) -> EvalContext:
    made = EvalContext(environment)
    made.autoescape = escaped == "escaped"
    return made


def _make_context(environment: jinja2.Environment, escaped: str) -> Any:
    # For filters such as `map`, which look up other filters through a context; it holds no names.
    context = environment.from_string("").new_context({})
    context.eval_ctx = _make_eval_context(environment, escaped)
    return context


_MAKERS: Mapping[str, Callable[..., Any]] = {
    "blank": lambda _, hint: Undefined(hint),
    "context": _make_context,
    "eval_context": _make_eval_context,
    "filter": lambda environment, name: environment.filters[name],
    "global": lambda environment, name: environment.globals[name],
    "hint": lambda environment, name, hint: environment.undefined(hint, name=name or None),
    "test": lambda environment, name: environment.tests[name],
    "undefined": lambda environment, name: environment.undefined(name=name),
}
