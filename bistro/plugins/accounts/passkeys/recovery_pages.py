"""The pages of recovery codes for who has a passkey and no app: made here, and asked for in its place."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from bistro.forms import FormView, Widget
from bistro.http import FormData, Redirect, Request, Response, is_local_redirect
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.log_in_pages import ShownLink
from bistro.plugins.accounts.recent import recent_log_in
from bistro.plugins.accounts.recovery import RecoveryStore
from bistro.plugins.accounts.second_factor import (
    SECOND_FACTOR,
    CodeCheck,
    CodeKind,
    has_second_factor,
    status_of,
)
from bistro.plugins.accounts.site import AccountSite, SecondFactor
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.rendering import render
from bistro.routing import Routes
from bistro.templates import Page

WRONG: Final = "This code is not right, or was used before."


class RecoveryForm(Struct):
    """One recovery code."""

    code: Annotated[str, Meta(min_length=1, max_length=40), Widget(label="Recovery code", autocomplete="off")]


class PasskeyCodesPage(Page, template="accounts/passkeys/codes.html"):
    """What codes.html may use."""

    codes: list[str]
    """New ones; none where they have yet to be asked for."""
    codes_left: int
    next: str
    """Where the user goes on."""


class PasskeyCodeCheckPage(Page, template="accounts/passkeys/code_check.html"):
    """What code_check.html may use."""

    form: FormView[RecoveryForm]
    links: list[ShownLink]
    """To the second factors of this user."""


class PasskeyCodesPages:
    """The routes."""

    def __init__(self, site: AccountSite, step: SecondFactor, recovery: RecoveryStore) -> None:
        self._site = site
        self._step = step
        self._recovery = recovery
        self._codes = CodeCheck(site, recovery)

    def add_to(self, routes: Routes) -> None:
        """Add them."""
        at, recent = "/passkeys/recovery-codes", [recent_log_in()]
        routes.get(at, name="codes", before=recent)(self.show)
        routes.post(at, name="codes.make", before=recent)(self.make)
        routes.get(f"{at}/check", name="codes.check", public=True)(self.ask)
        routes.post(f"{at}/check", name="codes.pass", public=True)(self.check)

    async def show(self, request: Request, user: AbstractUser, next: str = "") -> Response:
        """How many are left, and a button for new ones."""
        other = await self._find_other_page(request, user)
        if other is not None:
            return Redirect(other)
        return await self._show(request, user, [], next)

    async def make(self, data: FormData, request: Request, user: AbstractUser, log_in: LogIn) -> Response:
        """Show new ones, once."""
        other = await self._find_other_page(request, user)
        if other is not None:
            return Redirect(other)
        codes = await self._recovery.renew(user.key)
        await log_in.note_added(user, "recovery codes", "new recovery codes")
        return await self._show(request, user, codes, data.fields.get("next", ""))

    async def ask(self, request: Request, log_in: LogIn) -> Response:
        """Ask for one, of who is logging in."""
        found = await log_in.find_pending()
        if found is None:
            return Redirect(request.url_for("accounts.log_in"))
        return await self._ask(request, found[0], FormView(RecoveryForm))

    async def check(self, data: FormData, request: Request, log_in: LogIn) -> Response:
        """Go on with the log-in, or ask again."""
        found = await log_in.find_pending()
        if found is None:
            return Redirect(request.url_for("accounts.log_in"))
        form = FormView.read(RecoveryForm, data.fields)
        if await self._codes.is_right(form, request, found[0], self._use, WRONG):
            return await log_in.pass_step(SECOND_FACTOR)
        return await self._ask(request, found[0], form)

    async def _use(self, user: AbstractUser, code: str) -> CodeKind | None:
        return "recovery code" if await self._recovery.use(user.key, code) else None

    async def _find_other_page(self, request: Request, user: AbstractUser) -> str | None:
        """Where codes of this user are made, if not here: behind a code of their app, or not at all."""
        for factor in self._site.second_factors:
            if factor.makes_codes and await factor.find_url(request, user) is not None:
                return factor.find_setup_url(request)
        has_any = await has_second_factor(self._site, request, user)
        return None if has_any else request.url_for("passkeys.show")

    async def _show(self, request: Request, user: AbstractUser, codes: list[str], next: str) -> Response:
        left = await self._recovery.count(user.key)
        goal = next if is_local_redirect(next) else request.url_for("passkeys.show")
        return render(PasskeyCodesPage(codes=codes, codes_left=left, next=goal))

    async def _ask(self, request: Request, user: AbstractUser, form: FormView[RecoveryForm]) -> Response:
        links = []
        for factor in self._site.second_factors:
            url = await factor.find_url(request, user)
            if url is not None:
                links.append(ShownLink(factor.text, url))
        return render(PasskeyCodeCheckPage(form=form, links=links), status=status_of(form))
