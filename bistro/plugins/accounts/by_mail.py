"""Logging in by mail: a link to follow, or a code to type in the browser that asked for it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from bistro.app import Background
from bistro.forms import FormView
from bistro.http import FormData, Redirect, Response
from bistro.plugins.accounts.forms import CodeForm, EmailForm
from bistro.plugins.accounts.links import AGES, stamp_of
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.mails import LinkMail
from bistro.plugins.accounts.names import fold
from bistro.plugins.accounts.notices import OF_TOKENS, FormPage, TokenPage, refused
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.throttle import PER_DAY, PER_MINUTE
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.rendering import render
from bistro.plugins.sessions import Session, SessionData
from bistro.routing import Routes

CODE_SECONDS: Final = 900
TRIES_MAX: Final = 5


class SentCode(SessionData):
    """The mail that was sent for this browser. Kept for unknown addresses too: nobody learns which are."""

    mail: str = ""
    """Names it, and is what its code is made of; its link and code are together for one log-in."""

    email_key: str = ""
    at: float = 0.0
    tries: int = 0


class LinkPage(FormPage, template="accounts/link.html"):
    """What accounts/link.html may use."""


class CodePage(FormPage, template="accounts/code.html"):
    """What accounts/code.html may use."""


class FollowPage(TokenPage, template="accounts/follow.html"):
    """What accounts/follow.html may use."""


class MailPages:
    """The routes that log in by mail."""

    def __init__(self, site: AccountSite) -> None:
        self._site = site

    def add_to(self, routes: Routes) -> None:
        """Add them."""
        routes.get("/link", name="link", public=True)(self.show)
        routes.post("/link", name="link.send", public=True)(self.send)
        routes.get("/link/follow", name="link.follow", public=True)(self.ask)
        routes.post("/link/follow", name="link.log_in", public=True)(self.follow)
        routes.get("/code", name="code", public=True)(self.ask_code)
        routes.post("/code", name="code.check", public=True)(self.check_code)

    async def show(self) -> LinkPage:
        """The form for the address."""
        return LinkPage(FormView(EmailForm))

    async def send(self, data: FormData, log_in: LogIn, session: Session, background: Background) -> Response:
        """Send link and code, if there is such a user; the answer does not tell."""
        form = FormView.read(EmailForm, data.fields)
        if form.value is None:
            return render(LinkPage(form), status=form.status)
        await self._site.throttle.take("link", (log_in.address, PER_MINUTE))
        sent = session.data(SentCode)
        sent.email_key, sent.at, sent.tries = fold(form.value.email), self._site.clock.time(), 0
        sent.mail = secrets.token_urlsafe(16)
        background.add(self._send, log_in, form.value.email, sent.mail)
        return Redirect(log_in.request.url_for("accounts.code"))

    async def ask(self, token: str = "") -> Response:
        """A page with a button: programs that follow every link in a mail must not use it up."""
        found = await self._site.links.open("link", token)
        return (
            refused()
            if found is None
            else render(FollowPage(token=token, name=str(found[0])), headers=OF_TOKENS)
        )

    async def follow(self, data: FormData, log_in: LogIn) -> Response:
        """Log in."""
        found = await self._site.links.open("link", data.fields.get("token", ""))
        if found is None or not await self._claim(found[1]):
            return refused()
        return await self._log_in(log_in, found[0])

    async def ask_code(self) -> CodePage:
        """The form for the code."""
        return CodePage(FormView(CodeForm))

    async def check_code(self, data: FormData, log_in: LogIn, session: Session) -> Response:
        """Log in with the code that was sent for this browser."""
        form = FormView.read(CodeForm, data.fields)
        if form.value is None:
            return render(CodePage(form), status=form.status)
        sent = session.data(SentCode)
        # By account too: new codes and other browsers would make tries without end of it, and with a
        # session in a cookie so would the same cookie again.
        account = f"code {sent.email_key}"
        limits = ((account, PER_MINUTE), (account, PER_DAY))
        await self._site.throttle.take("code", (log_in.address, PER_MINUTE), *limits)
        sent.tries += 1
        is_open = sent.tries <= TRIES_MAX and self._site.clock.time() - sent.at < CODE_SECONDS
        user = await self._find_user(sent.email_key)
        if user is not None and is_open and sent.mail and is_code(form.value.code, sent.mail, user):
            await self._site.throttle.forget("code", *limits)
            if await self._claim(sent.mail):  # else it has let them in already
                return await self._log_in(log_in, user)
        form.add_problem("code", "is wrong or too old")
        return render(CodePage(form), status=422)

    async def _claim(self, mail: str) -> bool:
        """Whether this mail has let nobody in yet, also of many requests at once."""
        seconds = max(CODE_SECONDS, int(AGES["link"].total_seconds()))
        return await self._site.throttle.claim("log-in by mail", mail, seconds)

    async def _log_in(self, log_in: LogIn, user: AbstractUser) -> Response:
        await self._site.confirm_address(user)  # they have the mail
        return await log_in.begin(user, method="mail")

    async def _send(self, log_in: LogIn, email: str, mail: str) -> None:
        user = await self._find_user(fold(email))
        if user is not None:
            await log_in.note("link sent", user)
            code = make_code(mail, user)
            await log_in.letters.send(LinkMail, user, "link", extra=mail, code=f"{code[:3]} {code[3:]}")

    async def _find_user(self, email_key: str) -> AbstractUser | None:
        model = self._site.model
        user = await model.objects.find(model.email_key == email_key)
        return user if user is not None and user.is_active else None


def make_code(mail: str, user: AbstractUser) -> str:
    """The code of a mail. It is another one once the user has another password or address."""
    digest = hashlib.blake2b(stamp_of("reset", user), key=mail.encode(), digest_size=16).digest()
    return f"{int.from_bytes(digest) % 1_000_000:06}"


def is_code(typed: str, mail: str, user: AbstractUser) -> bool:
    """Whether somebody has typed the code of this mail."""
    digits = "".join(typed.split()).encode("utf-8", "replace")
    return hmac.compare_digest(digits, make_code(mail, user).encode())
