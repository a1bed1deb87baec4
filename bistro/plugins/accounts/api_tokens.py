"""Tokens with which programs act for a user: made on a page, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final  # Any: a form that is made for the site's scopes

import msgspec
from msgspec import Meta

from bistro.app import Setup
from bistro.db import Field, Model, auto
from bistro.db import field as db_field
from bistro.forms import FormView, Widget
from bistro.http import FormData, Redirect, Request, Response
from bistro.plugins.accounts.identity import Identity, refuse_others
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.recent import recent_log_in
from bistro.plugins.accounts.site import AccountSite, Link
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.rendering import render
from bistro.routing import Routes
from bistro.templates import Page

HERE: Final = Path(__file__).parent
PREFIX: Final = "bistro_"
"""So that scanners of repositories can tell such a token from other text."""
TOKENS_MAX: Final = 100
ID_LENGTH_MAX: Final = 18


class ApiToken(Model, table="bistro_api_token"):
    """A token of a user. What is kept is its hash, so that a copy of the table opens nothing."""

    id: Field[int] = auto()
    user_key: Field[str] = db_field(max_length=32, index=True, private=True)
    name: Field[str] = db_field(max_length=100)
    hash: Field[str] = db_field(unique=True, max_length=64, private=True)
    scopes: Field[list[str]] = db_field(default_factory=list)
    created_at: Field[datetime] = auto()
    expires_at: Field[datetime | None] = db_field(default=None)
    used_at: Field[datetime | None] = db_field(default=None)


class TokensPage(Page, template="accounts/tokens.html", kw_only=True):
    """What accounts/tokens.html may use."""

    tokens: list[ApiToken]
    form: FormView[Any]
    made: str = ""
    """The text of a token that was just made; it is never shown again."""


@dataclass(frozen=True)
class ApiTokens:
    """Let users make tokens for programs: `Accounts(methods=[ApiTokens({"note.read": "Read notes"})])`.

    `scopes` are what a token may be limited to, with what a page says of each. A limited token is
    refused by every route but those with `require_scope` or `permitted` of one of its scopes. Tokens
    end after `lifetime`. The pages of accounts take no tokens.
    """

    scopes: Mapping[str, str] = field(default_factory=dict)
    lifetime: timedelta = timedelta(days=90)

    def install(self, setup: Setup, site: AccountSite) -> None:
        """Add the pages, and let requests be made with tokens."""
        store = TokenStore(site)
        site.bearers.append(store)
        site.program_accesses.append(store)
        site.forgetters.append(store.forget)
        site.account_links.append(Link("Tokens for programs", lambda request: request.url_for("tokens.list")))
        setup.provide(TokenStore, lambda: store)
        setup.models(ApiToken, package="api_tokens", migrations=HERE / "token_migrations")
        setup.templates(HERE / "optional" / "tokens")
        routes = Routes(name="tokens", by="Accounts", atomic=False)
        TokenPages(self, store, site).add_to(routes)
        setup.routes.include(routes, at=f"{site.at}/tokens")


class TokenStore:
    """`tokens: TokenStore` makes and ends tokens in handlers and commands."""

    def __init__(self, site: AccountSite) -> None:
        self._site = site

    async def make(self, user: AbstractUser, name: str, scopes: list[str], lifetime: timedelta | None) -> str:
        """The text of a new token, which nothing can give again. Without scopes it is not limited.

        Raises `Conflict` (409) where the user has got another password since `user` was read.
        """
        text = PREFIX + secrets.token_urlsafe(32)
        expires_at = None if lifetime is None else self._site.now() + lifetime
        async with self._site.same_password(user):
            await ApiToken.objects.create(
                user_key=user.key,
                name=name,
                hash=hash_token(text),
                scopes=scopes or ["*"],
                expires_at=expires_at,
            )
        return text

    async def find_identity(self, token: str, request: Request) -> Identity | None:
        """Whom a token stands for."""
        if not token.startswith(PREFIX):
            return None
        found = await ApiToken.objects.find(ApiToken.hash == hash_token(token))
        now = self._site.now()
        if found is None or (found.expires_at is not None and found.expires_at <= now):
            return None
        user = await self._site.model.objects.find(self._site.model.key == found.user_key)
        if found.used_at is None or now - found.used_at > timedelta(hours=1):
            await ApiToken.objects.filter(ApiToken.id == found.id).update(used_at=now)
        return None if user is None else Identity(user, frozenset(found.scopes))

    async def list_of(self, user: AbstractUser) -> list[ApiToken]:
        """A user's tokens, the newest first."""
        return await ApiToken.objects.filter(ApiToken.user_key == user.key).order_by(ApiToken.id.desc())

    async def end(self, user: AbstractUser, id: int) -> bool:
        """End one of a user's own; False where it is none."""
        own = ApiToken.objects.filter(ApiToken.user_key == user.key, ApiToken.id == id)
        return bool(await own.delete())

    async def count(self, user: AbstractUser) -> int:
        """How many of a user's still work."""
        is_valid = ApiToken.expires_at.is_null() | (ApiToken.expires_at > self._site.now())
        return await ApiToken.objects.filter(ApiToken.user_key == user.key, is_valid).count()

    async def end_all(self, user: AbstractUser) -> int:
        """End all of a user's; how many still worked."""
        count = await self.count(user)
        await self.forget(user.key)
        return count

    async def forget(self, user_key: str) -> None:
        """End all of a user's."""
        await ApiToken.objects.filter(ApiToken.user_key == user_key).delete()


