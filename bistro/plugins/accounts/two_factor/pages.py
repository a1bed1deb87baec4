"""The pages: set up, new recovery codes, switch off, and the step behind the password."""

from __future__ import annotations

from typing import Final

from bistro.forms import FormView
from bistro.ground import Markup
from bistro.http import FormData, Redirect, Request, Response, is_local_redirect
from bistro.plugins.accounts.identity import Owner
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.log_in_pages import ShownLink
from bistro.plugins.accounts.recent import recent_log_in, recent_owner
from bistro.plugins.accounts.second_factor import (
    SECOND_FACTOR,
    CodeCheck,
    CodeForm,
    find_other_factors,
    lose_last,
    status_of,
)
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.two_factor.codes import draw_qr_code, make_secret, make_uri
from bistro.plugins.accounts.two_factor.store import TwoFactorStore
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.rendering import render
from bistro.plugins.sessions import SessionData
from bistro.routing import Routes
from bistro.templates import Page

NEXT_LENGTH_MAX: Final = 2_000
WRONG: Final = "This code is not right, or was used before. An app shows a new one every 30 seconds."


class TotpSetup(SessionData):
    """The secret that a user is about to give to an app, sealed."""

    secret: str = ""
    next: str = ""
    """Where they wanted to go, if a second factor was demanded first."""


class TwoFactorPage(Page, template="accounts/two_factor/show.html"):
    """What show.html may use."""

    form: FormView[CodeForm]
    is_on: bool
    is_demanded: bool = False
    """Whether the user gets nowhere else before."""
    codes_left: int = 0
    picture: Markup = Markup("")
    uri: str = ""
    secret: str = ""
    """In groups of four letters, to be typed."""


class RecoveryCodesPage(Page, template="accounts/two_factor/codes.html"):
    """What codes.html may use."""

    codes: list[str]
    next: str
    """Where the user goes on."""


class TwoFactorCheckPage(Page, template="accounts/two_factor/check.html"):
    """What check.html may use."""

    form: FormView[CodeForm]
    links: list[ShownLink]
    """To other second factors of this user."""


class TwoFactorStep:
    """Asks who has set it up for a code."""

    name = SECOND_FACTOR
    text = "Use a code of your app"
    setup_text = "Use an app for codes"
    makes_codes = True

    def __init__(self, store: TwoFactorStore) -> None:
        self._store = store

    async def find_url(self, request: Request, user: AbstractUser) -> str | None:
        """The page that asks for the code."""
        return request.url_for("two_factor.check") if await self._store.is_on(user) else None

    def find_setup_url(self, request: Request, next: str = "") -> str:
        """The page on which it is set up."""
        return request.url_for("two_factor.show", query={"next": next} if next else {})


