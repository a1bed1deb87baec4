"""What is kept of passkeys: public keys, which let nobody in who reads them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final

from bistro.db import Field, Model, auto, field

ID_LENGTH_MAX: Final = 1_400
"""A credential id has at most 1,023 bytes (WebAuthn Level 3 §4), in base 64."""
NAME_LENGTH_MAX: Final = 60


class Passkey(Model, table="bistro_passkey"):
    """A passkey of a user."""

    __never_sent__: ClassVar[bool] = True

    id: Field[int] = auto()
    user_key: Field[str] = field(max_length=32, index=True)
    name: Field[str] = field(max_length=NAME_LENGTH_MAX)
    """What the user calls it."""
    credential_id: Field[str] = field(unique=True, max_length=ID_LENGTH_MAX)
    public_key: Field[str] = field(max_length=4_000)
    sign_count: Field[int] = field(default=0)
    """Some devices count; one that counts backward is a copy."""
    created_at: Field[datetime] = auto()
    used_at: Field[datetime | None] = field(default=None)
