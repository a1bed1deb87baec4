"""The second factors of users: set up, asked, taken away."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bistro.db import transaction
from bistro.ground import BadSignature, Clock, Keyring, Sealer
from bistro.plugins.accounts.recovery import RecoveryStore
from bistro.plugins.accounts.second_factor import CodeKind
from bistro.plugins.accounts.two_factor.codes import find_step
from bistro.plugins.accounts.two_factor.models import TotpDevice
from bistro.plugins.accounts.users import AbstractUser

FOR_EVER: Final = timedelta(days=36_500)


class TwoFactorStore:
    """Finds and changes what `TotpDevice` holds, together with recovery codes."""

    def __init__(self, keyring: Keyring, clock: Clock, recovery: RecoveryStore) -> None:
        self.recovery = recovery
        self._sealer = Sealer(keyring, "accounts totp secret")
        self._clock = clock

    def seal(self, user: AbstractUser, secret: str) -> str:
        """A secret as it is stored: readable with the site's key, and for this user only."""
        return self._sealer.seal(f"{user.key} {secret}")

    def open(self, user: AbstractUser, sealed: str) -> str | None:
        """The secret; None where it is not this user's, or was sealed with a key that is gone."""
        try:
            whose, _, secret = self._sealer.open(sealed, age_max=FOR_EVER).decode().partition(" ")
        except BadSignature:
            return None
        return secret if whose == user.key else None

    async def is_on(self, user: AbstractUser) -> bool:
        """Whether the user has set it up."""
        return await TotpDevice.objects.filter(TotpDevice.user_key == user.key).exists()

    async def begin(self, user: AbstractUser, secret: str, code: str) -> list[str] | None:
        """Set it up, if the app makes the right code; the recovery codes, which can't be shown again."""
        step = find_step(secret, code, self._clock.time())
        if step is None:
            return None
        async with transaction():
            await self.forget(user.key)
            await TotpDevice.objects.create(user_key=user.key, secret=self.seal(user, secret), last_step=step)
            return await self.recovery.renew(user.key)

    async def forget(self, user_key: str) -> None:
        """Forget the app."""
        await TotpDevice.objects.filter(TotpDevice.user_key == user_key).delete()

    async def use(self, user: AbstractUser, code: str) -> CodeKind | None:
        """What the code was of, if it is right; it is never right again."""
        device = await TotpDevice.objects.find(TotpDevice.user_key == user.key)
        if device is None:
            return None
        secret = self.open(user, device.secret)
        step = None if secret is None else find_step(secret, code, self._clock.time())
        if step is not None:
            # One statement decides: of two requests with one code, one is the second.
            unused = TotpDevice.objects.filter(TotpDevice.user_key == user.key, TotpDevice.last_step < step)
            return "app" if await unused.update(last_step=step) else None
        return "recovery code" if await self.recovery.use(user.key, code) else None
