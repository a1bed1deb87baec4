"""What is sensitive asks for a log-in that was not long ago (ASVS 5.0, 7.5.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final  # Any: a hook whose parameters are of the site's own model

from bistro.forms import FormView
from bistro.http import Forbidden, FormData, Redirect, Request, Response, is_local_redirect
from bistro.plugins.accounts.current import Impersonation, LoggedIn, stamp_of_password
from bistro.plugins.accounts.forms import ConfirmForm
from bistro.plugins.accounts.identity import Owner, refuse_others
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.log_in_pages import ShownLink
from bistro.plugins.accounts.notices import FormPage
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.rendering import render
from bistro.plugins.sessions import Session
from bistro.routing import Routes

RECENT: Final = timedelta(minutes=15)


class ConfirmationRequired(Forbidden):
    """If you see this: log in once more, or confirm the password; the last time is too long ago."""

    code = "B963"


class ConfirmPage(FormPage, template="accounts/confirm.html"):
    """What accounts/confirm.html may use."""

    links: list[ShownLink]
    """Other ways to log in once more."""
    has_password: bool = True


def recent_log_in(within: timedelta = RECENT) -> Callable[..., Any]:
    """A before hook: who has proved who they are longer ago than `within` does it once more first.

        @app.post("/payout", before=[recent_log_in()])

    Browsers are led to a page that asks for the password, and back; programs get a 403 (B963).
    """

    def check_recent_log_in(user: AbstractUser, session: Session, site: AccountSite) -> None:
        check_recent(user, session, site, within)

    return check_recent_log_in


def recent_owner(owner: Owner, session: Session, site: AccountSite) -> None:
    """The same hook for the pages on which a second factor is set up that may be demanded."""
    check_recent(owner.user, session, site, RECENT)


def check_recent(user: AbstractUser, session: Session, site: AccountSite, within: timedelta) -> None:
    """Raises `ConfirmationRequired` (B963) where the log-in of `user` is longer ago than `within`."""
    logged_in = session.data(LoggedIn)
    is_recent = site.clock.time() - logged_in.at <= within.total_seconds()
    if session.owner != user.key or not is_recent or session.data(Impersonation).by_key:
        raise ConfirmationRequired("Confirm that it is you: log in once more.")


class ConfirmPages:
    """The routes that ask for the password once more."""

    def __init__(self, site: AccountSite) -> None:
        self._site = site

    def add_to(self, routes: Routes) -> None:
        """Add them."""
        # Public for the gate of a closed site, which would ask for the second factor that is set up
        # behind this page; the handlers ask whose session it is.
        own = [refuse_others]
        routes.get("/confirm", name="confirm", before=own, public=True)(self.show)
        routes.post("/confirm", name="confirm.do", before=own, public=True)(self.confirm)

    async def show(self, owner: Owner, request: Request, next: str = "") -> ConfirmPage:
        """The form, and other ways for who has no password."""
        form = FormView(ConfirmForm, ConfirmForm(password="", next=next[:2_000]))
        return self._page(form, owner.user, request)

    async def confirm(
        self, data: FormData, owner: Owner, log_in: LogIn, session: Session, request: Request
    ) -> Response:
        """Note that the user has proved who they are."""
        user = owner.user
        form = FormView.read(ConfirmForm, data.fields)
        if form.value is not None:
            found = await log_in.check(
                user.email if self._site.log_in_with != "name" else user.name, form.value.password
            )
            if found is None or found.key != user.key:
                form.add_problem("password", "is wrong")
            else:
                user = found
        if form.value is None:
            return render(self._page(form, user, request), status=form.status)
        logged_in = session.data(LoggedIn)
        logged_in.at, logged_in.stamp = self._site.clock.time(), stamp_of_password(user)
        session.rotate()
        await log_in.note("confirmed", user)
        target = form.value.next
        return Redirect(target if is_local_redirect(target) else self._site.home)

    def _page(self, form: FormView[ConfirmForm], user: AbstractUser, request: Request) -> ConfirmPage:
        links = [ShownLink(text=each.text, url=each.find_url(request)) for each in self._site.log_in_links]
        return ConfirmPage(form, links, has_password=bool(user.password))
