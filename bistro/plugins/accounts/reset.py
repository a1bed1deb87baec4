"""A forgotten password: a form that always says the same, a mail, and a page for the new one."""

from __future__ import annotations

from bistro.app import Background
from bistro.forms import FormView
from bistro.http import FormData, Response
from bistro.plugins.accounts.forms import EmailForm, ResetForm, ResetWithTokensForm
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.mails import ResetMail
from bistro.plugins.accounts.names import fold
from bistro.plugins.accounts.notices import OF_TOKENS, FormPage, notice, refused
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.throttle import PER_MINUTE
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.rendering import render
from bistro.routing import Routes


class ForgotPage(FormPage, template="accounts/forgot.html"):
    """What accounts/forgot.html may use."""


class ResetPage(FormPage, template="accounts/reset.html"):
    """What accounts/reset.html may use."""

    tokens: int = 0
    """How many tokens for programs the user has."""


class ResetPages:
    """The routes that give a new password to who has forgotten theirs."""

    def __init__(self, site: AccountSite) -> None:
        self._site = site

    def add_to(self, routes: Routes) -> None:
        """Add them."""
        routes.get("/forgot", name="forgot", public=True)(self.show)
        routes.post("/forgot", name="forgot.do", public=True)(self.send)
        routes.get("/reset", name="reset", public=True)(self.ask)
        routes.post("/reset", name="reset.do", public=True)(self.reset)

    async def show(self) -> ForgotPage:
        """The empty form."""
        return ForgotPage(FormView(EmailForm))

    async def send(self, data: FormData, log_in: LogIn, background: Background) -> Response:
        """Send a link, if there is such a user; the answer does not tell."""
        form = FormView.read(EmailForm, data.fields)
        if form.value is None:
            return render(ForgotPage(form), status=form.status)
        await self._site.throttle.take("reset", (log_in.address, PER_MINUTE))
        background.add(self._send, log_in, form.value.email)
        return notice(
            "Look into your mail",
            f"If there is an account for {form.value.email}, we have sent a mail there. "
            "Follow the link in it to set a new password.",
        )

    async def ask(self, token: str = "") -> Response:
        """The form for the new password."""
        found = await self._site.links.open("reset", token)
        if found is None:
            return refused()
        kind, tokens = await self._form_for(found[0])
        return render(ResetPage(FormView(kind, kind(password="", token=token)), tokens), headers=OF_TOKENS)

    async def reset(self, data: FormData, log_in: LogIn) -> Response:
        """Set it, end all sessions of the user, and log in.

        Tokens for programs end too, unless the user wants to keep them: who has forgotten the password
        may have lost it to somebody.
        """
        found = await self._site.links.open("reset", data.fields.get("token", ""))
        if found is None:
            return refused()
        user, _ = found
        kind, tokens = await self._form_for(user)
        form = FormView.read(kind, data.fields)
        if form.value is not None:
            for fault in await log_in.find_password_faults(form.value.password, user.email, user.name):
                form.add_problem("password", fault)
        if form.value is None:
            return render(ResetPage(form, tokens), status=form.status, headers=OF_TOKENS)
        keeps = isinstance(form.value, ResetWithTokensForm) and form.value.keep_tokens
        if not await log_in.change_password(user, form.value.password, ends_tokens=not keeps):
            return refused()
        await self._site.confirm_address(user, keeps_password=True)  # they have the mail
        await log_in.note("password reset", user)
        # Whoever had the account may have left a way in: the page of the account shows them all.
        has_others = any([await each.count(user) for each in self._site.ways_in])
        page = log_in.request.url_for("accounts.account") if has_others else ""
        return await log_in.begin(user, method="reset", next=page)

    async def _form_for(self, user: AbstractUser) -> tuple[type[ResetForm], int]:
        tokens = await self._site.count_tokens(user)
        return (ResetWithTokensForm if tokens else ResetForm), tokens

    async def _send(self, log_in: LogIn, email: str) -> None:
        model = self._site.model
        user = await model.objects.find(model.email_key == fold(email))
        if user is not None and user.is_active:
            await log_in.note("password reset asked", user)
            await log_in.letters.send(ResetMail, user, "reset")
