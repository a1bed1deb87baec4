"""What users do with their own account: password, address, sessions, deletion."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from bistro.app import Background
from bistro.db import IntegrityError, UniqueViolation
from bistro.forms import FormView
from bistro.http import Conflict, FormData, Redirect, Request, Response
from bistro.plugins.accounts.browsers import describe_browser
from bistro.plugins.accounts.forms import ChangePasswordForm, ChangeWithTokensForm, DeleteForm, EmailForm
from bistro.plugins.accounts.identity import refuse_others
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.log_in_pages import ShownLink
from bistro.plugins.accounts.mails import NewAddressMail
from bistro.plugins.accounts.names import find_email_fault, fold
from bistro.plugins.accounts.notices import OF_TOKENS, FormPage, TokenPage, notice, refused
from bistro.plugins.accounts.recent import recent_log_in
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.throttle import PER_HOUR
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.rendering import render
from bistro.plugins.sessions import Record, Session
from bistro.routing import Routes
from bistro.templates import Page


class AccountPage(Page, template="accounts/account.html"):
    """What accounts/account.html may use."""

    name: str
    email: str
    has_password: bool
    links: list[ShownLink]
    home: str = "/"
    ways: Sequence[ShownLink] = ()
    """What lets somebody in besides the password, such as two passkeys, each with its page."""


class PasswordPage(FormPage, template="accounts/password.html"):
    """What accounts/password.html may use."""

    tokens: int = 0
    """How many tokens for programs the user has."""


class EmailPage(FormPage, template="accounts/email.html"):
    """What accounts/email.html may use."""


class ConfirmEmailPage(TokenPage, template="accounts/confirm_email.html"):
    """What accounts/confirm_email.html may use."""

    email: str


class ShownSession(Struct):
    """A session as the page shows it."""

    id: str
    about: str
    seen_at: datetime
    is_this: bool


class SessionsPage(Page, template="accounts/sessions.html"):
    """What accounts/sessions.html may use."""

    sessions: list[ShownSession]


class DeletePage(FormPage, template="accounts/delete.html"):
    """What accounts/delete.html may use."""


class OwnAccountPages:
    """The routes for users' own accounts."""

    def __init__(self, site: AccountSite) -> None:
        self._site = site

    def add_to(self, routes: Routes) -> None:
        """Add them."""
        routes.before(refuse_others)
        routes.get("", name="account")(self.show)
        routes.get("/password", name="password")(self.ask_password)
        routes.post("/password", name="password.change")(self.change_password)
        sensitive = [recent_log_in()]
        routes.get("/email", name="email", before=sensitive)(self.ask_email)
        routes.post("/email", name="email.change", before=sensitive)(self.change_email)
        routes.get("/sessions", name="sessions")(self.list_sessions)
        routes.post("/sessions/end", name="sessions.end")(self.end_session)
        routes.post("/sessions/end-others", name="sessions.end_others")(self.end_others)
        routes.get("/delete", name="delete", before=sensitive)(self.ask_delete)
        routes.post("/delete", name="delete.do", before=sensitive)(self.delete)

    def add_public_to(self, routes: Routes) -> None:
        """Add those that a link in a mail leads to."""
        routes.get("/email/confirm", name="email.confirm", public=True)(self.ask_confirmation)
        routes.post("/email/confirm", name="email.confirm.do", public=True)(self.confirm_email)

    async def show(self, user: AbstractUser, request: Request) -> AccountPage:
        """The account, with links to what can be changed."""
        links = [ShownLink(text=each.text, url=each.find_url(request)) for each in self._site.account_links]
        has_password = bool(user.password)
        ways = [
            ShownLink(text=each.text_of(count), url=each.find_url(request))
            for each in self._site.ways_in
            if (count := await each.count(user))
        ]
        return AccountPage(str(user), user.email, has_password, links, self._site.home, ways)

    async def ask_password(self, user: AbstractUser) -> PasswordPage:
        """The form for a new password."""
        kind, tokens = await self._form_for(user)
        return PasswordPage(FormView(kind), tokens)

    async def change_password(self, data: FormData, user: AbstractUser, log_in: LogIn) -> Response:
        """Change it, and end all other sessions; tokens for programs where the user says so."""
        kind, tokens = await self._form_for(user)
        form = FormView.read(kind, data.fields)
        if form.value is not None:
            login = user.email if self._site.log_in_with != "name" else user.name
            if await log_in.check(login, form.value.current) is None:
                form.add_problem("current", "is wrong")
        if form.value is not None:
            for fault in await log_in.find_password_faults(form.value.password, user.email, user.name):
                form.add_problem("password", fault)
        if form.value is None:
            return render(PasswordPage(form, tokens), status=form.status)
        ends = isinstance(form.value, ChangeWithTokensForm) and form.value.end_tokens
        if not await log_in.change_password(user, form.value.password, ends_tokens=ends):
            form.add_problem("current", "was changed meanwhile")
            return render(PasswordPage(form, tokens), status=form.status)
        await log_in.note("password changed", user)
        more = " Your tokens for programs have ended." if ends else ""
        return notice("The password is changed", f"You are logged out everywhere else.{more}")

    async def ask_email(self, user: AbstractUser) -> EmailPage:
        """The form for a new address."""
        return EmailPage(FormView(EmailForm))

    async def change_email(
        self, data: FormData, user: AbstractUser, log_in: LogIn, background: Background
    ) -> Response:
        """Send a link to the new address; until it is followed nothing changes."""
        form = FormView.read(EmailForm, data.fields)
        if form.value is not None:
            fault = find_email_fault(form.value.email)
            if fault is not None:
                form.add_problem("email", fault)
        if form.value is None:
            return render(EmailPage(form), status=form.status)
        email = form.value.email
        # Else an account could send to any number of strangers.
        await self._site.throttle.take("e-mail change", (user.key, PER_HOUR))
        await log_in.note("e-mail change asked", user)
        background.add(self._send_change, log_in, user, email)
        return notice("Look into your mail", f"We have sent a mail to {email}. Follow the link in it.")

    async def ask_confirmation(self, token: str = "") -> Response:
        """A page with a button."""
        found = await self._site.links.open("email", token)
        if found is None:
            return refused()
        return render(ConfirmEmailPage(token=token, name=str(found[0]), email=found[1]), headers=OF_TOKENS)

    async def confirm_email(self, data: FormData, log_in: LogIn) -> Response:
        """Change the address."""
        token = data.fields.get("token", "")
        found = await self._site.links.open("email", token)
        if found is None or not await self._site.claim_link("email", token):
            return refused()
        user, email = found
        old = user.email
        try:
            is_changed = await self._site.change_email(user, email)
        except UniqueViolation:
            is_changed = False  # somebody has signed up with it meanwhile
        if not is_changed:
            return refused()
        await log_in.note("e-mail changed", user)
        log_in.background.add(log_in.letters.tell_change, user, "e-mail address", to=old)
        return notice("The address is changed", f"From now on we write to {email}.")

    async def list_sessions(self, user: AbstractUser, session: Session) -> SessionsPage:
        """Where the user is logged in (ASVS 5.0, 7.5.2)."""
        found = [session.record, *await session.others()]
        return SessionsPage([_shown(each, session.id) for each in found])

    async def end_session(
        self, data: FormData, user: AbstractUser, session: Session, log_in: LogIn
    ) -> Redirect:
        """End another session of the user's own."""
        if await session.end_other(data.fields.get("id", "")):
            await log_in.note("session ended", user)
        return Redirect(log_in.request.url_for("accounts.sessions"))

    async def end_others(self, user: AbstractUser, log_in: LogIn) -> Redirect:
        """End all but this one."""
        await log_in.end_others(user)
        await log_in.note("session ended", user, "all others")
        return Redirect(log_in.request.url_for("accounts.sessions"))

    async def ask_delete(self, user: AbstractUser) -> DeletePage:
        """Ask whether they mean it."""
        return DeletePage(FormView(DeleteForm))

    async def delete(self, data: FormData, user: AbstractUser, log_in: LogIn) -> Response:
        """Delete the account."""
        form = FormView.read(DeleteForm, data.fields)
        if form.value is not None and not form.value.sure:
            form.add_problem("sure", "must be ticked")
        if form.value is None:
            return render(DeletePage(form), status=422)
        try:
            await self._site.delete_user(user)
        except IntegrityError:
            raise Conflict("This account can't be deleted, because others need what it has made.") from None
        await log_in.note("account deleted", user)
        log_in.session.end()
        return Redirect(self._site.home, headers={"clear-site-data": '"cache", "storage"'})

    async def _form_for(self, user: AbstractUser) -> tuple[type[ChangePasswordForm], int]:
        tokens = await self._site.count_tokens(user)
        return (ChangeWithTokensForm if tokens else ChangePasswordForm), tokens

    async def _send_change(self, log_in: LogIn, user: AbstractUser, email: str) -> None:
        # One that somebody else has gets no mail, and the answer was the same.
        model = self._site.model
        if not await model.objects.filter(model.email_key == fold(email)).exists():
            await log_in.letters.send(NewAddressMail, user, "email", to=email, extra=email)


def _shown(record: Record, own: str) -> ShownSession:
    seen_at = datetime.fromtimestamp(record.seen_at, UTC)
    return ShownSession(record.id, describe_browser(record.about), seen_at, record.id == own)
