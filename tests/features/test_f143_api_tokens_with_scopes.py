"""F143: tokens for programs, with scopes and an end; F150: Basic and Bearer."""

from __future__ import annotations

import base64
import re

from bistro import App
from bistro.plugins import Accounts
from bistro.plugins.accounts import ApiTokens, BasicCredentials, LogIn, User, require_scope
from tests.features.accounts_site import EMAIL, PASSWORD, add_user, log_in, site


def add(app: App) -> None:
    @app.get("/notes", before=[require_scope("note.read")])
    async def notes(user: User) -> str:
        return user.email

    @app.get("/basic")
    async def basic(credentials: BasicCredentials, log_in: LogIn) -> str:
        user = await log_in.check(credentials.name, credentials.password)
        return user.email if user else "nobody"


def test_f143_token_acts_for_its_user_within_its_scopes() -> None:
    with site(Accounts(methods=[ApiTokens({"note.read": "Read notes"})]), add) as client:
        add_user(client)
        log_in(client)
        made = client.post("/accounts/tokens", data={"name": "backup", "scopes": "note.read"}).text
        token = re.search(r"bistro_[\w-]+", made)
        assert token
        client.cookies.clear()
        bearer = {"authorization": f"Bearer {token[0]}"}
        assert client.get("/notes", headers=bearer).text == EMAIL
        assert client.get("/me", headers=bearer).status == 403
        assert client.get("/notes", headers={"authorization": "Bearer x"}).status == 401


def test_f150_handler_reads_name_and_password_of_a_request() -> None:
    with site(add=add) as client:
        add_user(client)
        asked = client.get("/basic")
        assert (asked.status, asked.headers["www-authenticate"][:5]) == (401, "Basic")
        pair = base64.b64encode(f"{EMAIL}:{PASSWORD}".encode()).decode()
        assert client.get("/basic", headers={"authorization": f"Basic {pair}"}).text == EMAIL
