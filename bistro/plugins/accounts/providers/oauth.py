"""OAuth 2 (RFC 6749) with PKCE (RFC 7636): what every provider begins with."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias  # Any: JSON of other sites
from urllib.parse import urlencode

from bistro.ground import Secret
from bistro.plugins.accounts.identities import ExternalIdentity
from bistro.plugins.accounts.providers.provider import (
    Ask,
    Credentials,
    ProviderError,
    SignInFailed,
    check_credentials,
    find_credentials,
)
from bistro.plugins.accounts.providers.web import WebClient, WebFault, is_safe_url

TOKEN_LENGTH_MAX: Final = 16_384

ReadIdentity: TypeAlias = Callable[[WebClient, str], Awaitable[ExternalIdentity]]
"""Asks a site who an access token is of. May raise `WebFault`, `SignInFailed`, KeyError and TypeError."""


@dataclass(frozen=True)
class OAuthProvider:
    """A site with OAuth 2 and no OpenID Connect: `read_identity` asks it who the access token is of."""

    name: str
    authorize_at: str
    token_at: str
    read_identity: ReadIdentity
    label: str = ""
    scopes: Sequence[str] = ()
    client_id: str = ""
    client_secret: Secret | str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    """More of what the question says, such as `{"prompt": "select_account"}`."""

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", self.name.capitalize())

    def check(self) -> None:
        """Raises `ProviderError` (B981)."""
        check_credentials(self.name, self._credentials)
        for url in (self.authorize_at, self.token_at):
            if not is_safe_url(url):
                raise ProviderError(f"{url!r} is not reached by https", fix="Write https://…")

    async def find_url(self, web: WebClient, ask: Ask) -> str:
        """Where the browser goes."""
        return authorization_url(
            self.authorize_at, self._credentials.client_id, self.scopes, ask, self.parameters
        )

    async def find_identity(self, web: WebClient, code: str, ask: Ask) -> ExternalIdentity:
        """Who it was. Raises `SignInFailed`."""
        answer = await exchange_code(web, self.token_at, self._credentials, code, ask)
        try:
            return await self.read_identity(web, read_token(answer, "access_token"))
        except (WebFault, KeyError, TypeError, ValueError) as error:
            raise SignInFailed(f"who it was can't be read: {type(error).__name__}: {error}") from error

    @property
    def _credentials(self) -> Credentials:
        return find_credentials(self.name, self.client_id, self.client_secret)


def authorization_url(
    at: str, client_id: str, scopes: Sequence[str], ask: Ask, more: Mapping[str, str]
) -> str:
    """The address that asks whether the site may know (RFC 6749 §4.1.1, RFC 7636 §4.3)."""
    digest = hashlib.sha256(ask.verifier.encode()).digest()
    query = {
        **more,
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": ask.redirect_uri,
        "scope": " ".join(scopes),
        "state": ask.state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return f"{at}{'&' if '?' in at else '?'}{urlencode(query)}"


async def exchange_code(
    web: WebClient, at: str, credentials: Credentials, code: str, ask: Ask, *, by_header: bool = False
) -> Any:
    """What a code is good for (RFC 6749 §4.1.3). Raises `SignInFailed`."""
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": ask.redirect_uri,
        "code_verifier": ask.verifier,
        "client_id": credentials.client_id,
    }
    secret = credentials.client_secret.reveal()
    if secret and not by_header:
        fields["client_secret"] = secret
    auth = (credentials.client_id, secret) if secret and by_header else None
    try:
        return await web.post_form(at, fields, auth=auth)
    except WebFault as error:
        raise SignInFailed(f"the code was not exchanged: {error}") from error


def read_token(answer: Any, name: str) -> str:
    """A token of an answer. Raises `SignInFailed`."""
    token = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(token, str) or not 0 < len(token) <= TOKEN_LENGTH_MAX or not token.isascii():
        raise SignInFailed(f"the answer has no {name}")
    return token
