"""F118: models are written from the tables of a database that exists already."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.db.conftest import postgres_database_url, postgres_url, sqlite_url  # noqa: F401 - fixtures
from tests.features.migration_support import Site

TABLES = """
create table customer (id {number}, name varchar(80) not null unique, born date, class text default 'new' not null);
create table invoice (id {number}, customer_id integer not null references customer (id) on delete restrict,
  total numeric(12, 2) not null, note text);
"""
SCRIPT = """
import sys
from bistro.db import Database, sync
from models import Invoice

with Database(sys.argv[1]) as database:
    invoice = sync(Invoice.objects.load(Invoice.customer).get(Invoice.id == 1))
    print(invoice.customer.name, invoice.customer.id + 2)
"""


@pytest.mark.parametrize("kind", ["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.service)])
def test_f118_written_models_can_be_used(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    from bistro.db import Database, sync

    url = request.getfixturevalue(kind)
    number = "integer primary key" if kind == "sqlite_url" else "serial primary key"
    with Database(url) as database:
        for statement in TABLES.format(number=number).split(";")[:2]:
            sync(database.execute(statement))
        sync(database.execute("insert into customer (name) values ('Ann')"))
        sync(database.execute("insert into invoice (customer_id, total) values (1, 3)"))
    site = Site(tmp_path, url)
    site.write("title: Field[str]")

    text = site.run("inspect")

    assert 'class Customer(Model, table="customer"):' in text
    assert "    name: Field[str] = field(max_length=80, unique=True)" in text
    assert "    born: Field[date | None]" in text
    assert "    class_: Field[str] = auto(" in text
    assert '    customer: ForeignKey[Customer] = field(on_delete="restrict")' in text
    assert "    total: Field[Decimal] = field(max_digits=12, decimal_places=2)" in text
    (tmp_path / "models.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, url], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "Ann 3\n", done.stderr
