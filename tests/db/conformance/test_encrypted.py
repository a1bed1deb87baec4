"""Encrypted columns: Python has the value, the database a text that tells nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import pytest

from bistro.db import (
    Database,
    Field,
    Model,
    ModelError,
    QueryError,
    UnreadableValue,
    auto,
    create_tables,
    field,
    use_keyring,
)
from bistro.db.functions import count
from bistro.ground import Keyring, WeakKeyError, make_secret_key

OLD, NEW = make_secret_key(), make_secret_key()


class Vault(Model):
    id: Field[int] = auto()
    name: Field[str]
    text: Field[str | None] = field(encrypted=True)
    amount: Field[Decimal | None] = field(encrypted=True, max_digits=12, decimal_places=2)
    seen_at: Field[datetime | None] = field(encrypted=True)
    parts: Field[list[str]] = field(encrypted=True, default_factory=list)
    level: Field[Literal["low", "high"]] = field(encrypted=True, default="low")
    other: Field[str | None] = field(encrypted=True)


@pytest.fixture(autouse=True)
def _keys() -> Iterator[None]:
    use_keyring(Keyring([OLD]))
    yield
    use_keyring(None)


async def stored(database: Database, column: str) -> Any:
    return (await database.fetch(f"select {column} from vault order by id desc limit 1"))[0][0]


async def test_values_of_every_type_come_back_and_are_nowhere_to_be_read(database: Database) -> None:
    await create_tables(Vault)
    moment = datetime(2026, 3, 4, 5, 6, 7, 8, tzinfo=UTC)
    made = await Vault.objects.create(
        name="a", text="hidden ✓\0", amount=Decimal("12.50"), seen_at=moment, parts=["x", ""], level="high"
    )

    again = await Vault.objects.get(Vault.id == made.id)
    assert (again.text, again.amount, again.seen_at) == ("hidden ✓\0", Decimal("12.50"), moment)
    assert (again.parts, again.level, again.other) == (["x", ""], "high", None)
    row = (await database.fetch("select text, amount, seen_at, parts, level, other from vault"))[0]
    assert row[5] is None
    assert not any(word in str(tuple(row)) for word in ("hidden", "12.5", "2026", '"x"', "high"))


async def test_the_same_value_is_stored_as_another_text_each_time(database: Database) -> None:
    await create_tables(Vault)
    rows = await Vault.objects.bulk_create([Vault(name="a", text="same"), Vault(name="b", text="same")])

    texts = {row[0] for row in await database.fetch("select text from vault")}
    assert len(texts) == len(rows) == 2


async def test_it_is_updated_selected_and_saved_like_any_other(database: Database) -> None:
    await create_tables(Vault)
    made = await Vault.objects.create(name="a", text="one")

    assert await Vault.objects.update(text="two") == 1
    assert await Vault.objects.select(Vault.text) == ["two"]
    await made.refresh()
    made.text = "three"
    await made.save("text")
    assert await Vault.objects.select(Vault.name, Vault.text) == [("a", "three")]
    assert await Vault.objects.upsert(on=Vault.id, id=made.id, name="a", text="four") == made
    assert (await Vault.objects.get()).text == "four"
    assert await Vault.objects.filter(Vault.text.is_not_null(), other=None).count() == 1


@pytest.mark.parametrize(
    "query",
    [
        lambda: Vault.objects.filter(Vault.text == "x"),
        lambda: Vault.objects.filter(text="x"),
        lambda: Vault.objects.filter(Vault.text.in_(["x"])),
        lambda: Vault.objects.filter(Vault.text.between("a", "b")),
        lambda: Vault.objects.filter(Vault.text.contains("x")),
        lambda: Vault.objects.filter(Vault.text.in_(Vault.objects.select(Vault.name))),
        lambda: Vault.objects.order_by(Vault.text),
    ],
)
async def test_it_can_not_be_searched(database: Database, query: Any) -> None:
    await create_tables(Vault)

    with pytest.raises(QueryError, match=r"Vault\.text is encrypted"):
        await query()


async def test_a_new_key_seals_and_old_ones_still_open(database: Database) -> None:
    await create_tables(Vault)
    await Vault.objects.create(name="a", text="kept")
    before = await stored(database, "text")

    use_keyring(Keyring([NEW, OLD]))
    row = await Vault.objects.get()
    assert row.text == "kept"
    await row.save("text")
    assert await stored(database, "text") != before

    use_keyring(Keyring([NEW]))
    assert await Vault.objects.select(Vault.text) == ["kept"]
    use_keyring(Keyring([OLD]))
    with pytest.raises(UnreadableValue, match="SECRET_KEYS"):
        await Vault.objects.select(Vault.text)


async def test_a_text_of_another_column_or_of_anybody_is_not_believed(database: Database) -> None:
    await create_tables(Vault)
    await Vault.objects.create(name="a", text="one", other="two")

    await database.execute("update vault set text = other")
    with pytest.raises(UnreadableValue, match=r"Vault\.text"):
        await Vault.objects.select(Vault.text)
    for forged in ("", "plain", "A" * 100, "é"):
        await database.execute(f"update vault set text = '{forged}'")
        with pytest.raises(UnreadableValue):
            await Vault.objects.select(Vault.text)


async def test_keys_come_from_the_environment(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await create_tables(Vault)
    use_keyring(None)
    with pytest.raises(WeakKeyError, match="no secret key"):
        await Vault.objects.create(name="a", text="x")

    monkeypatch.setenv("SECRET_KEY", OLD)
    await Vault.objects.create(name="a", text="x")
    monkeypatch.setenv("SECRET_KEYS", f"{NEW}, {OLD}")
    use_keyring(None)
    assert await Vault.objects.select(Vault.text) == ["x"]
    assert await Vault.objects.aggregate(count()) == 1


@pytest.mark.parametrize("options", [{"unique": True}, {"index": True}, {"primary_key": True}])
def test_it_can_neither_be_indexed_nor_be_a_key(options: dict[str, bool]) -> None:
    with pytest.raises(ModelError, match="encrypted value is another one each time"):

        class Wrong(Model):
            id: Field[int] = auto()
            text: Field[str] = field(encrypted=True, **options)


def test_a_renamed_field_keeps_its_purpose() -> None:
    class Renamed(Model, table="vault"):
        id: Field[int] = auto()
        words: Field[str] = field(encrypted="Vault.text", column="text")

    assert Renamed.words.info.type.purpose == Vault.text.info.type.purpose
