"""Tables: what the databases are told about a model, and that both accept it."""

from __future__ import annotations

import enum
import ipaddress
import sqlite3
import uuid
from contextlib import closing
from datetime import datetime
from decimal import Decimal

import apsw
import pytest

from bistro.db.constraints import Check, Exclude, Index, Unique
from bistro.db.fields import Field, ForeignKey, ManyToMany, auto, field, generated, related
from bistro.db.lowering.ddl import create_statements, drop_statements
from bistro.db.lowering.tables import NAME_LENGTH_MAX, name_of, table_of
from bistro.db.model import Model
from bistro.db.model_errors import ModelError
from bistro.db.ranges import Range


class Color(enum.Enum):
    RED = "red"
    QUOTED = "it's"


class Maker(Model):
    id: Field[int] = auto()
    name: Field[str] = field(max_length=20, unique=True)


class Label(Model):
    id: Field[int] = auto()


class Item(
    Model,
    table="items",
    constraints=(
        Unique(("color", "name"), deferrable=True),
        Unique(("maker",), where="amount > 10"),
        Check("amount >= 0"),
    ),
    indexes=(Index(("-amount", "lower(name)"), where="amount > 1", including=("price",)),),
):
    id: Field[uuid.UUID] = auto()
    maker: ForeignKey[Maker] = field(on_delete="restrict", deferrable=True)
    parent: ForeignKey[Item | None] = field(on_delete="set null")
    name: Field[str] = field(max_length=20)
    price: Field[Decimal] = field(max_digits=10, decimal_places=2)
    amount: Field[int] = field(bits=32, index=True)
    twice: Field[int] = generated("amount * 2")
    color: Field[Color]
    sizes: Field[list[int]]
    data: Field[dict[str, int]]
    span: Field[Range[datetime]]
    address: Field[ipaddress.IPv4Address | None]
    seen_at: Field[datetime] = auto()
    labels: ManyToMany[Label] = related()


def sql_of(dialect: str, *models: type[Model]) -> str:
    return ";\n".join(create_statements([model.__table_info__ for model in models], dialect))  # type: ignore[arg-type]


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def database() -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    connection.execute("pragma foreign_keys=on")
    connection.execute(sql_of("sqlite", Maker, Label, Item))
    return connection


def insert(database: apsw.Connection, **values: object) -> None:
    row = {
        "maker_id": 1, "name": "a", "price": 100, "amount": 1, "color": "red", "sizes": "[]", "data": "{}",
        "span": "{}",
    } | values  # fmt: skip
    database.execute("insert into maker (id, name) values (1, 'm') on conflict do nothing")
    names = ", ".join(row)
    database.execute(f"insert into items ({names}) values ({', '.join('?' * len(row))})", tuple(row.values()))


def test_sqlite_makes_keys_times_and_computed_columns_by_itself(database: apsw.Connection) -> None:
    insert(database, amount=21)

    ((key, twice, seen_at),) = database.execute("select id, twice, seen_at from items").fetchall()
    assert uuid.UUID(key).version == 4
    assert twice == 42
    assert datetime.fromisoformat(seen_at).utcoffset().total_seconds() == 0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "values",
    [
        {"amount": -1},
        {"color": "green"},
        {"name": "x" * 21},
        {"maker_id": 99},
        {"amount": "many"},
        {"amount": None},
    ],
)
def test_sqlite_refuses_what_the_model_rules_out(
    database: apsw.Connection, values: dict[str, object]
) -> None:
    # A deferred foreign key is only checked at the end of the transaction, which here is the statement.
    with pytest.raises(apsw.ConstraintError):
        insert(database, **values)


def test_partial_unique_rule_holds_for_the_rows_that_it_describes(database: apsw.Connection) -> None:
    insert(database, name="a")
    insert(database, name="b")
    insert(database, name="c", amount=11)

    with pytest.raises(apsw.ConstraintError, match="UNIQUE"):
        insert(database, name="d", amount=11)


def test_numbers_of_deleted_rows_are_not_given_again(database: apsw.Connection) -> None:
    database.execute("insert into label default values; delete from label; insert into label default values")

    assert database.execute("select id from label").get == 2


def test_rows_of_pairs_go_with_either_side(database: apsw.Connection) -> None:
    insert(database, id="x")
    database.execute("insert into label (id) values (1); insert into items_labels values ('x', 1)")

    database.execute("delete from label")

    assert database.execute("select count(*) from items_labels").get == 0


def test_postgresql_gets_its_own_types_and_rules() -> None:
    text = squeezed(sql_of("postgresql", Maker, Label, Item))

    for part in (
        "id UUID DEFAULT (gen_random_uuid()) NOT NULL",
        "price NUMERIC(10, 2) NOT NULL",
        "amount INTEGER NOT NULL",
        "sizes BIGINT[] NOT NULL",
        "data JSONB NOT NULL",
        "span TSTZRANGE NOT NULL",
        "address INET,",
        "id BIGINT GENERATED BY DEFAULT AS IDENTITY",
        "twice BIGINT GENERATED ALWAYS AS (amount * 2) STORED",
        "CONSTRAINT uq_items_color_name UNIQUE (color, name) DEFERRABLE INITIALLY DEFERRED",
        "REFERENCES maker (id) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED",
        "REFERENCES items (id) ON DELETE SET NULL",
        "CHECK (color IN ('red', 'it''s'))",
        "ON items (amount DESC, lower(name)) INCLUDE (price) WHERE amount > 1",
        "CREATE INDEX ix_items_amount ON items (amount)",
    ):
        assert part in text


