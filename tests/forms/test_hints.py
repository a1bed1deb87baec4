"""What the hint of a field makes of its input: limits that the browser keeps as the type does."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, defstruct

from bistro.forms import FormView, Widget

LIMITS = ("min", "max", "step", "minlength", "maxlength", "multiple", "required", "type")


def limits_of(hint: Any) -> dict[str, str]:
    html = FormView(defstruct("One", [("x", hint)])).html
    found = re.search(r"<(?:input|select|textarea)([^>]*)>", html)
    assert found, html
    return {name: value for name, value in re.findall(r'([a-z]+)="([^"]*)"', found[1]) if name in LIMITS}


NUMBER = {"type": "number", "required": "required"}


@pytest.mark.parametrize(
    ("hint", "limits"),
    [
        (int, NUMBER),
        (Annotated[int, Meta(ge=1, le=5)], {**NUMBER, "min": "1", "max": "5"}),
        (Annotated[int, Meta(gt=1, lt=5)], {**NUMBER, "min": "2", "max": "4"}),
        (Annotated[int, Meta(gt=-1)], {**NUMBER, "min": "0"}),
        (Annotated[int, Meta(le=0)], {**NUMBER, "max": "0"}),
        # HTML has no limits that are left out themselves: the server looks at those.
        (Annotated[float, Meta(gt=1, lt=5)], {**NUMBER, "step": "any"}),
        (Annotated[float, Meta(ge=0.5, le=5)], {**NUMBER, "min": "0.5", "max": "5", "step": "any"}),
        (Decimal, {**NUMBER, "step": "any"}),
        (
            Annotated[int, Meta(ge=1), Widget(kind="range")],
            {"type": "range", "min": "1", "required": "required"},
        ),
        (Annotated[int, Meta(ge=1), Widget(kind="hidden")], {"type": "hidden"}),
        (int | None, {"type": "number"}),
        (date, {"type": "date", "required": "required"}),
        (time, {"type": "time", "step": "any", "required": "required"}),
        (datetime, {"type": "datetime-local", "step": "any", "required": "required"}),
        (str, {"type": "text"}),
        (Annotated[str, Meta(min_length=0, max_length=9)], {"type": "text", "maxlength": "9"}),
        (
            Annotated[str, Meta(min_length=1, max_length=9)],
            {"type": "text", "minlength": "1", "maxlength": "9", "required": "required"},
        ),
        (
            Annotated[str, Meta(min_length=2), Widget(kind="textarea")],
            {"minlength": "2", "required": "required"},
        ),
        (Annotated[str, Meta(max_length=9), Widget(kind="hidden")], {"type": "hidden"}),
        (Literal["a", "b"], {"required": "required"}),
        (Annotated[list[Literal["a", "b"]], Widget(kind="select")], {"multiple": "multiple"}),
        (
            Annotated[list[Literal["a", "b"]], Meta(min_length=1), Widget(kind="select")],
            {"multiple": "multiple", "required": "required"},
        ),
    ],
)
def test_limits_of_an_input_are_those_of_its_type(hint: Any, limits: dict[str, str]) -> None:
    assert limits_of(hint) == limits
