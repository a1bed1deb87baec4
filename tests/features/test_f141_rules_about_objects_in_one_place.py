"""F141: rules about objects in one place, for handlers and lists."""

from __future__ import annotations

from typing import Annotated

from bistro import App
from bistro.db import Field, ForeignKey, Model, Predicate, Query, auto, create_tables
from bistro.plugins import Accounts
from bistro.plugins.accounts import Allowed, Policies, User
from tests.features.accounts_site import add_user, log_in, site

policy = Policies()


class Letter(Model):
    id: Field[int] = auto()
    author: ForeignKey[User]


@policy(Letter, "read")
def may_read(user: User | None) -> Predicate | bool:
    return user is not None and Letter.author == user


def add(app: App) -> None:
    @app.on_start
    async def make() -> None:
        await create_tables(Letter)

    @app.post("/letters")
    async def write(user: User) -> int:
        return (await Letter.objects.create(author=user)).id

    @app.get("/letters")
    async def list_letters(letters: Annotated[Query[Letter], Allowed("read")]) -> list[int]:
        return [each.id for each in await letters]

    @app.get("/letters/{id:int}")
    async def show(letter: Annotated[Letter, Allowed("read")]) -> int:
        return letter.id


def test_f141_one_rule_finds_an_object_and_narrows_a_list() -> None:
    with site(Accounts(policies=policy), add) as client:
        add_user(client)
        add_user(client, "eve@example.com")
        log_in(client)
        assert client.post("/letters").json() == 1
        assert (client.get("/letters").json(), client.get("/letters/1").status) == ([1], 200)
        log_in(client, "eve@example.com")
        assert (client.get("/letters").json(), client.get("/letters/1").status) == ([], 404)
