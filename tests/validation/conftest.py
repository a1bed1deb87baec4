"""What the tests of this room share: how a refusal is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bistro.ground.problems import Problem
from bistro.validation import ValidationFailed

Refusal = Callable[[Callable[..., Any], Any], list[Problem]]


@pytest.fixture
def problems_of() -> Refusal:
    """Call a converter with a value that it has to refuse, and give its problems."""

    def call(convert: Callable[..., Any], value: Any) -> list[Problem]:
        with pytest.raises(ValidationFailed) as caught:
            convert(value)
        return caught.value.problems

    return call


@pytest.fixture
def codes_of(problems_of: Refusal) -> Callable[[Callable[..., Any], Any], dict[str, str]]:
    """The same as a dict: path to code."""

    def call(convert: Callable[..., Any], value: Any) -> dict[str, str]:
        return {problem.path: problem.code for problem in problems_of(convert, value)}

    return call
