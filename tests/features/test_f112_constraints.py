"""F112: constraints: unique, check, exclusion, deferrable, delete in the database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bistro.db import (
    Check,
    CheckViolation,
    Database,
    Exclude,
    Field,
    ForeignKey,
    ForeignKeyViolation,
    Model,
    Range,
    Unique,
    UniqueViolation,
    auto,
    create_tables,
    field,
    transaction,
)


class Room(Model):
    id: Field[int] = auto()
    name: Field[str] = field(unique=True)


class Booking(Model, constraints=(Unique(("room", "day")), Check("guests > 0"))):
    id: Field[int] = auto()
    room: ForeignKey[Room] = field(on_delete="restrict", deferrable=True)
    day: Field[int]
    guests: Field[int] = field(default=1)


class Key(Model):
    id: Field[int] = auto()
    room: ForeignKey[Room]


class Slot(Model, constraints=(Exclude((("span", "&&"),)),)):
    id: Field[int] = auto()
    span: Field[Range[int]]


def test_the_database_refuses_what_the_model_rules_out(tmp_path: Path) -> None:
    async def attempt() -> None:
        async with Database(f"sqlite:///{tmp_path / 'hotel.db'}"):
            await create_tables(Room, Booking, Key)
            room = await Room.objects.create(name="blue")
            await Booking.objects.create(room=room, day=1)
            await Key.objects.create(room=room)
            with pytest.raises(UniqueViolation):
                await Room.objects.create(name="blue")
            with pytest.raises(UniqueViolation):
                await Booking.objects.create(room=room, day=1)
            with pytest.raises(CheckViolation):
                await Booking.objects.create(room=room, day=2, guests=0)
            with pytest.raises(ForeignKeyViolation):
                await room.delete()
            await Booking.objects.delete()
            await room.delete()
            assert await Key.objects.count() == 0

    asyncio.run(attempt())


def test_deferrable_rule_is_checked_at_the_end_of_the_transaction(tmp_path: Path) -> None:
    async def attempt() -> int:
        async with Database(f"sqlite:///{tmp_path / 'hotel.db'}"):
            await create_tables(Room, Booking, Key)
            async with transaction():
                await Booking.objects.create(room_id=1, day=1)
                await Room.objects.create(name="made later")
            return await Booking.objects.count()

    assert asyncio.run(attempt()) == 1


@pytest.mark.service
def test_exclusion_in_postgresql(services_required: bool) -> None:
    import asyncpg

    async def attempt() -> None:
        url = "postgresql://postgres@127.0.0.1:5432/postgres"
        try:
            connection = await asyncpg.connect(url)
        except OSError:
            assert not services_required
            pytest.skip("no PostgreSQL")
        await connection.execute("create schema exclusion_test")
        try:
            async with Database(f"{url}?search_path=exclusion_test"):
                await create_tables(Slot)
                await Slot.objects.create(span=Range(1, 5))
                with pytest.raises(Exception, match="exclusion"):
                    await Slot.objects.create(span=Range(4, 6))
        finally:
            await connection.execute("drop schema exclusion_test cascade")
            await connection.close()

    asyncio.run(attempt())