def test_foreign_keys_in_a_circle_are_added_when_both_tables_are_there() -> None:
    class Left(Model):
        id: Field[int] = auto()
        right: ForeignKey[Right | None]

    class Right(Model):
        id: Field[int] = auto()
        left: ForeignKey[Left | None]

    text = sql_of("postgresql", Left, Right)
    assert "ALTER TABLE" in text
    statements = create_statements([Left.__table_info__, Right.__table_info__], "sqlite")
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(";".join(statements))


def test_exclusion_is_written_for_postgresql_and_refused_for_sqlite() -> None:
    class Booking(Model, constraints=(Exclude((("room", "="), ("span", "&&"))),)):
        id: Field[int] = auto()
        room: Field[int]
        span: Field[Range[datetime]]

    assert "EXCLUDE USING gist (room WITH =, span WITH &&)" in sql_of("postgresql", Booking)
    with pytest.raises(ModelError, match="SQLite has no exclusion constraints"):
        sql_of("sqlite", Booking)


def test_rule_about_a_field_that_is_not_there_is_refused() -> None:
    class Wrong(Model, constraints=(Unique(("titel",)),)):
        id: Field[int] = auto()
        title: Field[str]

    with pytest.raises(ModelError, match="'titel'"):
        sql_of("sqlite", Wrong)


def test_rule_says_whether_two_rows_without_a_value_are_the_same() -> None:
    class Seat(Model, constraints=(Unique(("row", "place"), nulls_distinct=False), Unique(("row",)))):
        id: Field[int] = auto()
        row: Field[int | None]
        place: Field[int | None]

    text = squeezed(sql_of("postgresql", Seat))
    assert "CONSTRAINT uq_seat_row_place UNIQUE NULLS NOT DISTINCT (row, place)" in text
    assert "CONSTRAINT uq_seat_row UNIQUE (row)" in text
    assert "NULLS" not in sql_of("sqlite", Seat)


@pytest.mark.parametrize("promise", [{"deferrable": True}, {"nulls_distinct": False}])
def test_unique_rule_for_some_rows_promises_nothing_that_no_index_can(promise: dict[str, bool]) -> None:
    # These were left out without a word: the model said one thing and the database did another.
    with pytest.raises(ModelError, match="for some of the rows"):
        Unique(("row",), where="row > 1", **promise)


def test_names_of_rules_and_indexes_may_be_given() -> None:
    class Shelf(
        Model,
        constraints=(
            Unique(("rank",), "rows"),
            Check("rank > 0", "positive"),
            Unique(("place",), "places", "rank > 1"),
        ),
        indexes=(Index(("-rank",), "by_rank"), Index(("lower(name)",), unique=True)),
    ):
        id: Field[int] = auto()
        rank: Field[int]
        place: Field[int]
        name: Field[str]

    for dialect in ("sqlite", "postgresql"):
        text = squeezed(sql_of(dialect, Shelf))
        for part in (
            "CONSTRAINT rows UNIQUE (rank)",
            "CONSTRAINT positive CHECK (rank > 0)",
            "CREATE UNIQUE INDEX places ON shelf (place) WHERE rank > 1",
            "CREATE INDEX by_rank ON shelf (rank DESC)",
            "CREATE UNIQUE INDEX uq_shelf_",
        ):
            assert part in text


@pytest.mark.parametrize("length", [1, NAME_LENGTH_MAX - 8, NAME_LENGTH_MAX - 7])
def test_name_that_fits_is_kept_whole(length: int) -> None:
    name = name_of("ix", "item", "x" * length)
    assert (name == f"ix_item_{'x' * length}") is (length <= NAME_LENGTH_MAX - 8)
    assert len(name) == min(length + 8, NAME_LENGTH_MAX)


def test_long_names_are_cut_so_that_they_stay_different() -> None:
    first, second = (name_of("ix", "item", "x" * 80 + end) for end in "ab")

    assert first != second
    assert len(first) == len(second) == NAME_LENGTH_MAX


def test_table_of_a_model_is_one_object_and_knows_the_tables_that_it_refers_to() -> None:
    table = table_of(Item.__table_info__)

    assert table is table_of(Item.__table_info__)
    assert table is Item.__table__  # type: ignore[comparison-overlap]
    assert next(iter(table.c.maker_id.foreign_keys)).column.table is table_of(Maker.__table_info__)


def test_tables_are_dropped_before_those_that_they_refer_to() -> None:
    statements = list(
        drop_statements([Maker.__table_info__, Label.__table_info__, Item.__table_info__], "sqlite")
    )

    order = [statement.split()[-1] for statement in statements]
    assert order.index("items") < order.index("maker")
    assert order.index("items_labels") < min(order.index("items"), order.index("label"))
