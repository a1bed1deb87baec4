"""The users of a site: a model that is ready, and the base for one of your own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final  # Any: fields have values of every type

from bistro.db import Field, Model, auto, field
from bistro.plugins.accounts.names import EMAIL_LENGTH_MAX, FOLDED_LENGTH_MAX, NAME_LENGTH_MAX, fold

KEY_LENGTH: Final = 22


def make_key() -> str:
    """128 bits that no other user has, has had or will have."""
    return secrets.token_urlsafe(16)


class AbstractUser(Model, abstract=True):
    """What every user has; inherit from it for a model of your own, and say `Accounts(user=Member)`.

    Whatever lets somebody in, or names them to others, is private: it is in no JSON, and no client
    can set it through `User.Create` or `User.Update` (ASVS 5.0, 15.3.3).
    """

    # Never read from what a client sends, also where `Accounts` is not installed.
    __never_sent__: ClassVar[bool] = True
    __provided_by__: ClassVar[str] = "Accounts"

    id: Field[int] = auto()
    key: Field[str] = field(default_factory=make_key, unique=True, max_length=32, private=True)
    """Names the user in sessions, tokens and logs. Unlike `id` it never comes back after a deletion."""
    name: Field[str] = field(default="", max_length=NAME_LENGTH_MAX)
    """As others see it; where users log in by name, also what they type."""
    name_key: Field[str | None] = field(default=None, unique=True, max_length=FOLDED_LENGTH_MAX, private=True)
    """The name as it is compared, where users log in by it."""
    email: Field[str] = field(max_length=EMAIL_LENGTH_MAX, private=True)
    """As it was typed; mail goes here and nowhere else."""
    email_key: Field[str] = field(unique=True, max_length=FOLDED_LENGTH_MAX, private=True)
    """The address as it is compared."""
    password: Field[str] = field(default="", max_length=500, private=True)
    """The hash; empty for who has none and logs in by other means."""
    roles: Field[list[str]] = field(default_factory=list, private=True)
    """Names of roles, which give permissions; see `Accounts(roles=…)`."""
    is_superuser: Field[bool] = field(default=False, private=True)
    """Whether everything is permitted."""
    is_active: Field[bool] = field(default=True, private=True)
    """False locks somebody out at once, also where they are logged in."""
    verified_at: Field[datetime | None] = field(default=None, private=True)
    """When it was shown that the address is theirs."""
    logged_in_at: Field[datetime | None] = field(default=None, private=True)
    created_at: Field[datetime] = auto()

    def __str__(self) -> str:
        return self.name or self.email.partition("@")[0]

    @classmethod
    def __make_up__(cls, number: int, given: Mapping[str, Any]) -> dict[str, Any]:
        """What a `Factory` of tests gives a user: an address, and the key by which a log-in looks for it.

        Where users log in by name, the test gives them a `name_key` too.
        """
        email = given.get("email", f"user{number}@example.com")
        return {"email": email, "email_key": fold(email)}


class User(AbstractUser, table="bistro_user"):
    """A user, where the site needs no fields of its own; `ForeignKey[User]` names one."""
