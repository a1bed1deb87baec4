"""Signing up: a form, a mail, a link. The answer is the same whether there is such an account or not.

How it works. The user is made at once, but can't log in before the link was followed. Who signs up
once more with an address that nobody has confirmed replaces the password, and with it every link
that was sent before. Only the browser that signed up with that very password is logged in by the link;
in any other the password is forgotten and a new one chosen, because whoever has the mail need not be
who has chosen it: it could wait there for the owner of the address to confirm it (pre-hijacking).
"""

from __future__ import annotations

import hmac
from typing import Any, Final  # Any: a form whose type is made for the site

from bistro.app import Background
from bistro.db import UniqueViolation
from bistro.forms import FormView
from bistro.http import FormData, Redirect, Response
from bistro.plugins.accounts.forms import SignUpForm, sign_up_form
from bistro.plugins.accounts.links import stamp_of
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.mails import AlreadyMail, VerifyMail
from bistro.plugins.accounts.names import find_email_fault, find_name_fault, fold
from bistro.plugins.accounts.notices import OF_TOKENS, FormPage, TokenPage, notice, refused
from bistro.plugins.accounts.own_fields import own_fields
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.throttle import PER_MINUTE
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.rendering import render
from bistro.plugins.sessions import Session, SessionData
from bistro.routing import Routes

TAKEN: Final = "is taken"


class SignedUp(SessionData):
    """That this browser has signed up, as whom, and with which password; see the head of this file."""

    stamp: str = ""


class NameTaken(Exception):
    """Somebody has this name already."""


class SignUpPage(FormPage, template="accounts/sign_up.html"):
    """What accounts/sign_up.html may use."""


class VerifyPage(TokenPage, template="accounts/verify.html"):
    """What accounts/verify.html may use."""


