"""The pages: set up, new recovery codes, switch off, and the step behind the password."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from bistro.forms import FormView, Widget
from bistro.ground import Markup
from bistro.http import FormData, Redirect, Request, Response, TooManyRequests
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.log_in_pages import ShownLink
from bistro.plugins.accounts.recent import recent_log_in
from bistro.plugins.accounts.second_factor import SECOND_FACTOR, find_other_factors
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.throttle import PER_DAY, PER_MINUTE
from bistro.plugins.accounts.two_factor.codes import draw_qr_code, make_secret, make_uri
from bistro.plugins.accounts.two_factor.store import TwoFactorStore
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.rendering import render
from bistro.plugins.sessions import SessionData
from bistro.routing import Routes
from bistro.templates import Page

WRONG = "This code is not right, or was used before. An app shows a new one every 30 seconds."


class CodeForm(Struct):
    """One code."""

    code: Annotated[
        str, Meta(min_length=1, max_length=40), Widget(label="Code", autocomplete="one-time-code")
    ]


class TotpSetup(SessionData):
    """The secret that a user is about to give to an app, sealed."""

    secret: str = ""


class TwoFactorPage(Page, template="accounts/two_factor/show.html"):
    """What show.html may use."""

    form: FormView[CodeForm]
    is_on: bool
    codes_left: int = 0
    picture: Markup = Markup("")
    uri: str = ""
    secret: str = ""
    """In groups of four letters, to be typed."""


class RecoveryCodesPage(Page, template="accounts/two_factor/codes.html"):
    """What codes.html may use."""

    codes: list[str]


class TwoFactorCheckPage(Page, template="accounts/two_factor/check.html"):
    """What check.html may use."""

    form: FormView[CodeForm]
    links: list[ShownLink]
    """To other second factors of this user."""


class TwoFactorStep:
    """Asks who has set it up for a code."""

    name = SECOND_FACTOR
    text = "Use a code of your app"

    def __init__(self, store: TwoFactorStore) -> None:
        self._store = store

    async def find_url(self, request: Request, user: AbstractUser) -> str | None:
        """The page that asks for the code."""
        return request.url_for("two_factor.check") if await self._store.is_on(user) else None


class TwoFactorPages:
    """The routes of the second factor."""

    def __init__(self, site: AccountSite, store: TwoFactorStore, step: TwoFactorStep, issuer: str) -> None:
        self._site = site
        self._store = store
        self._step = step
        self._issuer = issuer

    def add_to(self, routes: Routes) -> None:
        """Add them."""
        # ASVS 5.0, 7.5.1: whoever has a session that was left open must not lock its owner out.
        recent = [recent_log_in()]
        routes.get("/two-factor", name="show", before=recent)(self.show)
        routes.post("/two-factor", name="begin", before=recent)(self.begin)
        routes.post("/two-factor/codes", name="codes", before=recent)(self.renew_codes)
        routes.post("/two-factor/remove", name="remove", before=recent)(self.remove)
        routes.get("/two-factor/check", name="check", public=True)(self.ask)
        routes.post("/two-factor/check", name="pass", public=True)(self.check)

    async def show(self, request: Request, user: AbstractUser, setup: TotpSetup) -> Response:
        """How to set it up, or that it is on."""
        return await self._show(request, user, setup, FormView(CodeForm))

    async def begin(self, data: FormData, request: Request, user: AbstractUser, setup: TotpSetup) -> Response:
        """Switch it on, if the app makes the right code."""
        form = FormView.read(CodeForm, data.fields)
        secret = self._store.open(user, setup.secret) if setup.secret else None
        if form.value is not None and secret is not None and not await self._store.is_on(user):
            codes = await self._store.begin(user, secret, form.value.code)
            if codes is not None:
                setup.secret = ""
                await self._site.events.note(request, "method added", user.key, detail="two factor")
                return render(RecoveryCodesPage(codes=codes))
            form.add_problem("code", WRONG, "wrong")
        return await self._show(request, user, setup, form)

    async def renew_codes(
        self, data: FormData, request: Request, user: AbstractUser, setup: TotpSetup
    ) -> Response:
        """Show new recovery codes, for a code."""
        form = FormView.read(CodeForm, data.fields)
        if await self._is_right(form, request, user):
            codes = await self._store.renew_codes(user)
            await self._site.events.note(request, "method added", user.key, detail="recovery codes")
            return render(RecoveryCodesPage(codes=codes))
        return await self._show(request, user, setup, form)

    async def remove(
        self, data: FormData, request: Request, user: AbstractUser, setup: TotpSetup
    ) -> Response:
        """Switch it off, for a code."""
        form = FormView.read(CodeForm, data.fields)
        if await self._is_right(form, request, user):
            await self._store.end(user)
            await self._site.events.note(request, "method removed", user.key, detail="two factor")
            return Redirect(request.url_for("two_factor.show"))
        return await self._show(request, user, setup, form)

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
        """Whether the code was right; counted by user, so that nobody tries them all."""
        if form.value is None:
            return False
        limits = ((user.key, PER_MINUTE), (user.key, PER_DAY))
        try:
            await self._site.throttle.take("second factor", *limits)
        except TooManyRequests as refused:
            form.add_problem("", refused.detail, "too many")
            return False
        kind = await self._store.use(user, form.value.code)
        if kind is None:
            await self._site.events.note(request, "step failed", user.key, detail=SECOND_FACTOR)
            form.add_problem("code", WRONG, "wrong")
            return False
        await self._site.throttle.forget("second factor", *limits)
        if kind == "recovery code":
            left = await self._store.count_recovery_codes(user)
            await self._site.events.note(request, "confirmed", user.key, detail=f"recovery code, {left} left")
        return True

    async def _ask(self, request: Request, user: AbstractUser, form: FormView[CodeForm]) -> Response:
        links = await find_other_factors(self._site, request, user, self._step)
        return render(TwoFactorCheckPage(form=form, links=links), status=status_of(form))

    async def _show(
        self, request: Request, user: AbstractUser, setup: TotpSetup, form: FormView[CodeForm]
    ) -> Response:
        if await self._store.is_on(user):
            left = await self._store.count_recovery_codes(user)
            return render(TwoFactorPage(form=form, is_on=True, codes_left=left), status=status_of(form))
        secret = self._store.open(user, setup.secret) if setup.secret else None
        if secret is None:
            secret = make_secret()
            setup.secret = self._store.seal(user, secret)
        uri = make_uri(secret, user.email, self._issuer or request.host)
        page = TwoFactorPage(
            form=form,
            is_on=False,
            picture=draw_qr_code(uri, "QR code for your app"),
            uri=uri,
            secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        )
        return render(page, status=status_of(form))


def status_of(form: FormView[CodeForm]) -> int:
    """429 for who has to wait, else as the form says."""
    return 429 if any(each.code == "too many" for each in form.problems) else form.status
