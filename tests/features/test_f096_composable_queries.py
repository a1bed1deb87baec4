"""F96: lazy composable queries: filter, join, aggregate, subquery, window."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from bistro.db import (
    Database,
    Field,
    ForeignKey,
    Model,
    Query,
    auto,
    count,
    create_tables,
    exists,
    max_,
    outer,
    row_number,
)


class Team(Model):
    id: Field[int] = auto()
    name: Field[str]


class Player(Model):
    id: Field[int] = auto()
    name: Field[str]
    points: Field[int]
    team: ForeignKey[Team]


def good(players: Query[Player]) -> Query[Player]:
    return players.filter(Player.points >= 5)


def ask(tmp_path: Path, make: Any) -> Any:
    async def run() -> Any:
        async with Database(f"sqlite:///{tmp_path / 'league.db'}"):
            await create_tables(Team, Player)
            red, blue = await Team.objects.bulk_create([Team(name="red"), Team(name="blue")])
            await Team.objects.create(name="empty")
            await Player.objects.bulk_create(
                [Player(name=f"p{each}", points=each, team=red if each % 2 else blue) for each in range(10)]
            )
            return await make()

    return asyncio.run(run())


def test_queries_are_built_in_steps_and_ask_nothing_before_they_are_awaited(tmp_path: Path) -> None:
    query = good(Player.objects).filter(Player.team.name == "red").order_by(Player.points.desc())

    assert ask(tmp_path, lambda: query.limit(2).select(Player.name)) == ["p9", "p7"]


def test_groups_and_aggregates(tmp_path: Path) -> None:
    query = good(Player.objects).select(Player.team.name, count(), max_(Player.points))

    assert ask(tmp_path, lambda: query.group_by(Player.team.name).order_by(Player.team.name)) == [
        ("blue", 2, 8),
        ("red", 3, 9),
    ]


def test_subqueries(tmp_path: Path) -> None:
    with_players = Team.objects.filter(exists(Player.objects.filter(Player.team.id == outer(Team.id))))

    assert ask(tmp_path, lambda: with_players.order_by(Team.name).select(Team.name)) == ["blue", "red"]


def test_window_functions(tmp_path: Path) -> None:
    place = row_number().over(partition_by=Player.team.id, order_by=Player.points.desc())

    assert ask(tmp_path, lambda: Player.objects.order_by("-points").limit(3).select(Player.name, place)) == [
        ("p9", 1),
        ("p8", 1),
        ("p7", 2),
    ]
