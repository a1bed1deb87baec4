"""Whose account here an identity elsewhere is.

An account is never given to whoever says an address: only the provider's own name for somebody opens
one. A new identity makes a new account, if the provider has confirmed the address and nobody has it
here; who has an account already connects the two while logged in to it. So neither a provider that
confirms nothing, nor an account made beforehand with somebody else's address, opens anything.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct

from bistro.db import UniqueViolation, transaction
from bistro.plugins.accounts.identities.models import Identity
from bistro.plugins.accounts.names import NAME_LENGTH_MAX, find_email_fault, find_name_fault, fold
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.users import AbstractUser


class ExternalIdentity(Struct, frozen=True):
    """Who somebody is elsewhere."""

    subject: str
    """What they are called there, for ever."""
    email: str = ""
    is_email_verified: bool = False
    name: str = ""


class Source(Protocol):
    """Where identities are known."""

    @property
    def name(self) -> str:
        """In the table: lower case letters, digits and hyphens."""
        ...

    @property
    def label(self) -> str:
        """What people call it."""
        ...


class Refusal(Exception):
    """Why nobody is logged in; `args[0]` is for the visitor."""


class Linking:
    """Finds, makes and removes what `Identity` holds."""

    def __init__(self, site: AccountSite, *, allows_sign_up: bool, trusts_addresses: bool = False) -> None:
        """With `trusts_addresses` an address opens the account that has it: see `CheckedBy`."""
        self._site = site
        self._allows_sign_up = allows_sign_up
        self._trusts_addresses = trusts_addresses

    async def find_or_make_user(self, provider: Source, who: ExternalIdentity) -> tuple[AbstractUser, bool]:
        """The user of an identity, and whether they are new. Raises `Refusal`."""
        user = await self._find_user(provider, who)
        if user is not None:
            return user, False
        user = await self._find_trusted(who)
        if user is not None:
            await self.connect(provider, who, user)
            return user, False
        self._check_sign_up(provider, who)
        try:
            async with transaction():
                user = await self._make_user(who)
                await self._keep(provider, who, user)
        except UniqueViolation:
            # Another request with the same identity was quicker, or somebody has this address.
            found = await self._find_user(provider, who)
            if found is None:
                raise Refusal(
                    f"There is an account with the address {who.email} already. "
                    f"Log in to it, and connect {provider.label} there."
                ) from None
            return found, False
        return user, True

    async def connect(self, provider: Source, who: ExternalIdentity, user: AbstractUser) -> None:
        """Let this identity open the user's account from now on.

        Raises `Refusal`, and `Conflict` (409) where they have got another password since `user` was read.
        """
        try:
            async with self._site.same_password(user):
                await self._keep(provider, who, user)
        except UniqueViolation:
            found = await self._find_user(provider, who)
            if found is None or found.key != user.key:
                raise Refusal(
                    f"This account at {provider.label} is connected to another account here."
                ) from None

    async def count(self, user: AbstractUser) -> int:
        """How many identities open the user's account."""
        return await Identity.objects.filter(Identity.user_key == user.key).count()

    async def remove(self, user: AbstractUser, id: int) -> Identity | None:
        """Disconnect one of the user's own. Raises `Refusal` for the last, where there is no password."""
        async with transaction():
            own = await Identity.objects.filter(Identity.user_key == user.key)
            found = next((each for each in own if each.id == id), None)
            if found is not None:
                if len(own) == 1 and not user.password:
                    raise Refusal("Choose a password first: without this you could not log in any more.")
                await Identity.objects.filter(Identity.id == id, Identity.user_key == user.key).delete()
            return found

    async def _find_user(self, provider: Source, who: ExternalIdentity) -> AbstractUser | None:
        found = await Identity.objects.find(
            Identity.provider == provider.name, Identity.subject == who.subject
        )
        if found is None:
            return None
        model = self._site.model
        user = await model.objects.find(model.key == found.user_key)
        if user is None:
            # The account was deleted; the identity may make a new one.
            await Identity.objects.filter(Identity.id == found.id).delete()
            return None
        if not user.is_active:
            raise Refusal("This account is locked.")
        now = datetime.fromtimestamp(self._site.clock.time(), UTC)
        await Identity.objects.filter(Identity.id == found.id).update(used_at=now, email=shown_email(who))
        return user

    async def _find_trusted(self, who: ExternalIdentity) -> AbstractUser | None:
        folded = fold(who.email)
        if not self._trusts_addresses or not who.is_email_verified or not folded:
            return None
        model = self._site.model
        user = await model.objects.find(model.email_key == folded)
        if user is not None and not user.is_active:
            raise Refusal("This account is locked.")
        return user

    def _check_sign_up(self, provider: Source, who: ExternalIdentity) -> None:
        if not self._allows_sign_up:
            raise Refusal(
                f"No account here is connected to this one at {provider.label}. "
                "Log in to yours first, and connect the two there."
            )
        if not who.is_email_verified or find_email_fault(who.email) is not None:
            raise Refusal(f"{provider.label} has not confirmed an e-mail address of yours.")

    async def _make_user(self, who: ExternalIdentity) -> AbstractUser:
        now = datetime.fromtimestamp(self._site.clock.time(), UTC)
        name = self._find_name(who)
        return await self._site.create_user(who.email, None, name=name, verified_at=now)

    def _find_name(self, who: ExternalIdentity) -> str:
        plain = " ".join(who.name.split())[: NAME_LENGTH_MAX - 10]
        is_name = find_name_fault(plain) is None
        if self._site.log_in_with == "email":
            return plain if is_name else ""
        # What people log in by must be one of a kind.
        return f"{plain if is_name else 'user'} {secrets.token_hex(4)}"

    async def _keep(self, provider: Source, who: ExternalIdentity, user: AbstractUser) -> None:
        await Identity.objects.create(
            user_key=user.key, provider=provider.name, subject=who.subject, email=shown_email(who)
        )


def shown_email(who: ExternalIdentity) -> str:
    """The address as it is kept for the user to see."""
    return who.email if find_email_fault(who.email) is None else ""
