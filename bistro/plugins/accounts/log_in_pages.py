"""The pages that log in and out."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final  # Any: a form whose type is made for the site

from bistro.forms import FormView
from bistro.ground import Markup
from bistro.http import FormData, Redirect, Request, Response, TooManyRequests, is_local_redirect
from bistro.plugins.accounts.forms import LogInForm, log_in_form
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.site import AccountSite, LogInWith
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.rendering import render
from bistro.routing import Routes
from bistro.templates import Page


class ShownLink(Page):
    """A link of another way to log in, as a template shows it."""

    text: str
    url: str


class LogInPage(Page, template="accounts/log_in.html"):
    """What accounts/log_in.html may use."""

    form: FormView[Any]
    links: list[ShownLink]
    """Other ways to log in, and to sign up."""
    parts: list[Markup]
    """What these ways add to the page; at its end, once."""


class LogOutPage(Page, template="accounts/log_out.html"):
    """What accounts/log_out.html may use: nothing."""


WRONG: Final[dict[LogInWith, str]] = {
    "email": "The e-mail address or the password is wrong.",
    "name": "The name or the password is wrong.",
    # Where both are one account, this may be all that is told of too many tries; see `LogIn.check`.
    "either": "The name, the e-mail address or the password is wrong. "
    "After five wrong ones the right one is not looked at either, for a while.",
}


class LogInPages:
    """The routes that log in and out."""

    def __init__(self, site: AccountSite) -> None:
        self._site = site

    @cached_property
    def _form(self) -> type[LogInForm]:
        # Made at the first request, when all methods are installed.
        form: type[LogInForm] = log_in_form(self._site.log_in_with, self._site.login_autocomplete)
        return form

    def add_to(self, routes: Routes) -> None:
        """Add them."""
        routes.get("/log-in", name="log_in", public=True)(self.show)
        routes.post("/log-in", name="log_in.check", public=True)(self.check)
        routes.get("/log-out", name="log_out", public=True)(self.ask)
        routes.post("/log-out", name="log_out.do", public=True)(self.leave)

    async def show(self, request: Request, user: AbstractUser | None, next: str = "") -> Response:
        """The empty form; who is logged in already goes on."""
        if user is not None:
            return Redirect(next if is_local_redirect(next) else self._site.home)
        form = FormView(self._form, self._form(login="", password="", remember=False, next=next[:2_000]))
        return self._page(form, request)

    async def check(self, data: FormData, request: Request, log_in: LogIn) -> Response:
        """Log in, or show the form again."""
        form = FormView.read(self._form, data.fields)
        if form.value is None:
            return self._page(form, request)
        sent = form.value
        try:
            user = await log_in.check(sent.login, sent.password)
        except TooManyRequests as refused:
            form.add_problem("", refused.detail)
            return self._page(form, request, status=429, headers=dict(refused.headers))
        if user is None:
            form.add_problem("", WRONG[self._site.log_in_with], "wrong")
            return self._page(form, request)
        return await log_in.begin(user, method="password", next=sent.next, remember=sent.remember)

    async def ask(self) -> LogOutPage:
        """A page with a button, since following a link must change nothing."""
        return LogOutPage()

    async def leave(self, log_in: LogIn) -> Redirect:
        """Log out."""
        return await log_in.log_out()

    def _page(
        self,
        form: FormView[Any],
        request: Request,
        *,
        status: int = 0,
        headers: dict[str, str] | None = None,
    ) -> Response:
        links = [ShownLink(text=each.text, url=each.find_url(request)) for each in self._site.log_in_links]
        page = LogInPage(form=form, links=links, parts=[each(request) for each in self._site.log_in_parts])
        return render(page, status=status or form.status, headers=headers)
