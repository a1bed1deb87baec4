"""Be logged in, in tests that are about something else than logging in."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import cast

from bistro.app import BaseApp
from bistro.http import Request, RequestTools, Response
from bistro.plugins.accounts import AbstractUser, AccountSite, LoggedIn
from bistro.plugins.sessions import SessionKeeper
from bistro.testing.async_client import AsyncClient
from bistro.testing.client import Client
from bistro.testing.errors import NoAccounts
from bistro.testing.request import build_request, make_exchange
from bistro.testing.rollback import find_databases

NO_TOOLS = cast("RequestTools", None)
"""What a request borrows from the app; keeping a session asks for none of it."""


def log_in(client: Client, user: AbstractUser) -> None:
    """Let `client` go on as `user`, as one who has just passed every step of the log-in.

        >>> log_in(client, sync(Factory(User, email="ann@example.com").create()))
        >>> client.get("/orders").status
        200

    No password is hashed and no mail is sent. Posting to `/accounts/log-out` ends it. Raises
    `NoAccounts` (B715) for a site without the plugin. In a test that is `async`: `wait_for_log_in`.
    """
    client.run(wait_for_log_in(client.in_loop, user))


async def wait_for_log_in(client: AsyncClient, user: AbstractUser) -> None:
    """The same for `AsyncClient`, awaited."""
    app = client.app
    if not isinstance(app, BaseApp) or AccountSite not in app.freeze().providers:
        raise NoAccounts("this site has no accounts", fix="Install the plugin: App(Database(), Accounts()).")
    await client.start()
    async with AsyncExitStack() as stack:
        for database in reversed(find_databases(app)):
            database.enter()
            stack.callback(database.leave)
        given = await app.provided(stack, {"site": AccountSite, "keeper": SessionKeeper})
        await _begin(client, user, given["site"], given["keeper"])


async def _begin(client: AsyncClient, user: AbstractUser, site: AccountSite, keeper: SessionKeeper) -> None:
    sent = build_request("GET", "/", client.base_url, client.headers, {})
    request = Request(make_exchange(sent, client.cookies.find_header(sent.url)), NO_TOOLS)
    session = await keeper.load(request)
    session.owner = user.key
    session.rotate()
    logged_in = session.data(LoggedIn)
    logged_in.at, logged_in.method = site.clock.time(), "test"
    logged_in.steps = [each.name for each in site.steps]
    response = Response()
    await keeper.save(request, response, session)
    for name, value in response.headers.multi_items():
        if name == "set-cookie":
            client.cookies.add(value, sent.url)
