"""Sends the mails of accounts, so that nobody learns from an answer or its time who has an account.

Everything that depends on the user happens after the answer: looking them up, making the link, and
sending the mail, whether the mail server works or not (CVE-2024-45231).
"""

from __future__ import annotations

from bistro.http import Request, TooManyRequests
from bistro.plugins.accounts.links import Purpose
from bistro.plugins.accounts.mails import AccountMail, AddedMail, ChangedMail
from bistro.plugins.accounts.names import find_greeting, fold
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.throttle import PER_HOUR
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.mail import Mailer


class Letters:
    """`letters: Letters` sends the mails of accounts."""

    def __init__(self, site: AccountSite, request: Request, mailer: Mailer) -> None:
        self._site = site
        self._request = request
        self._mailer = mailer
        self._origin = site.origin or site.origin_of(request)

    async def send(
        self,
        kind: type[AccountMail],
        user: AbstractUser,
        purpose: Purpose | None = None,
        *,
        to: str = "",
        extra: str = "",
        code: str = "",
    ) -> None:
        """Send one, with a link of this purpose. Nobody gets more than five in an hour."""
        to = to or user.email  # the stored address, never one that was typed and only looks like it
        try:
            # Folded: `Ann@` and `ann@` are one mailbox.
            await self._site.throttle.take("mail", (fold(to) or to, PER_HOUR))
        except TooManyRequests:
            return
        link = self.link_to("accounts.log_in")
        if purpose is not None:
            link = self.link_to(
                f"accounts.{PAGES[purpose]}", token=self._site.links.make(purpose, user, extra)
            )
        host = self._origin.partition("://")[2]
        await self._mailer.send(kind(name=find_greeting(str(user)), site=host, link=link, code=code), to=to)

    async def tell_change(
        self,
        user: AbstractUser,
        what: str,
        *,
        to: str = "",
        tokens_ended: int = 0,
        tokens_left: int = 0,
    ) -> None:
        """Say that something was changed, to the address from before, and what became of tokens."""
        host, link = self._origin.partition("://")[2], self.link_to("accounts.forgot")
        page = ChangedMail(
            name=find_greeting(str(user)),
            site=host,
            link=link,
            what=what,
            tokens_ended=tokens_ended,
            tokens_left=tokens_left,
        )
        await self._mailer.send(page, to=to or user.email)

    async def tell_added(self, user: AbstractUser, what: str) -> None:
        """Say that something new lets somebody into the account, such as "a passkey" (ASVS 5.0, 6.3.7)."""
        host, link = self._origin.partition("://")[2], self.link_to("accounts.forgot")
        page = AddedMail(name=find_greeting(str(user)), site=host, link=link, what=what)
        await self._mailer.send(page, to=user.email)

    def link_to(self, page: str, **query: str) -> str:
        """The whole address of a page."""
        # The site's own host: in production the list of allowed hosts lets in no other (row of
        # CVE-2012-4520), its port does not count, and `Accounts(origin=…)` names one for good.
        return self._origin + self._request.url_for(page, query=query)


PAGES: dict[Purpose, str] = {
    "verify": "verify",
    "reset": "reset",
    "link": "link.follow",
    "email": "email.confirm",
}
