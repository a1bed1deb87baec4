"""A second factor that is demanded: a session without one lets its user set one up, and do nothing else.

How it works. `LoggedIn.steps` of a session says what it has proved. While that is less than is demanded,
`Identity.user` is None: the user is a visitor in every handler, hook and template, and whatever needs one
raises `SecondFactorRequired`. So no page can forget to ask, and the usual request costs no query. The
pages of the second factors ask for `Owner` instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bistro.app import BaseApp, Finding, Setup
from bistro.ground import did_you_mean
from bistro.http import Redirect, Request, Response, is_local_redirect
from bistro.plugins.accounts.current import LoggedIn
from bistro.plugins.accounts.errors import AccountsError
from bistro.plugins.accounts.identity import Identity
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.log_in_pages import ShownLink
from bistro.plugins.accounts.second_factor import SECOND_FACTOR, has_second_factor
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.rendering import render
from bistro.plugins.sessions import Session
from bistro.routing import Routes
from bistro.templates import Page

NEXT_LENGTH_MAX: Final = 2_000
TEMPLATES: Final = Path(__file__).parent / "optional" / "demand"


class SecondFactorPage(Page, template="accounts/second_factor.html"):
    """What accounts/second_factor.html may use."""

    links: list[ShownLink]
    """To where each of them is set up."""


class SecondFactorDemand:
    """Demands one of everybody, or of who has one of some permissions."""

    def __init__(self, site: AccountSite, required: bool | Sequence[str]) -> None:
        self._site = site
        self._permissions = () if isinstance(required, bool) else tuple(required)

    async def is_met(self, user: AbstractUser, session: Session) -> bool:
        """Whether the session has proved it, or the user need not."""
        if SECOND_FACTOR in session.peek(LoggedIn).steps:
            return True
        if not self._permissions:
            return False
        access = await self._site.access.make(Identity(user))
        return not any(access.may(each) for each in self._permissions)

    def find_faults(self, app: BaseApp) -> list[Finding]:
        """accounts.E002, for `bistro check`: a permission that no role gives is demanded of nobody."""
        known = self._site.access.known
        found = []
        for each in self._permissions:
            if known and not {each, f"{each.partition('.')[0]}.*"} & known:
                near = did_you_mean(each, known)
                fix = f"Did you mean {near}?" if near else "Give it to one: Accounts(roles={…})."
                what = f"a second factor is demanded for {each}, which no role gives"
                found.append(Finding("accounts.E002", "error", what, (), fix))
        return found


class DemandPages:
    """The page that leads to a second factor."""

    def __init__(self, site: AccountSite) -> None:
        self._site = site

    def add_to(self, routes: Routes) -> None:
        """Add it."""
        routes.get("/second-factor", name="lead", public=True)(self.lead)

    async def lead(
        self, request: Request, identity: Identity, session: Session, log_in: LogIn, next: str = ""
    ) -> Response:
        """Ask for the one that the user has, or let them choose which to set up."""
        user, goal = identity.lacking, next[:NEXT_LENGTH_MAX]
        if user is None:
            return Redirect(goal if is_local_redirect(goal) else self._site.home)
        if await has_second_factor(self._site, request, user):
            method = session.data(LoggedIn).method or "password"
            return await log_in.begin(user, method=method, next=goal)
        links = [
            ShownLink(text=each.setup_text, url=each.find_setup_url(request, goal))
            for each in self._site.second_factors
        ]
        return Redirect(links[0].url) if len(links) == 1 else render(SecondFactorPage(links=links))


def add_demand(setup: Setup, site: AccountSite, required: bool | Sequence[str]) -> None:
    """Demand a second factor. Raises `AccountsError` (B960) for a text in place of a list of them."""
    if isinstance(required, str):
        # It is a sequence too: of letters, which are nobody's permissions.
        raise AccountsError(
            f"a second factor can't be demanded for {required!r}",
            fix=f"Write a list of permissions: required=[{required!r}], or required=True for everybody.",
        )
    if not required:
        return
    demand, is_first = SecondFactorDemand(site, required), not site.demands
    site.demands.append(demand)
    setup.check(demand.find_faults)
    if not is_first:
        return  # another method demands it too
    setup.templates(TEMPLATES)
    routes = Routes(name="second_factor", by="Accounts", atomic=False)
    DemandPages(site).add_to(routes)
    setup.routes.include(routes, at=site.at)
