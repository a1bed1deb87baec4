"""Who a request comes from, and by what means: a session, or a token in its Authorization header."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol, TypeAlias

from msgspec import Struct

from bistro.http import Forbidden, Request, Unauthorized
from bistro.plugins.accounts.credentials import find_credentials
from bistro.plugins.accounts.current import CurrentUser
from bistro.plugins.accounts.errors import LogInRequired, SecondFactorRequired
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.sessions import Session


class Identity(Struct, frozen=True, eq=False):
    """Who is logged in, and how."""

    user: AbstractUser | None
    """None for a visitor."""
    scopes: frozenset[str] | None = None
    """What a token is limited to; None for a session, which may do all that the user may."""

    by: AbstractUser | None = None
    """Who impersonates the user, if somebody does."""

    lacking: AbstractUser | None = None
    """Whose session it is, where a second factor is demanded first; they are a visitor until then."""

    is_let_in: bool = False
    """Whether the route has said what a limited token may do there; see `limited_tokens.py`."""

    @property
    def shown_user(self) -> AbstractUser | None:
        """The user for templates; nobody for a limited token where the route has not let it in."""
        return self.user if self.is_let_in or self.has_scope("*") else None

    def has_scope(self, scope: str) -> bool:
        """Whether it is not limited, or to something that includes this."""
        return self.scopes is None or scope in self.scopes or "*" in self.scopes


class Owner(Struct, frozen=True, eq=False):
    """`owner: Owner`: whose session it is, also where a second factor is demanded that they lack.

    Only for the pages on which they set one up, or prove who they are.
    """

    __provided_by__: ClassVar[str] = "Accounts"

    user: AbstractUser
    is_demanded: bool = False
    """Whether they must set up a second factor before they get anywhere else."""


class Demand(Protocol):
    """What a session must have proved beyond a log-in before its user counts."""

    async def is_met(self, user: AbstractUser, session: Session) -> bool:
        """Whether it has, or need not; asked in each request, so that it should ask no database."""
        ...


class Bearer(Protocol):
    """A kind of token that programs send as `Authorization: Bearer …`."""

    async def find_identity(self, token: str, request: Request) -> Identity | None:
        """Whom the token stands for; None for a token of another kind, or one that is not valid."""
        ...


Doubt: TypeAlias = Callable[[Request, Session], bool]
"""Whether a request says that it does not come from whose session it has."""


def refuse_others(identity: Identity) -> None:
    """Let in neither tokens nor who impersonates: for pages on which users change what lets them in."""
    if identity.scopes is not None or identity.by is not None:
        raise Forbidden("Only the users themselves may do this, logged in.")


def require_user(identity: Identity) -> AbstractUser:
    """The user. Raises `LogInRequired` for a visitor, `SecondFactorRequired` where one is demanded."""
    if identity.user is None:
        raise refusal_of(identity)
    return identity.user


def refusal_of(identity: Identity) -> LogInRequired | SecondFactorRequired:
    """Why this is no user: an error to raise."""
    if identity.lacking is not None:
        detail = "Set up a second factor first, or use the one that you have."
        # Named in the answer: a program must tell it from a 403 that a second factor doesn't change.
        return SecondFactorRequired(detail, extensions={"code": SecondFactorRequired.code})
    return LogInRequired("Log in first.", headers={"www-authenticate": "Bearer"})


class IdentityFinder:
    """Finds who a request comes from."""

    def __init__(
        self,
        current: CurrentUser,
        bearers: Sequence[Bearer],
        demands: Sequence[Demand],
        doubts: Sequence[Doubt] = (),
    ) -> None:
        self._current = current
        self._bearers = bearers
        self._demands = demands
        self._doubts = doubts

    async def find(self, request: Request, session: Session) -> Identity:
        """The identity behind a token, else that of the session. Raises `Unauthorized` for a bad token."""
        if self._bearers:
            token = find_credentials(request, "bearer")
            if token is not None:
                return await self._find_bearer(token, request)
        if self._doubts and any(doubt(request, session) for doubt in self._doubts):
            return Identity(None)
        user = await self._current.find(session)
        if user is None or not self._current.is_impersonated(session):
            for demand in self._demands:
                if user is not None and not await demand.is_met(user, session):
                    return Identity(None, lacking=user)
            return Identity(user)
        # Whoever impersonates has met the demands as themselves, and may do all that this user may.
        by = await self._current.find_impersonator(session)
        # Both must be as they were when it was decided that the one may be in the other's place.
        is_same = by is not None and await self._current.has_same_rights(session, user)
        return Identity(user if is_same else None, by=by)

    async def _find_bearer(self, token: str, request: Request) -> Identity:
        for each in self._bearers:
            found = await each.find_identity(token, request)
            if found is not None and found.user is not None and found.user.is_active:
                return found
        # RFC 6750 §3.1. Also where a visitor would do: who sends a token means to be somebody.
        raise Unauthorized(
            "The token is not valid.", headers={"www-authenticate": 'Bearer error="invalid_token"'}
        )
