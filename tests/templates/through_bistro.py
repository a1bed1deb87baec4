"""A pytest plugin: `Template.render` of Jinja2 goes through Bistro's compiler.

Loaded with `-p` in a process of its own by test_stock_suite.py. What the compiler leaves to stock
Jinja2 is rendered by that; at the end, the numbers and the reasons are written to REASONS_FILE.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import jinja2
from jinja2.environment import Environment, Template
from jinja2.nativetypes import NativeEnvironment
from jinja2.sandbox import SandboxedEnvironment

from bistro.templates.library import Library, Reading
from bistro.templates.program import compile_program, load_program
from bistro.templates.recipes import NamespaceMaker
from bistro.templates.runtime import NeedsContext
from bistro.templates.source import make_text, parse_source
from bistro.templates.unsupported import Unsupported

counted: Counter[str] = Counter()
stock_render = Template.render
stock_compile = Environment.compile
stock_from_code = Template.from_code.__func__
texts: dict[Any, tuple[str, str | None]] = {}


def compile_and_remember(
    self: Environment, source: Any, name: Any = None, *arguments: Any, **options: Any
) -> Any:
    code = stock_compile(self, source, name, *arguments, **options)
    if isinstance(source, str) and not isinstance(code, str):
        texts[code] = (source, name)
    return code


def from_code(
    cls: type[Template], environment: Environment, code: Any, *arguments: Any, **options: Any
) -> Template:
    template = stock_from_code(cls, environment, code, *arguments, **options)
    template.bistro_text = texts.get(code)
    return template


def render(self: Template, *arguments: Any, **names: Any) -> str:
    environment = self.environment
    remembered = getattr(self, "bistro_text", None)
    reason = find_obstacle(environment, remembered)
    if not reason:
        text, name = remembered
        own_name = name or "<template>"
        context = {**self.globals, **dict(*arguments, **names)}
        try:
            reading = Reading(Library(environment))
            reading.sources[own_name] = parse_source(environment, make_text(own_name, text))
            compiled = compile_program(reading, own_name, ())
            function = load_program(NamespaceMaker(environment), compiled, reading.texts)
        except Unsupported as error:
            reason = error.reason
        except (SyntaxError, RecursionError) as error:
            reason = type(error).__name__
        else:
            counted["compiled"] += 1
            try:
                return function(context, None)
            except NeedsContext:
                reason = "a function of the context asks for the whole context"
    counted[f"stock: {reason}"] += 1
    return stock_render(self, *arguments, **names)


def find_obstacle(environment: Environment, remembered: object) -> str:
    """Why Bistro would never be asked for such a template."""
    if remembered is None:
        return "made without a text"
    if environment.is_async or isinstance(environment, (NativeEnvironment, SandboxedEnvironment)):
        return "async, native or sandboxed"
    if environment.finalize is not None or type(environment).join_path is not jinja2.Environment.join_path:
        return "an environment with options that Bistro does not have"
    if (
        type(environment).__getattribute__ is not object.__getattribute__
        or type(environment) is not Environment
    ):
        return "an environment of its own class"
    return ""


def pytest_configure() -> None:
    Environment.compile = compile_and_remember  # type: ignore[method-assign]
    Template.from_code = classmethod(from_code)  # type: ignore[method-assign]
    Template.render = render  # type: ignore[method-assign]


def pytest_unconfigure() -> None:
    if "REASONS_FILE" in os.environ:
        Path(os.environ["REASONS_FILE"]).write_text(json.dumps(counted.most_common(), indent=1))
