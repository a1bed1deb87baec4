"""What another site must be able to do, and what it tells."""

from __future__ import annotations

import os
import re
from typing import Final, Protocol

from msgspec import Struct

from bistro.ground import Secret, SetupError
from bistro.plugins.accounts.identities import ExternalIdentity
from bistro.plugins.accounts.providers.web import WebClient

NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")


class ProviderError(SetupError):
    """If you see this: another site is set up without its client id, or at an address without https."""

    code = "B981"
    exit_code = 78


class SignInFailed(Exception):
    """A log-in with another site came to nothing; `args[0]` is for the log, not for the visitor."""


class Ask(Struct, frozen=True):
    """What goes along with a question to another site, to know the answer by."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str


class Provider(Protocol):
    """Another site that knows who somebody is."""

    @property
    def name(self) -> str:
        """In addresses and in the table: lower case letters, digits and hyphens."""
        ...

    @property
    def label(self) -> str:
        """What people call it."""
        ...

    def check(self) -> None:
        """Raise `ProviderError` where something is missing; called when the app starts."""
        ...

    async def find_url(self, web: WebClient, ask: Ask) -> str:
        """Where the browser goes to be asked. Raises `SignInFailed`."""
        ...

    async def find_identity(self, web: WebClient, code: str, ask: Ask) -> ExternalIdentity:
        """Who it was, by the code that the browser has brought back. Raises `SignInFailed`."""
        ...


class Credentials(Struct, frozen=True):
    """What the site itself is known by at another."""

    client_id: str
    client_secret: Secret


def find_credentials(name: str, client_id: str, client_secret: Secret | str | None) -> Credentials:
    """Those given, else those of the environment, such as `GOOGLE_CLIENT_ID`."""
    prefix = name.upper().replace("-", "_")
    secret = client_secret or os.environ.get(f"{prefix}_CLIENT_SECRET", "")
    return Credentials(
        client_id or os.environ.get(f"{prefix}_CLIENT_ID", ""),
        secret if isinstance(secret, Secret) else Secret(secret),
    )


def check_credentials(name: str, credentials: Credentials) -> None:
    """Raises `ProviderError` (B981) for a name that can't be one, or without a client id."""
    if not NAME.fullmatch(name):
        raise ProviderError(f"{name!r} can't be the name of a provider", fix='Write a word such as "work".')
    if not credentials.client_id:
        prefix = name.upper().replace("-", "_")
        raise ProviderError(
            f"signing in with {name} needs a client id",
            fix=f"Register the site there, and set {prefix}_CLIENT_ID and {prefix}_CLIENT_SECRET.",
        )
