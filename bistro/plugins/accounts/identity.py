"""Who a request comes from, and by what means: a session, or a token in its Authorization header."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from bistro.http import Forbidden, Request, Unauthorized
from bistro.plugins.accounts.credentials import find_credentials
from bistro.plugins.accounts.current import CurrentUser
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

    def has_scope(self, scope: str) -> bool:
        """Whether it is not limited, or to something that includes this."""
        return self.scopes is None or scope in self.scopes or "*" in self.scopes


class Bearer(Protocol):
    """A kind of token that programs send as `Authorization: Bearer …`."""

    async def find_identity(self, token: str, request: Request) -> Identity | None:
        """Whom the token stands for; None for a token of another kind, or one that is not valid."""
        ...


def refuse_others(identity: Identity) -> None:
    """Let in neither tokens nor who impersonates: for pages on which users change what lets them in."""
    if identity.scopes is not None or identity.by is not None:
        raise Forbidden("Only the users themselves may do this, logged in.")


class IdentityFinder:
    """Finds who a request comes from."""

    def __init__(self, current: CurrentUser, bearers: list[Bearer]) -> None:
        self._current = current
        self._bearers = bearers

    async def find(self, request: Request, session: Session) -> Identity:
        """The identity behind a token, else that of the session. Raises `Unauthorized` for a bad token."""
        if self._bearers:
            token = find_credentials(request, "bearer")
            if token is not None:
                return await self._find_bearer(token, request)
        user = await self._current.find(session)
        if user is None or not self._current.is_impersonated(session):
            return Identity(user)
        by = await self._current.find_impersonator(session)
        # Who impersonates must still be let in.
        return Identity(user if by is not None and by.is_active else None, by=by)

    async def _find_bearer(self, token: str, request: Request) -> Identity:
        for each in self._bearers:
            found = await each.find_identity(token, request)
            if found is not None and found.user is not None and found.user.is_active:
                return found
        # RFC 6750 §3.1. Also where a visitor would do: who sends a token means to be somebody.
        raise Unauthorized(
            "The token is not valid.", headers={"www-authenticate": 'Bearer error="invalid_token"'}
        )
