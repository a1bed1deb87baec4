"""What is kept of recovery codes; nothing of it lets somebody in who reads it."""

from __future__ import annotations

from typing import ClassVar

from bistro.db import Field, Model, field


class RecoveryCode(Model, table="bistro_recovery_code"):
    """A code that is taken once in place of a second factor. Only its hash is kept."""

    __never_sent__: ClassVar[bool] = True

    key: Field[str] = field(primary_key=True, max_length=64)
    user_key: Field[str] = field(max_length=32, index=True)
