"""F113: composite primary keys."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bistro.db import Database, Field, ForeignKey, Model, Related, auto, create_tables, field, related


class Seat(Model):
    row: Field[str] = field(primary_key=True)
    number: Field[int] = field(primary_key=True)
    tickets: Related[Ticket] = related()


class Ticket(Model):
    id: Field[int] = auto()
    seat: ForeignKey[Seat]


def test_a_key_of_two_columns_is_found_referred_to_and_loaded(tmp_path: Path) -> None:
    async def tell() -> tuple[int, str, int]:
        async with Database(f"sqlite:///{tmp_path / 'theatre.db'}"):
            await create_tables(Seat, Ticket)
            seats = await Seat.objects.bulk_create(
                [Seat(row=row, number=number) for row in "AB" for number in (1, 2)]
            )
            await Ticket.objects.create(seat=seats[3])
            ticket = await Ticket.objects.load(Ticket.seat).get(Ticket.seat == seats[3])
            seat = await Seat.objects.load(Seat.tickets).get(row="B", number=2)
            return await Seat.objects.count(), f"{ticket.seat.row}{ticket.seat.number}", len(seat.tickets)

    assert asyncio.run(tell()) == (4, "B2", 1)