class TwoFactorPages:
    """The routes of the second factor."""

    def __init__(self, site: AccountSite, store: TwoFactorStore, step: TwoFactorStep, issuer: str) -> None:
        self._site = site
        self._store = store
        self._step = step
        self._issuer = issuer
        self._codes = CodeCheck(site, store.recovery)

    def add_to(self, routes: Routes) -> None:
        """Add them."""
        # ASVS 5.0, 7.5.1: whoever has a session that was left open must not lock its owner out.
        # The first two are public for the gate of a closed site only, as they may be demanded: see Owner.
        recent, own = [recent_log_in()], [recent_owner]
        routes.get("/two-factor", name="show", before=own, public=True)(self.show)
        routes.post("/two-factor", name="begin", before=own, public=True)(self.begin)
        routes.post("/two-factor/codes", name="codes", before=recent)(self.renew_codes)
        routes.post("/two-factor/remove", name="remove", before=recent)(self.remove)
        routes.get("/two-factor/check", name="check", public=True)(self.ask)
        routes.post("/two-factor/check", name="pass", public=True)(self.check)

    async def show(self, request: Request, owner: Owner, setup: TotpSetup, next: str = "") -> Response:
        """How to set it up, or that it is on."""
        setup.next = next if len(next) <= NEXT_LENGTH_MAX and is_local_redirect(next) else ""
        return await self._show(request, owner, setup, FormView(CodeForm))

    async def begin(
        self, data: FormData, request: Request, owner: Owner, setup: TotpSetup, log_in: LogIn
    ) -> Response:
        """Switch it on, if the app makes the right code."""
        user = owner.user
        form = FormView.read(CodeForm, data.fields)
        secret = self._store.open(user, setup.secret) if setup.secret else None
        if form.value is not None and secret is not None and not await self._store.is_on(user):
            async with self._site.same_password(user):  # of two at once one waits for the other
                is_first = not await self._store.is_on(user)
                codes = await self._store.begin(user, secret, form.value.code) if is_first else None
            if codes is not None:
                goal, setup.secret, setup.next = setup.next, "", ""
                log_in.gain_step(SECOND_FACTOR)
                await log_in.note_added(user, "two factor", "codes of an app as a second factor")
                return self._show_codes(request, codes, goal)
            form.add_problem("code", WRONG, "wrong")
        return await self._show(request, owner, setup, form)

    async def renew_codes(
        self, data: FormData, request: Request, user: AbstractUser, setup: TotpSetup, log_in: LogIn
    ) -> Response:
        """Show new recovery codes, for a code."""
        form = FormView.read(CodeForm, data.fields)
        if await self._is_right(form, request, user):
            codes = await self._store.recovery.renew(user.key)
            await log_in.note_added(user, "recovery codes", "new recovery codes")
            return self._show_codes(request, codes)
        return await self._show(request, Owner(user), setup, form)

    async def remove(
        self, data: FormData, request: Request, user: AbstractUser, setup: TotpSetup, log_in: LogIn
    ) -> Response:
        """Switch it off, for a code."""
        form = FormView.read(CodeForm, data.fields)
        if await self._is_right(form, request, user):
            await self._store.forget(user.key)
            await lose_last(self._site, request, user, log_in, self._store.recovery)
            await self._site.events.note(request, "method removed", user.key, detail="two factor")
            return Redirect(request.url_for("two_factor.show"))
        return await self._show(request, Owner(user), setup, form)

    async def ask(self, request: Request, log_in: LogIn) -> Response:
        """Ask for the code, of who is logging in."""
        found = await log_in.find_pending()
        if found is None:
            return Redirect(request.url_for("accounts.log_in"))
        return await self._ask(request, found[0], FormView(CodeForm))

    async def check(self, data: FormData, request: Request, log_in: LogIn) -> Response:
        """Go on with the log-in, or ask again."""
        found = await log_in.find_pending()
        if found is None:
            return Redirect(request.url_for("accounts.log_in"))
        form = FormView.read(CodeForm, data.fields)
        if await self._is_right(form, request, found[0]):
            return await log_in.pass_step(SECOND_FACTOR)
        return await self._ask(request, found[0], form)

    async def _is_right(self, form: FormView[CodeForm], request: Request, user: AbstractUser) -> bool:
        """Whether it was a code of the app, or a recovery code."""
        return await self._codes.is_right(form, request, user, self._store.use, WRONG)

    def _show_codes(self, request: Request, codes: list[str], next: str = "") -> Response:
        return render(RecoveryCodesPage(codes=codes, next=next or request.url_for("two_factor.show")))

    async def _ask(self, request: Request, user: AbstractUser, form: FormView[CodeForm]) -> Response:
        links = await find_other_factors(self._site, request, user, self._step)
        return render(TwoFactorCheckPage(form=form, links=links), status=status_of(form))

    async def _show(
        self, request: Request, owner: Owner, setup: TotpSetup, form: FormView[CodeForm]
    ) -> Response:
        user = owner.user
        if await self._store.is_on(user):
            left = await self._store.recovery.count(user.key)
            return render(TwoFactorPage(form=form, is_on=True, codes_left=left), status=status_of(form))
        secret = self._store.open(user, setup.secret) if setup.secret else None
        if secret is None:
            secret = make_secret()
            setup.secret = self._store.seal(user, secret)
        uri = make_uri(secret, user.email, self._issuer or request.host)
        page = TwoFactorPage(
            form=form,
            is_on=False,
            is_demanded=owner.is_demanded,
            picture=draw_qr_code(uri, "QR code for your app"),
            uri=uri,
            secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        )
        return render(page, status=status_of(form))
