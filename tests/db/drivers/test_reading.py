"""Which statements only read."""

from __future__ import annotations

import pytest

from bistro.db.drivers.reading import is_reading


@pytest.mark.parametrize(
    ("sql", "reads"),
    [
        ("select 1", True),
        ("  SELECT replace(title, 'a', 'b') from note", True),
        ("with n as (select 1) select * from n", True),
        ("with n as (select 1) insert into note select * from n", False),
        ("insert into note values (1)", False),
        ("pragma user_version = 3", False),
        ("vacuum", False),
        ("create table x (id)", False),
        ("select * from note for update", False),
        ("select * from note for no key update skip locked", False),
        ("select nextval('ids')", False),
        ("select 'for share', title from note", False),  # it might; that costs no more than a way
    ],
)
def test_statements_are_told_apart_by_whether_they_may_write(sql: str, reads: bool) -> None:
    assert is_reading(sql) is reads
