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
from bistro.plugins.accounts.links import AGES
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
    """The code that was sent for this browser. Kept for unknown addresses too: nobody learns which are."""

    mail: str = ""
    """Names the mail, whose link and code are together for one log-in."""

    email_key: str = ""
    hash: str = ""
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
        code = f"{secrets.randbelow(1_000_000):06}"
        sent = session.data(SentCode)
        sent.email_key, sent.at, sent.tries = fold(form.value.email), self._site.clock.time(), 0
        sent.hash, sent.mail = hash_code(sent.email_key, code), secrets.token_urlsafe(12)
        background.add(self._send, log_in, form.value.email, code, sent.mail)
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
        typed = hash_code(sent.email_key, "".join(form.value.code.split()))
        if not (is_open and sent.hash and hmac.compare_digest(typed, sent.hash)):
            form.add_problem("code", "is wrong or too old")
            return render(CodePage(form), status=422)
        sent.hash = ""
        await self._site.throttle.forget("code", *limits)
        model = self._site.model
        user = await model.objects.find(model.email_key == sent.email_key)
        # Either nobody was sent the code that was typed, or its mail has let them in already.
        if user is None or not user.is_active or not await self._claim(sent.mail):
            form.add_problem("code", "is wrong or too old")
            return render(CodePage(form), status=422)
        return await self._log_in(log_in, user)

    async def _claim(self, mail: str) -> bool:
        """Whether this mail has let nobody in yet, also of many requests at once."""
        seconds = max(CODE_SECONDS, int(AGES["link"].total_seconds()))
        return await self._site.throttle.claim("log-in by mail", mail, seconds)

    async def _log_in(self, log_in: LogIn, user: AbstractUser) -> Response:
        await self._site.confirm_address(user)  # they have the mail
        return await log_in.begin(user, method="mail")

    async def _send(self, log_in: LogIn, email: str, code: str, mail: str) -> None:
        model = self._site.model
        user = await model.objects.find(model.email_key == fold(email))
        if user is not None and user.is_active:
            await log_in.note("link sent", user)
            shown = f"{code[:3]} {code[3:]}"
            await log_in.letters.send(LinkMail, user, "link", extra=mail, code=shown)


def hash_code(email_key: str, code: str) -> str:
    """What the session keeps of a code."""
    return hashlib.sha256(f"{email_key}\0{code}".encode("utf-8", "replace")).hexdigest()
