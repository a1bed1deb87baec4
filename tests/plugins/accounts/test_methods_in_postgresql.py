"""The ways to log in do the same in PostgreSQL, whose tables their migrations make as well."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator

import pytest

from bistro.db import Database as OpenDatabase
from bistro.plugins import Database, Passkeys, SignInWith, TwoFactor
from tests.db.support import SERVER
from tests.plugins.accounts import support, test_passkeys, test_providers, test_two_factor
from tests.plugins.accounts.identity_provider import FakeProvider, serve_provider
from tests.plugins.accounts.support import site_with, who_routes

pytestmark = pytest.mark.service


@pytest.fixture(autouse=True)
def _in_postgresql(services_required: bool, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let sites of tests be in a database of this test's own, whose name ends in `_test`."""
    name = f"bistro_{secrets.token_hex(6)}"

    def make(url: str, **options: None) -> Database:
        return Database(f"{SERVER}/{name}", **options)  # type: ignore[arg-type]

    monkeypatch.setattr(support, "Database", make)
    try:
        asyncio.run(command("select 1"))
    except OSError:
        if services_required:
            raise
        pytest.skip(f"no PostgreSQL at {SERVER}")
    yield
    asyncio.run(command(f'drop database if exists "{name}_test" with (force)'))


async def command(sql: str) -> None:
    async with OpenDatabase(f"{SERVER}/postgres") as database:
        await database.execute(sql)


def test_codes_passkeys_and_other_sites() -> None:
    with serve_provider(FakeProvider()) as work:
        methods = [Passkeys(), TwoFactor(), SignInWith([test_providers.provider_of(work)])]
        with site_with(add=who_routes, methods=methods) as site:
            site.add_user()
            site.add_user(test_two_factor.OTHER)
            test_two_factor.test_recovery_code_is_taken_once_and_however_it_is_typed(site)
            site.client.cookies.clear()
            device = test_passkeys.device_of(site, test_two_factor.OTHER)
            assert test_passkeys.use(site, device).status == 200
            site.client.cookies.clear()
            assert test_passkeys.use(site, device, count=0).status == 422
            site.client.cookies.clear()
            work.email = "carl@example.com"
            assert test_providers.sign_in(site, work).headers["location"] == "/me"
            assert site.client.get("/me").text == "carl@example.com"
            assert test_providers.connect(site, work).status == 303
