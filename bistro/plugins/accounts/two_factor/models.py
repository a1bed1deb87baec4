"""What is kept of second factors; nothing of it lets somebody in who reads it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from bistro.db import Field, Model, auto, field


class TotpDevice(Model, table="bistro_totp_device"):
    """The app that makes a user's codes."""

    __never_sent__: ClassVar[bool] = True

    user_key: Field[str] = field(primary_key=True, max_length=32)
    secret: Field[str] = field(max_length=500)
    """Sealed with the site's key, together with whose it is."""
    last_step: Field[int] = field(default=0)
    """The half minute of the last code that was taken: none is taken twice (RFC 6238 §5.2)."""
    created_at: Field[datetime] = auto()
