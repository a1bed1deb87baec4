"""F107: nested blocks, savepoints and on-commit hooks, in plain functions as well."""

from __future__ import annotations

import pytest

from bistro.db import Database, on_commit, sync, transaction


def test_plain_blocks_nest_too() -> None:
    done: list[str] = []
    with Database("sqlite://") as database:
        sync(database.execute("create table note (title text)"))
        with transaction():
            sync(database.execute("insert into note values ('outer')"))
            sync(on_commit(lambda: done.append("committed")))
            with pytest.raises(LookupError), transaction():
                sync(database.execute("insert into note values ('inner')"))
                raise LookupError
            assert done == []
        assert sync(database.fetch("select title from note")) == [("outer",)]
    assert done == ["committed"]
