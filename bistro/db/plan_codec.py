"""Recipes as JSON: models and their columns by name, everything else as it is.

What is read is checked for its form, and each name must still mean a model's table. No code is ever
read: the loops over rows and parameters are written anew from the recipe.
"""

from __future__ import annotations

import datetime as dt
import decimal
import sys
import uuid
from collections.abc import Iterable
from operator import attrgetter

# Any: a type's name stands for any type.
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from bistro.db.column_types import ColumnType, Kind
from bistro.db.hydrate import Item, ModelItem, ValueItem
from bistro.db.plan_keys import NotKept, name_of
from bistro.db.recipe import Given, LoadRecipe, Recipe
from bistro.db.table import TableInfo
from bistro.db.writers import Writer

SCALARS: Final[dict[str, Any]] = {
    each.__name__: each
    for each in (
        bool, bytes, int, float, str, decimal.Decimal, dt.date, dt.time, dt.datetime, dt.timedelta,
        uuid.UUID,
    )
} | {"Any": Any}  # fmt: skip


class ColumnName(Struct, array_like=True, frozen=True, tag="column"):
    """The type of a model's column, or of the items that it holds."""

    model: str
    field: str
    is_item: bool = False


class ScalarName(Struct, array_like=True, frozen=True, tag="scalar"):
    """A type that no model declares: that of a number, a comparison, a function."""

    kind: Kind
    python: str
    bits: int
    max_length: int | None
    max_digits: int
    decimal_places: int


TypeName = ColumnName | ScalarName | None


class KeptGiven(Struct, array_like=True, frozen=True):
    """A `Given`."""

    number: int | None
    constant: int | str
    kind: Literal["value", "list", "like", "like_small", "glob", "json_name", "json_index"] | None
    of: TypeName
    before: bool
    after: bool


class KeptValue(Struct, array_like=True, frozen=True, tag="value"):
    """A `ValueItem`."""

    of: TypeName


class KeptModel(Struct, array_like=True, frozen=True, tag="model"):
    """A `ModelItem`."""

    model: str
    joined: dict[str, KeptModel]
    optional: bool


class KeptRecipe(Struct, array_like=True, frozen=True):
    """A `Recipe`."""

    sql: str
    given: tuple[KeptGiven, ...]
    count: int
    items: tuple[KeptValue | KeptModel, ...]
    is_single: bool
    loads: tuple[KeptLoad, ...]


class KeptLoad(Struct, array_like=True, frozen=True):
    """A `LoadRecipe`."""

    owners: tuple[str, ...]
    name: str
    key: tuple[str, ...]
    is_many: bool
    recipe: KeptRecipe
    slices: tuple[tuple[int, int], ...]


_decode: Final = msgspec.json.Decoder(KeptRecipe).decode
_READ_ERRORS: Final = (msgspec.MsgspecError, ValueError, KeyError, AttributeError)


def encode_recipe(recipe: Recipe, tables: Iterable[TableInfo]) -> bytes:
    """The recipe as one line of JSON; `tables` are those whose columns may be in it. Raises NotKept."""
    return msgspec.json.encode(_Encoder(tables).recipe(recipe))


def decode_recipe(content: bytes) -> Recipe | None:
    """The recipe; None where it is none, or has a name that means nothing any more."""
    try:
        return _read_recipe(_decode(content))
    except _READ_ERRORS:
        return None


class _Encoder:
    def __init__(self, tables: Iterable[TableInfo]) -> None:
        self.names: dict[int, ColumnName] = {}
        for table in tables:
            if table.model is None:
                continue
            for column in table.columns.values():
                name = ColumnName(name_of(table.model), column.field)
                self.names.setdefault(id(column.type), name)
                if column.type.item is not None:
                    self.names.setdefault(id(column.type.item), msgspec.structs.replace(name, is_item=True))

    def recipe(self, recipe: Recipe) -> KeptRecipe:
        return KeptRecipe(
            recipe.sql,
            tuple(map(self.given, recipe.given)),
            recipe.count,
            tuple(map(self.item, recipe.items)),
            recipe.is_single,
            tuple(map(self.load, recipe.loads)),
        )

    def given(self, given: Given) -> KeptGiven:
        writer = given.writer
        if writer is None:
            return KeptGiven(given.number, given.constant, None, None, False, False)
        type_ = self.type(writer.type)
        return KeptGiven(given.number, given.constant, writer.kind, type_, writer.before, writer.after)

    def item(self, item: Item) -> KeptValue | KeptModel:
        return KeptValue(self.type(item.type)) if isinstance(item, ValueItem) else self.model(item)

    def model(self, item: ModelItem) -> KeptModel:
        joined = {name: self.model(each) for name, each in item.joined.items()}
        return KeptModel(name_of(item.info.model), joined, item.optional)

    def load(self, load: LoadRecipe) -> KeptLoad:
        recipe = self.recipe(load.recipe)
        return KeptLoad(load.owners, load.name, load.key, load.is_many, recipe, load.slices)

    def type(self, type_: ColumnType | None) -> TypeName:
        if type_ is None:
            return None
        named = self.names.get(id(type_))
        if named is not None:
            return named
        python = next((name for name, each in SCALARS.items() if each is type_.python), None)
        if python is None or type_.item is not None:
            raise NotKept(repr(type_))
        sizes = (type_.bits, type_.max_length, type_.max_digits, type_.decimal_places)
        return ScalarName(type_.kind, python, *sizes)


def _read_recipe(kept: KeptRecipe) -> Recipe:
    return Recipe(
        kept.sql,
        tuple(map(_read_given, kept.given)),
        kept.count,
        tuple(map(_read_item, kept.items)),
        kept.is_single,
        tuple(map(_read_load, kept.loads)),
    )


def _read_given(kept: KeptGiven) -> Given:
    if kept.kind is None:
        return Given(kept.number, None, kept.constant)
    writer = Writer(kept.kind, _read_type(kept.of), kept.before, kept.after)
    return Given(kept.number, writer, kept.constant)


def _read_item(kept: KeptValue | KeptModel) -> Item:
    return ValueItem(_read_type(kept.of)) if isinstance(kept, KeptValue) else _read_model(kept)


def _read_model(kept: KeptModel) -> ModelItem:
    joined = {name: _read_model(each) for name, each in kept.joined.items()}
    return ModelItem(_find_table(kept.model), joined, kept.optional)


def _read_load(kept: KeptLoad) -> LoadRecipe:
    return LoadRecipe(kept.owners, kept.name, kept.key, kept.is_many, _read_recipe(kept.recipe), kept.slices)


def _read_type(name: TypeName) -> ColumnType | None:
    if name is None:
        return None
    if isinstance(name, ColumnName):
        type_ = _find_table(name.model).columns[name.field].type
        return type_.item if name.is_item else type_
    sizes = (name.bits, name.max_length, name.max_digits, name.decimal_places)
    return ColumnType(name.kind, SCALARS[name.python], *sizes)


def _find_table(name: str) -> TableInfo:
    module, _, qualified = name.partition(":")
    table = attrgetter(f"{qualified}.__table_info__")(sys.modules[module])
    if not isinstance(table, TableInfo):
        raise ValueError(f"{name} is no model")
    return table
