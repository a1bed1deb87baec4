"""Models as they were at a migration, for functions that work on rows."""

from __future__ import annotations

# Any: models are made here, so that no checker can know their fields.
from typing import Any, Final

from bistro.db.fields import Field, auto, field, generated
from bistro.db.model import Model, ModelMeta
from bistro.ground.text import did_you_mean
from bistro.migrations.errors import MigrationError
from bistro.migrations.schema import Column, State, Table
from bistro.migrations.sql.types import column_type

MODULE: Final = "bistro.migrations.historical"
"""The module of every model made here, by which they are told from the site's own."""


class HistoricalModels:
    """The models of a state, by the names of their tables: `models.note`, `models["shop.note"]`.

    They have columns, by the names that the database has, and no relations: `note.author_id`.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._made: dict[str, Any] = {}

    def __getitem__(self, label: str) -> Any:
        if label not in self._made:
            if label not in self._state.tables:
                near = did_you_mean(label, self._state.tables)
                raise MigrationError(
                    f"there is no table {label} at this migration",
                    fix=f"Did you mean {near}?" if near else "Name one that is there then.",
                )
            self._made[label] = make_model(self._state.tables[label])
        return self._made[label]

    def __getattr__(self, label: str) -> Any:
        if label.startswith("__"):
            raise AttributeError(label)
        return self[label]


def make_model(table: Table) -> Any:
    """A model with the columns of a table. Raises MigrationError for one without a primary key."""
    if not table.key:
        raise MigrationError(f"{table.label} has no primary key, and can't be a model", fix="Use RunSQL.")
    namespace: dict[str, Any] = {
        "__annotations__": {column.name: Field[_annotation(column)] for column in table.columns},  # type: ignore[misc]  # made here
        "__module__": MODULE,
        "__qualname__": table.name,
    }
    namespace |= {column.name: _options(column, table) for column in table.columns}
    return ModelMeta(table.name, (Model,), namespace, table=table.name, schema=table.schema)


def _annotation(column: Column) -> Any:
    python = object if column.kind == "json" else column_type(column).python
    return python | None if column.nullable else python


def _options(column: Column, table: Table) -> Any:
    is_key = column.name in table.key
    sizes: dict[str, Any] = {}
    if column.kind == "decimal":
        sizes = {"max_digits": column.max_digits, "decimal_places": column.decimal_places}
    if column.kind == "vector":
        sizes = {"dimensions": column.dimensions}
    if column.computed:
        return generated(column.computed, stored=column.stored, **sizes)
    if column.default:
        return auto(column.default, primary_key=is_key, bits=column.bits)
    return field(primary_key=is_key, bits=column.bits, **sizes)
