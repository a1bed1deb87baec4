"""`CheckedBy`: passwords that another system knows, such as a company's directory (LDAP)."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol  # Any: a check may be async or not

from bistro.app import Setup
from bistro.ground import get_logger, run_in_thread
from bistro.plugins.accounts.identities import ExternalIdentity, Linking, Refusal, add_identities
from bistro.plugins.accounts.passwords import LENGTH_MAX
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.users import AbstractUser

_log = get_logger("bistro.accounts")


class PasswordCheck(Protocol):
    """Another system that knows passwords."""

    name: str
    """In the table: lower case letters, digits and hyphens."""
    label: str
    """What people call it."""

    def check(self, login: str, password: str) -> Any:
        """An `ExternalIdentity` where the password is right, else None; `async`, or called in a thread.

        `password` is never empty: many directories take a log-in without one for an anonymous one.
        """
        ...


@dataclass(frozen=True)
class CheckedBy:
    """Ask other systems for passwords that are not right here: `Accounts(methods=[CheckedBy([directory])])`.

    Who comes for the first time gets an account, if the other system says an address of theirs that it
    has verified. With `trusts_addresses` an account that has the address already is opened: for a
    directory in which nobody can choose their own.
    """

    checks: Sequence[PasswordCheck]
    sign_up: bool = True
    trusts_addresses: bool = False

    def install(self, setup: Setup, site: AccountSite) -> None:
        """Have a log-in ask them."""
        add_identities(setup, site)
        linking = Linking(site, allows_sign_up=self.sign_up, trusts_addresses=self.trusts_addresses)
        for each in self.checks:
            site.password_checks.append(Asker(each, linking).find_user)


class Asker:
    """Asks one of them."""

    def __init__(self, check: PasswordCheck, linking: Linking) -> None:
        self._check = check
        self._linking = linking

    async def find_user(self, login: str, password: str) -> AbstractUser | None:
        """The user whose password it is; None also where the other system can't be asked."""
        if not password or len(password) > LENGTH_MAX or "\0" in login or "\0" in password:
            return None
        try:
            who = await self._ask(login, password)
        except Exception:  # noqa: BLE001 - the site's own code; it is logged
            # It must not tell by its answer that it is down: a wrong password looks the same.
            _log.exception("a password check failed", check=self._check.name)
            return None
        if who is None:
            return None
        try:
            user, _ = await self._linking.find_or_make_user(self._check, who)
        except Refusal as refusal:
            _log.warning("password check refused", check=self._check.name, reason=str(refusal))
            return None
        return user

    async def _ask(self, login: str, password: str) -> ExternalIdentity | None:
        check = self._check.check
        if inspect.iscoroutinefunction(check):
            found = await check(login, password)
        else:
            found = await run_in_thread(check, login, password)
        return found if isinstance(found, ExternalIdentity) else None
