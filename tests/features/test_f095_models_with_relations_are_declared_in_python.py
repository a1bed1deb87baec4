"""F95: models with relations declared in Python."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bistro.db import (
    Database,
    Field,
    ForeignKey,
    ManyToMany,
    Model,
    OneToOne,
    Related,
    auto,
    create_tables,
    related,
)


class Country(Model):
    id: Field[int] = auto()
    name: Field[str]
    cities: Related[City] = related()
    capital: OneToOne[Capital] = related()


class City(Model):
    id: Field[int] = auto()
    name: Field[str]
    country: ForeignKey[Country]
    twins: ManyToMany[City] = related()


class Capital(Model):
    id: Field[int] = auto()
    country: OneToOne[Country]
    city: ForeignKey[City]


def test_relations_of_every_kind_are_stored_and_loaded(tmp_path: Path) -> None:
    async def tell() -> tuple[list[str], str, list[str]]:
        async with Database(f"sqlite:///{tmp_path / 'world.db'}"):
            await create_tables(Country, City, Capital)
            italy = await Country.objects.create(name="Italy")
            rome, bari = await City.objects.bulk_create(
                [City(name=name, country=italy) for name in ("Rome", "Bari")]
            )
            await Capital.objects.create(country=italy, city=rome)
            await rome.add(City.twins, bari)
            country = await Country.objects.load(Country.cities.twins, Country.capital.city).get()
        cities = {city.name: city for city in country.cities}
        return sorted(cities), country.capital.city.name, [city.name for city in cities["Rome"].twins]

    assert asyncio.run(tell()) == (["Bari", "Rome"], "Rome", ["Bari"])
