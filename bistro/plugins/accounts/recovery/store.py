"""The recovery codes of users: made, used, taken away."""

from __future__ import annotations

from bistro.db import transaction
from bistro.plugins.accounts.recovery.codes import hash_recovery_code, make_recovery_codes
from bistro.plugins.accounts.recovery.models import RecoveryCode


class RecoveryStore:
    """Finds and changes what `RecoveryCode` holds."""

    async def count(self, user_key: str) -> int:
        """How many are left."""
        return await RecoveryCode.objects.filter(RecoveryCode.user_key == user_key).count()

    async def renew(self, user_key: str) -> list[str]:
        """New ones, which can't be shown again; the old ones are worthless."""
        codes = make_recovery_codes()
        async with transaction():
            await self.forget(user_key)
            for code in codes:
                await RecoveryCode.objects.create(key=hash_recovery_code(user_key, code), user_key=user_key)
        return codes

    async def use(self, user_key: str, code: str) -> bool:
        """Whether the code is right; it is never right again."""
        key = hash_recovery_code(user_key, code)
        taken = RecoveryCode.objects.filter(RecoveryCode.key == key, RecoveryCode.user_key == user_key)
        return bool(await taken.delete())

    async def forget(self, user_key: str) -> None:
        """Delete those of a user who is deleted, or has no second factor any more."""
        await RecoveryCode.objects.filter(RecoveryCode.user_key == user_key).delete()