class SignUpPages:
    """The routes that make accounts."""

    def __init__(self, site: AccountSite) -> None:
        self._site = site
        own = own_fields(site.model, site.sign_up_fields)
        self._form: type[SignUpForm] = sign_up_form(site.log_in_with, site.rules.length_min, own)

    def add_to(self, routes: Routes) -> None:
        """Add them."""
        if self._site.can_sign_up:
            routes.get("/sign-up", name="sign_up", public=True)(self.show)
            routes.post("/sign-up", name="sign_up.do", public=True)(self.sign_up)
        routes.get("/verify", name="verify", public=True)(self.ask)
        routes.post("/verify", name="verify.do", public=True)(self.verify)
        routes.get("/unverified", name="unverified", public=True)(self.tell_unverified)

    async def show(self, user: AbstractUser | None) -> Response:
        """The empty form."""
        return Redirect(self._site.home) if user is not None else render(SignUpPage(FormView(self._form)))

    async def sign_up(
        self, data: FormData, log_in: LogIn, session: Session, background: Background
    ) -> Response:
        """Make the account, or show the form again."""
        site = self._site
        form = FormView.read(self._form, data.fields)
        if form.value is not None:
            await self._check(form, form.value, log_in)
        if form.value is None:
            return render(SignUpPage(form), status=form.status)
        sent = form.value
        try:
            await site.throttle.take("sign-up", (log_in.address, PER_MINUTE))
            user, is_new = await self._make(sent)
        except (NameTaken, UniqueViolation):
            form.add_problem("name", TAKEN)
            return render(SignUpPage(form), status=422)
        if not site.must_verify:
            if not is_new:
                form.add_problem("email", "has an account already")
                return render(SignUpPage(form), status=422)
            await site.events.note(log_in.request, "signed up", user.key)
            return await log_in.begin(user, method="sign-up")
        # In either case, so that the answer has a cookie.
        session.data(SignedUp).stamp = stamp_of("verify", user).hex() if is_new else "-"
        background.add(self._send, log_in, user, is_new)
        return notice(
            "Look into your mail",
            f"We have sent a mail to {sent.email}. Follow the link in it to go on.",
        )

    async def ask(self, token: str = "") -> Response:
        """A page with a button: programs that follow every link in a mail must not use it up."""
        found = await self._site.links.open("verify", token)
        return (
            refused()
            if found is None
            else render(VerifyPage(token=token, name=str(found[0])), headers=OF_TOKENS)
        )

    async def verify(self, data: FormData, session: Session, log_in: LogIn) -> Response:
        """Note that the address is the user's."""
        token = data.fields.get("token", "")
        found = await self._site.links.open("verify", token)
        if found is None or not await self._site.claim_link("verify", token):
            return refused()
        user, _ = found
        signed_up = session.data(SignedUp)
        has_chosen = hmac.compare_digest(signed_up.stamp.encode(), stamp_of("verify", user).hex().encode())
        if not await self._site.confirm_address(user, keeps_password=has_chosen):
            return refused()
        await self._site.events.note(log_in.request, "verified", user.key)
        if has_chosen:
            signed_up.stamp = ""
            return await log_in.begin(user, method="sign-up")
        query = {"token": self._site.links.make("reset", user)}
        return Redirect(log_in.request.url_for("accounts.reset", query=query))

    async def tell_unverified(self) -> Response:
        """What somebody sees who logs in before the address was confirmed."""
        return notice(
            "Confirm your address first", "We have sent you a mail once more. Follow the link in it to go on."
        )

    async def _check(self, form: FormView[Any], sent: SignUpForm, log_in: LogIn) -> None:
        fault = find_email_fault(sent.email)
        if fault is not None:
            form.add_problem("email", fault)
        if self._site.log_in_with != "email":
            fault = find_name_fault(sent.name)
            if fault is not None:
                form.add_problem("name", fault)
        for each in await log_in.find_password_faults(sent.password, sent.email, sent.name):
            form.add_problem("password", each)

    async def _make(self, sent: SignUpForm) -> tuple[AbstractUser, bool]:
        """The user of this address, and whether they are new. Raises UniqueViolation for a taken name."""
        site = self._site
        hashed = await site.passwords.hash(sent.password)  # in either case, for the same time
        names = site.names_of(sent.name)
        own = {each: getattr(sent, each) for each in site.sign_up_fields}
        user = await site.model.objects.find(site.model.email_key == fold(sent.email))
        if await self._is_taken(names["name_key"], user):
            raise NameTaken
        if user is None:
            try:
                made = await site.model.objects.create(
                    email=sent.email, email_key=fold(sent.email), password=hashed, **names, **own
                )
            except UniqueViolation:
                user = await site.model.objects.find(site.model.email_key == fold(sent.email))
                if user is None:
                    raise  # the name it is, then
            else:
                return made, True
        if not self._is_open(user):
            # A write, as for those who are new: without it the time would tell.
            await site.model.objects.filter(site.model.key == user.key).update({"name": user.name})
            return user, False
        await site.model.objects.filter(site.model.key == user.key).update(
            {"email": sent.email, "password": hashed, **names, **own}
        )
        return await user.refresh(), True

    def _is_open(self, user: AbstractUser) -> bool:
        """Whether nobody has confirmed the address yet, so that it may be signed up with again."""
        return self._site.must_verify and user.verified_at is None and user.logged_in_at is None

    async def _is_taken(self, name_key: str | None, user: AbstractUser | None) -> bool:
        """Whether somebody else has the name; asked first, or a taken one would tell who has an account."""
        model = self._site.model
        holder = None if name_key is None else await model.objects.find(model.name_key == name_key)
        is_own = holder is not None and user is not None and holder.key == user.key and self._is_open(user)
        return holder is not None and not is_own

    async def _send(self, log_in: LogIn, user: AbstractUser, is_new: bool) -> None:
        if is_new:
            await self._site.events.note(log_in.request, "signed up", user.key)
            await log_in.letters.send(VerifyMail, user, "verify")
        else:
            await log_in.letters.send(AlreadyMail, user)
