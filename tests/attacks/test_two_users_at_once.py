"""Two users at once: nobody gets what belongs to the request of another (CVE-2020-35681, row 88)."""

from __future__ import annotations

import asyncio

from bistro import App
from bistro.plugins import Accounts, Database
from bistro.plugins.accounts import AccountSite, LogIn, Passwords, User
from bistro.testing import AsyncClient

QUICK = Passwords(memory_kib=8, passes=1)
USERS = 12


def make_app() -> App:
    app = App(Database("sqlite://"), Accounts(passwords=QUICK))
    here: list[str] = []
    all_are_here = asyncio.Event()

    @app.post("/in/{number:int}", public=True, csrf=False)
    async def log_in(number: int, log_in: LogIn, site: AccountSite) -> None:
        user = await site.create_user(f"user{number}@example.com")
        await log_in.begin(user, method="test")

    @app.get("/me")
    async def me(user: User) -> list[str]:
        before = user.email
        here.append(before)
        if len(here) == USERS:
            all_are_here.set()
        await asyncio.wait_for(all_are_here.wait(), 30)  # each waits within its request for all others
        return [before, user.email]

    return app


def test_twelve_requests_that_overlap_see_twelve_users() -> None:
    async def run() -> list[list[str]]:
        async with AsyncClient(make_app()) as client:
            tokens = []
            for number in range(USERS):
                client.cookies.clear()
                assert (await client.post(f"/in/{number}")).status == 204
                tokens.append("; ".join(f"{name}={value}" for name, value in client.cookies.items()))
            client.cookies.clear()
            answers = await asyncio.gather(
                *(client.get("/me", headers={"cookie": token}) for token in tokens)
            )
            return [answer.json() for answer in answers]

    assert asyncio.run(run()) == [[f"user{number}@example.com"] * 2 for number in range(USERS)]
