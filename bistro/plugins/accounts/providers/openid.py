"""OpenID Connect: a site describes itself, and signs who somebody is.

How it works. The description at `/.well-known/openid-configuration` (Discovery 1.0 §4) names the
addresses and keys; it is read at the first log-in and kept for an hour. The browser brings back a
code, the code gets an ID token, and the token is believed if everything in it is as Core 1.0 §3.1.3.7
asks: signed by a key of the issuer with an algorithm that only the issuer can sign with, made by this
issuer, for this site, now, and in answer to the question that this browser was sent with.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any  # Any: JSON of another site

from bistro.ground import Clock, Secret, SystemClock
from bistro.plugins.accounts.identities import SUBJECT_LENGTH_MAX, ExternalIdentity
from bistro.plugins.accounts.providers.discovery import Directory
from bistro.plugins.accounts.providers.oauth import authorization_url, exchange_code, read_token
from bistro.plugins.accounts.providers.provider import (
    Ask,
    Credentials,
    ProviderError,
    SignInFailed,
    check_credentials,
    find_credentials,
)
from bistro.plugins.accounts.providers.web import WebClient, WebFault, is_safe_url

LEEWAY_SECONDS = 60
GOOGLE = "https://accounts.google.com"


@dataclass(frozen=True)
class OpenIdProvider:
    """A site with OpenID Connect, found by its `issuer`, such as `https://id.example.com`."""

    name: str
    issuer: str
    label: str = ""
    scopes: Sequence[str] = ("openid", "email", "profile")
    client_id: str = ""
    client_secret: Secret | str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    """More of what the question says, such as `{"prompt": "select_account"}`."""
    clock: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", self.name.capitalize())

    def check(self) -> None:
        """Raises `ProviderError` (B981)."""
        check_credentials(self.name, self._credentials)
        if not is_safe_url(self.issuer) or "?" in self.issuer or "#" in self.issuer:
            raise ProviderError(
                f"{self.issuer!r} can't be an issuer",
                fix="Write it as it calls itself: https://id.example.com",
            )

    async def find_url(self, web: WebClient, ask: Ask) -> str:
        """Where the browser goes. Raises `SignInFailed`."""
        found = await self._directory.find(web)
        more = {**self.parameters, "nonce": ask.nonce}
        return authorization_url(found.authorize_at, self._credentials.client_id, self.scopes, ask, more)

    async def find_identity(self, web: WebClient, code: str, ask: Ask) -> ExternalIdentity:
        """Who it was. Raises `SignInFailed`."""
        found = await self._directory.find(web)
        answer = await exchange_code(
            web, found.token_at, self._credentials, code, ask, by_header=found.takes_header
        )
        claims = await self._directory.read(web, read_token(answer, "id_token"))
        self._check(claims, ask.nonce)
        if "email" not in claims and found.user_info_at:
            claims = {**await self._ask_more(web, found.user_info_at, answer, claims["sub"]), **claims}
        return ExternalIdentity(
            claims["sub"],
            str(claims.get("email") or ""),
            # Some send a text; only what says that it is true is believed.
            claims.get("email_verified") is True or claims.get("email_verified") == "true",
            str(claims.get("name") or claims.get("preferred_username") or ""),
        )

    def _check(self, claims: Mapping[str, Any], nonce: str) -> None:
        """Core 1.0 §3.1.3.7, points 2, 3, 4, 5, 9, 10 and 11. Raises `SignInFailed`."""
        now, audience, ours = self.clock.time(), claims.get("aud"), self._credentials.client_id
        audiences = audience if isinstance(audience, list) else [audience]
        subject = claims.get("sub")
        given = claims.get("nonce")
        wrong = {
            "issuer": claims.get("iss") != self.issuer,
            "audience": ours not in audiences,
            "party": claims.get("azp", ours if len(audiences) == 1 else None) != ours,
            "expiry": not _is_number(claims.get("exp")) or claims["exp"] <= now - LEEWAY_SECONDS,
            "time of making": not _is_number(claims.get("iat")) or claims["iat"] > now + LEEWAY_SECONDS,
            "nonce": not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()),
            "subject": not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LENGTH_MAX,
        }
        faults = [name for name, is_wrong in wrong.items() if is_wrong]
        if faults:
            raise SignInFailed(f"wrong in the ID token: {', '.join(faults)}")

    async def _ask_more(self, web: WebClient, at: str, answer: Any, subject: str) -> dict[str, Any]:
        try:
            found = await web.get_json(at, token=read_token(answer, "access_token"))
        except WebFault as error:
            raise SignInFailed(str(error)) from error
        # Core 1.0 §5.3.2: else somebody else's access token could have been put in.
        if not isinstance(found, dict) or found.get("sub") != subject:
            raise SignInFailed("the user info is of another subject")
        return found

    @property
    def _credentials(self) -> Credentials:
        return find_credentials(self.name, self.client_id, self.client_secret)

    @cached_property
    def _directory(self) -> Directory:
        return Directory(self.issuer, self.clock)


def google(client_id: str = "", client_secret: Secret | str | None = None) -> OpenIdProvider:
    """Google; by default with `GOOGLE_CLIENT_ID` and `GOOGLE_CLIENT_SECRET` of the environment."""
    return OpenIdProvider("google", GOOGLE, label="Google", client_id=client_id, client_secret=client_secret)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
