"""What second factors share: one step, which any of them passes, and the counting of guesses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Literal, TypeAlias  # Any: forms of several types

from msgspec import Meta, Struct

from bistro.forms import FormView, Widget
from bistro.http import Request, TooManyRequests
from bistro.plugins.accounts.identity import Identity, Owner, refusal_of
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.log_in_pages import ShownLink
from bistro.plugins.accounts.recovery import RecoveryStore
from bistro.plugins.accounts.site import AccountSite, SecondFactor
from bistro.plugins.accounts.throttle import PER_DAY, PER_MINUTE
from bistro.plugins.accounts.users import AbstractUser

SECOND_FACTOR: Final = "second factor"
"""The name of the step: who has a code app and a passkey is asked for one of them, not for both."""
CodeKind: TypeAlias = Literal["app", "recovery code"]
UseCode: TypeAlias = Callable[[AbstractUser, str], Awaitable[CodeKind | None]]
"""Takes a code, which is never right again: what it was of, or None."""


class CodeForm(Struct):
    """One code of an app."""

    code: Annotated[
        str, Meta(min_length=1, max_length=40), Widget(label="Code", autocomplete="one-time-code")
    ]


def add_second_factor(site: AccountSite, factor: SecondFactor) -> None:
    """Have the site ask for it behind a password."""
    site.steps.append(factor)
    site.second_factors.append(factor)


async def find_other_factors(
    site: AccountSite, request: Request, user: AbstractUser, own: SecondFactor
) -> list[ShownLink]:
    """Links to the other second factors that this user has."""
    links = []
    for factor in site.second_factors:
        url = None if factor is own else await factor.find_url(request, user)
        if url is not None:
            links.append(ShownLink(text=factor.text, url=url))
    return links


async def has_second_factor(site: AccountSite, request: Request, user: AbstractUser) -> bool:
    """Whether this user has set up any."""
    for factor in site.second_factors:
        if await factor.find_url(request, user) is not None:
            return True
    return False


async def find_owner(site: AccountSite, identity: Identity, request: Request) -> Owner:
    """Whose session it is. Raises `LogInRequired`, or `SecondFactorRequired` for who has one to use.

    Else whoever has learned the password, and was logged in before its owner had a second factor, could
    add one of their own instead of being asked for that one.
    """
    if identity.user is not None:
        return Owner(identity.user)
    if identity.lacking is None or await has_second_factor(site, request, identity.lacking):
        raise refusal_of(identity)
    return Owner(identity.lacking, is_demanded=True)


async def lose_last(
    site: AccountSite, request: Request, user: AbstractUser, log_in: LogIn, recovery: RecoveryStore
) -> None:
    """Behind the removal of a second factor: where it was the last, the codes in its place go as well."""
    if not await has_second_factor(site, request, user):
        await recovery.forget(user.key)
        log_in.lose_step(SECOND_FACTOR)


class CodeCheck:
    """Looks at codes that users type, and counts them."""

    def __init__(self, site: AccountSite, recovery: RecoveryStore) -> None:
        self._site = site
        self._recovery = recovery

    async def is_right(
        self, form: FormView[Any], request: Request, user: AbstractUser, use: UseCode, wrong: str
    ) -> bool:
        """Whether `use` takes the code of the form; else there is a problem in the form, such as `wrong`.

        Counted by user, whatever kind of code it is, so that nobody tries them all.
        """
        if form.value is None:
            return False
        limits = ((user.key, PER_MINUTE), (user.key, PER_DAY))
        try:
            await self._site.throttle.take("second factor", *limits)
        except TooManyRequests as refused:
            form.add_problem("", refused.detail, "too many")
            return False
        kind = await use(user, form.value.code)
        if kind is None:
            await self._site.events.note(request, "step failed", user.key, detail=SECOND_FACTOR)
            form.add_problem("code", wrong, "wrong")
            return False
        await self._site.throttle.forget("second factor", *limits)
        if kind == "recovery code":
            left = await self._recovery.count(user.key)
            await self._site.events.note(request, "confirmed", user.key, detail=f"recovery code, {left} left")
        return True


def status_of(form: FormView[Any]) -> int:
    """429 for who has to wait, else as the form says."""
    return 429 if any(each.code == "too many" for each in form.problems) else form.status
