"""F126: encrypted columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from bistro import App
from bistro.db import Field, Model, auto, create_tables, field
from bistro.ground import make_secret_key
from bistro.plugins import Database
from bistro.testing import Client


class Account(Model):
    id: Field[int] = auto()
    owner: Field[str]
    token: Field[str] = field(encrypted=True, private=True)


def test_f126_encrypted_column_is_plain_in_the_app_and_unreadable_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", make_secret_key())
    file = tmp_path / "site.sqlite3"
    app = App(Database(test_url=f"sqlite:///{file}"), defaults=False)

    @app.post("/accounts")
    async def create() -> Account:
        await create_tables(Account)
        return await Account.objects.create(owner="Ann", token="very secret token")

    @app.get("/token")
    async def token() -> str:
        return (await Account.objects.get(owner="Ann")).token

    with Client(app) as client:
        assert client.post("/accounts").json() == {"id": 1, "owner": "Ann"}
        assert client.get("/token").text == "very secret token"

    content = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert b"Ann" in content
    assert b"very secret token" not in content
