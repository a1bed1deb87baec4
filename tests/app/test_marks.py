"""Parameters that a mark in their annotation asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import pytest

from bistro.app import BaseApp, Plugin, Setup
from bistro.ground import SetupError
from bistro.http import Request
from bistro.testing import Client


@dataclass(frozen=True)
class Times:
    factor: int


class Numbers:
    """Gives the number in the path, multiplied as the mark says."""

    requires: tuple[type, ...] = ()

    def install(self, setup: Setup) -> None:
        setup.provide_marked(Times, self.make)

    def make(self, kind: type, mark: Times, path: tuple[str, ...]) -> Callable[..., object]:
        if "n" not in path:
            raise SetupError("the path has no n")

        def multiply(request: Request) -> object:
            return kind(request.path_parameters["n"] * mark.factor)

        return multiply


def make_app(plugin: Plugin) -> BaseApp:
    app = BaseApp(plugin)

    @app.get("/{n:int}")
    async def show(twice: Annotated[int, Times(2)], text: Annotated[str, Times(3)]) -> list[object]:
        return [twice, text]

    return app


def test_mark_says_what_a_parameter_gets() -> None:
    assert Client(make_app(Numbers())).get("/7").json() == [14, "21"]


def test_mark_that_does_not_fit_its_route_stops_the_start() -> None:
    app = make_app(Numbers())

    @app.get("/")
    async def without(twice: Annotated[int, Times(2)]) -> int:
        return twice

    with pytest.raises(SetupError, match="the path has no n"):
        app.freeze()


def test_mark_that_nobody_provides_says_nothing() -> None:
    app = BaseApp()

    @app.get("/")
    async def show(n: Annotated[int, Times(2)]) -> int:
        return n

    assert Client(app).get("/?n=5").json() == 5