class TokenPages:
    """The pages on which users make and end their tokens."""

    def __init__(self, plugin: ApiTokens, store: TokenStore, site: AccountSite) -> None:
        self._lifetime = plugin.lifetime
        self._store = store
        self._site = site
        self._form = token_form(plugin.scopes)

    def add_to(self, routes: Routes) -> None:
        """Add them."""
        routes.before(refuse_others)
        routes.get("", name="list")(self.show)
        routes.post("", name="make", before=[recent_log_in()])(self.make)
        routes.post("/end", name="end")(self.end)

    async def show(self, user: AbstractUser) -> TokensPage:
        """The tokens, and a form for a new one."""
        return TokensPage(tokens=await self._store.list_of(user), form=FormView(self._form))

    async def make(self, data: FormData, user: AbstractUser, log_in: LogIn) -> Response:
        """Make one, and show it this once."""
        form: FormView[Any] = FormView.read(self._form, data)
        tokens = await self._store.list_of(user)
        if form.value is not None and len(tokens) >= TOKENS_MAX:
            form.add_problem("", f"You have {TOKENS_MAX} tokens; end one first.")
        if form.value is None:
            return render(TokensPage(tokens=tokens, form=form), status=422)
        scopes = list(getattr(form.value, "scopes", []))
        text = await self._store.make(user, form.value.name, scopes, self._lifetime)
        await log_in.note("token made", user, form.value.name)
        page = TokensPage(tokens=await self._store.list_of(user), form=FormView(self._form), made=text)
        return render(page, headers={"cache-control": "no-store"})

    async def end(self, data: FormData, user: AbstractUser, log_in: LogIn) -> Redirect:
        """End one of the user's own."""
        sent = data.fields.get("id", "")
        is_id = sent.isascii() and sent.isdigit() and len(sent) <= ID_LENGTH_MAX
        if is_id and await self._store.end(user, int(sent)):
            await log_in.note("token ended", user)
        return Redirect(log_in.request.url_for("tokens.list"))


def token_form(scopes: Mapping[str, str]) -> Any:
    """The form for a new token, with the site's scopes to choose from."""
    name = Annotated[str, Meta(min_length=1, max_length=100), Widget(label="What it is for")]
    fields: list[Any] = [("name", name)]
    if scopes:
        from typing import Literal

        choice: Any = Literal[tuple(scopes)]  # pyright: ignore[reportInvalidTypeForm]  # made of what the site has
        chosen = Annotated[
            list[choice], Widget(kind="checkboxes", label="What it may do", labels=dict(scopes))
        ]
        fields.append(("scopes", Annotated[chosen, Meta(min_length=1)], msgspec.field(default_factory=list)))
    return msgspec.defstruct("TokenForm", fields)


def hash_token(token: str) -> str:
    """What is kept of a token; it has 256 random bits, so that a fast hash will do."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
