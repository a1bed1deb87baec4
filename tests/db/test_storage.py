"""How values stand in SQLite: each comes back, and the stored forms are in the order of the values."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.db.column_types import DATE, DATETIME, DURATION, ColumnType
from bistro.db.storage import find_reader, find_writer
from bistro.db.writers import Writer

PRICE = ColumnType("decimal", Decimal, max_digits=12, decimal_places=3)
CLOCK = ColumnType("time", time)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
VALUES: dict[str, tuple[ColumnType, st.SearchStrategy[Any]]] = {
    "moments": (
        DATETIME,
        st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=ZONES),
    ),
    "days": (DATE, st.dates()),
    "clocks": (CLOCK, st.times()),
    "durations": (DURATION, st.timedeltas(timedelta(days=-100_000), timedelta(days=100_000))),
    "prices": (PRICE, st.decimals(-(10**9), 10**9, places=3)),
}


def stored(type_: ColumnType, value: Any) -> Any:
    writer = find_writer(type_, "sqlite")
    assert writer is not None
    return writer(value)


def read(type_: ColumnType, value: Any) -> Any:
    reader = find_reader(type_, "sqlite")
    assert reader is not None
    return reader.function(value)


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_value_comes_back_and_is_ordered_as_it_was(kind: str, data: st.DataObject) -> None:
    type_, values = VALUES[kind]
    first, second = data.draw(values), data.draw(values)

    assert read(type_, stored(type_, first)) == first
    assert (stored(type_, first) < stored(type_, second)) == (first < second)
    assert (stored(type_, first) == stored(type_, second)) == (first == second)


def test_moment_is_stored_in_utc_whatever_its_zone() -> None:
    moment = datetime(2025, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=2)))

    assert stored(DATETIME, moment) == "2025-01-02T01:04:05.000006+00:00"
    assert read(DATETIME, stored(DATETIME, moment)).tzinfo == UTC


def test_decimal_finer_than_its_column_stays_comparable_and_is_no_integer() -> None:
    assert stored(PRICE, Decimal("1.0005")) == 1000.5
    assert stored(PRICE, 3) == 3000


def test_days_are_texts_that_sqlite_understands() -> None:
    connection = apsw.Connection(":memory:")

    for value, type_ in ((date(2025, 2, 3), DATE), (datetime(2025, 2, 3, 4, tzinfo=UTC), DATETIME)):
        assert (
            connection.execute("select strftime('%d.%m.%Y', ?)", (stored(type_, value),)).get == "03.02.2025"
        )


@given(text=st.text(max_size=8), part=st.text(max_size=3))
def test_patterns_find_exactly_the_texts_that_have_the_part(text: str, part: str) -> None:
    text, part = (each.replace("\0", "") for each in (text, part))
    connection = apsw.Connection(":memory:")

    def found(*, before: bool, after: bool) -> bool:
        write = Writer("glob", before=before, after=after).function("sqlite")
        return bool(connection.execute("select ? glob ?", (text, write(part))).get)

    assert found(before=True, after=True) == (part in text)
    assert found(before=False, after=True) == text.startswith(part)
    assert found(before=True, after=False) == text.endswith(part)
