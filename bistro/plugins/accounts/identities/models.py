"""Which account at another site is whose here."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final

from bistro.db import Field, Model, Unique, auto, field

SUBJECT_LENGTH_MAX: Final = 255
"""OpenID Connect Core 1.0 §2: `sub` has at most 255 ASCII characters."""


class Identity(Model, table="bistro_identity", constraints=(Unique(("provider", "subject")),)):
    """An account at `provider`, known by `subject`, which never changes; an address there may."""

    __never_sent__: ClassVar[bool] = True

    id: Field[int] = auto()
    user_key: Field[str] = field(max_length=32, index=True)
    provider: Field[str] = field(max_length=40)
    subject: Field[str] = field(max_length=SUBJECT_LENGTH_MAX)
    email: Field[str] = field(default="", max_length=254)
    """As it was told last, for the user to tell accounts apart."""
    created_at: Field[datetime] = auto()
    used_at: Field[datetime | None] = field(default=None)
