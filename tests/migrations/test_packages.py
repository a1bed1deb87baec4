"""Plugins bring models and migrations of their own."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from bistro import App
from bistro.app import PluginError, Setup
from bistro.db import Database, Field, ForeignKey, Model, auto
from bistro.migrations import Graph, MigrationFileError, Migrator, Package, find_difference
from tests.migrations.support import Folder, fresh, real


class User(Model):
    id: Field[int] = auto()
    name: Field[str]


class Post(Model):
    id: Field[int] = auto()
    author: ForeignKey[User]


class Accounts:
    """A plugin with a model."""

    requires: ClassVar[tuple[type, ...]] = ()

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def install(self, setup: Setup) -> None:
        setup.models(User, package="accounts", migrations=self._folder)


def graph_of(accounts: Folder, site: Folder) -> Graph:
    return Graph([Package("accounts", accounts.path, [User]), Package("site", site.path, [Post])])


def make(accounts: Folder, site: Folder) -> None:
    from bistro.migrations import make_migration

    accounts.make(User)
    graph = graph_of(accounts, site)
    made = make_migration(graph, graph.packages[1], ask=lambda _: False)
    assert made is not None
    made.write()


@pytest.fixture
def accounts(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "accounts", "accounts")


async def test_tables_of_a_plugin_are_made_before_those_that_name_them(
    accounts: Folder, folder: Folder, database: Database
):
    make(accounts, folder)
    graph = graph_of(accounts, folder)

    assert await Migrator(database, graph).migrate() == ["accounts:0001_first", "0001_first"]
    assert await real(database) == await fresh(database, User, Post)
    assert [find_difference(graph, package) for package in graph.packages] == [[], []]


def test_migration_names_those_of_other_packages_that_it_builds_on(accounts: Folder, folder: Folder):
    make(accounts, folder)

    assert graph_of(accounts, folder).by_name["0001_first"].loaded.after == ("accounts:0001_first",)


async def test_revert_takes_along_what_builds_on_it(accounts: Folder, folder: Folder, database: Database):
    make(accounts, folder)
    migrator = Migrator(database, graph_of(accounts, folder))
    await migrator.migrate()

    assert await migrator.revert("accounts:0001_first") == ["0001_first", "accounts:0001_first"]


def test_package_that_is_gone_is_named(accounts: Folder, folder: Folder):
    make(accounts, folder)

    with pytest.raises(
        MigrationFileError, match=r"0001_first comes after accounts:0001_first, which is not there"
    ):
        Graph([Package("site", folder.path, [Post])])


def test_plugin_says_which_models_are_its_own(tmp_path: Path):
    app = App(Accounts(tmp_path))

    (package,) = app.freeze().model_packages

    assert (package.name, package.models, package.folder) == ("accounts", (User,), tmp_path)
    assert package.origin.by == "Accounts"


def test_two_packages_of_one_name_stop_the_start(tmp_path: Path):
    class Others(Accounts):
        pass

    with pytest.raises(PluginError, match="two packages of models are called accounts"):
        App(Accounts(tmp_path), Others(tmp_path)).freeze()
