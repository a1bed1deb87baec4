"""The state of models makes the same tables as the models themselves."""

from __future__ import annotations

import pytest
from sqlalchemy.schema import CreateIndex, CreateTable

from bistro.db import Exclude, Field, Model, StoredFile, Unique, auto, field, generated
from bistro.db.drivers.protocol import Dialect
from bistro.db.lowering.ddl import create_statements
from bistro.migrations import Check, Column, Index
from bistro.migrations.reading import read_models
from bistro.migrations.sql.tables import compiled, make_table
from tests.db.conformance import models as conformance

MODELS = [
    each
    for each in vars(conformance).values()
    if isinstance(each, type) and issubclass(each, Model) and "__table_info__" in vars(each)
]


def lines_of(statements: list[str]) -> list[list[str]]:
    """Each statement as its lines, in an order that does not matter."""
    return sorted(sorted(line.strip().rstrip(",") for line in each.splitlines()) for each in statements)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_tables_of_the_state_are_those_of_the_models(dialect: Dialect) -> None:
    state = read_models(MODELS)

    made = []
    for table in state.tables.values():
        sql = make_table(table, dialect)
        made.append(compiled(CreateTable(sql), dialect))
        made += [compiled(CreateIndex(index), dialect) for index in sql.indexes]

    assert lines_of(made) == lines_of(list(create_statements([m.__table_info__ for m in MODELS], dialect)))


def test_rules_of_a_model_have_the_names_that_the_database_has() -> None:
    class Room(Model):
        id: Field[int] = auto()
        title: Field[str] = field(max_length=40, unique=True)
        price: Field[int] = field(bits=32)
        net: Field[int] = generated("price * 2")

    table = read_models([Room]).tables["room"]

    assert table.columns[1] == Column("title", "text", max_length=40)
    assert table.columns[3] == Column("net", "integer", computed="price * 2")
    assert list(table.rules) == ["pk_room", "uq_room_title"]


def test_a_partial_unique_rule_is_an_index() -> None:
    class Seat(Model, constraints=(Unique(("row",), where="taken"),)):
        id: Field[int] = auto()
        row: Field[str]
        taken: Field[bool]

    (index,) = read_models([Seat]).tables["seat"].indexes

    assert isinstance(index, Index)
    assert (index.parts, index.where, index.unique) == (("row",), "taken", True)


def test_equality_in_a_gist_constraint_asks_for_its_extension() -> None:
    class Stay(Model, constraints=(Exclude((("room", "="),)),)):
        id: Field[int] = auto()
        room: Field[int]

    assert read_models([Stay]).extensions == {"btree_gist"}


def test_values_of_an_enum_become_a_condition() -> None:
    from enum import Enum

    class Colour(Enum):
        RED = "red"
        BLUE = "it's"

    class Car(Model):
        id: Field[int] = auto()
        colour: Field[Colour]

    table = read_models([Car]).tables["car"]

    assert table.get_column("colour").kind == "text"
    assert Check("ck_car_colour", "colour IN ('red', 'it''s')") in table.constraints


def test_file_is_a_text_so_that_a_field_that_held_names_may_become_one() -> None:
    class Before(Model, table="paper"):
        id: Field[int] = auto()
        text: Field[str | None] = field(private=True)

    class After(Model, table="paper"):
        id: Field[int] = auto()
        text: Field[StoredFile | None]

    assert read_models([After]).tables["paper"].columns[1] == Column("text", "text", nullable=True)
    assert read_models([Before]) == read_models([After])
