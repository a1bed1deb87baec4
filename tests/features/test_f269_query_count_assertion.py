"""F269: a test says how many queries a piece of code may run."""

from __future__ import annotations

import pytest

from bistro.db import Database, sync
from bistro.testing import assert_queries


def test_the_number_is_checked_and_the_queries_are_listed() -> None:
    with Database("sqlite://") as database:
        with assert_queries(2):
            sync(database.fetch("select 1"))
            sync(database.fetch("select 2"))
        with (
            pytest.raises(AssertionError, match=r"1 statements were run, not 2:\n .*select 3"),
            assert_queries(2),
        ):
            sync(database.fetch("select 3"))
