"""Plugins that other plugins bring with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bistro.app import BaseApp, Plugin, Setup
from bistro.testing import Client


@dataclass(frozen=True)
class Salt:
    grains: int = 1

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        setup.provide(Salt, lambda: self)


@dataclass(frozen=True)
class Soup:
    requires: ClassVar[tuple[type, ...]] = (Salt,)

    def bring(self) -> tuple[Plugin, ...]:
        return (Salt(2),)

    def install(self, setup: Setup) -> None:
        async def taste(salt: Salt) -> int:
            return salt.grains

        taste.__annotations__["salt"] = Salt
        setup.routes.get("/")(taste)


@dataclass(frozen=True)
class Dinner:
    requires: ClassVar[tuple[type, ...]] = (Soup,)

    def bring(self) -> tuple[Plugin, ...]:
        return (Soup(),)

    def install(self, setup: Setup) -> None:
        """Nothing of its own."""


def test_plugin_brings_what_the_site_has_not_given() -> None:
    assert Client(BaseApp(Soup())).get("/").json() == 2


def test_what_the_site_gives_takes_its_place() -> None:
    assert Client(BaseApp(Soup(), Salt(5))).get("/").json() == 5


def test_what_was_brought_may_bring_more() -> None:
    assert Client(BaseApp(Dinner())).get("/").json() == 2


def test_value_that_may_be_missing_has_a_provider_of_its_own() -> None:
    app = BaseApp()
    app.provide(Salt, lambda: Salt(1))
    app.provide(Salt | None, lambda: None)

    @app.get("/")
    async def both(salt: Salt, maybe: Salt | None) -> list[bool]:
        return [salt is None, maybe is None]

    assert Client(app).get("/").json() == [False, True]
