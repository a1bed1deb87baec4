"""What an OpenID provider says of itself: addresses and keys, kept for a while."""

from __future__ import annotations

import asyncio
from typing import Any, Final  # Any: JSON of another site

from msgspec import Struct

from bistro.ground import Clock, run_in_thread
from bistro.plugins.accounts.providers.provider import SignInFailed
from bistro.plugins.accounts.providers.web import WebClient, WebFault, is_safe_url

KEPT_SECONDS: Final = 3_600
KEYS_ASKED_EACH_SECONDS: Final = 60
KEYS_MAX: Final = 100
# Only those that the issuer alone can sign with. With "none" or HS256 anybody could who knows the
# client secret, or a public key taken for one (CVE-2026-28802, RFC 8725 §2.1).
ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip


class Description(Struct, frozen=True):
    """The addresses of a provider."""

    authorize_at: str
    token_at: str
    keys_at: str
    user_info_at: str
    takes_header: bool
    """Whether the client secret goes into a header rather than into the form."""


class Directory:
    """Finds what a provider says of itself, and checks what it has signed."""

    def __init__(self, issuer: str, clock: Clock) -> None:
        self._issuer = issuer
        self._clock = clock
        self._found: Description | None = None
        self._found_at = 0.0
        self._keys: Any = None
        self._keys_at = 0.0
        self._lock = asyncio.Lock()

    async def find(self, web: WebClient) -> Description:
        """The addresses. Raises `SignInFailed`."""
        now = self._clock.monotonic()
        if self._found is None or now - self._found_at > KEPT_SECONDS:
            at = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                told = await web.get_json(at)
            except WebFault as error:
                raise SignInFailed(f"the provider does not describe itself: {error}") from error
            self._found, self._found_at = read_description(told, self._issuer), now
        return self._found

    async def read(self, web: WebClient, token: str) -> dict[str, Any]:
        """The claims of a token that the provider has signed. Raises `SignInFailed`."""
        found = await self.find(web)
        keys = await self._find_keys(web, found.keys_at, KEPT_SECONDS)
        claims = await run_in_thread(open_token, token, keys)
        if claims is None:
            # A key may be new; but whoever sends forged tokens must not make us ask each time.
            keys = await self._find_keys(web, found.keys_at, KEYS_ASKED_EACH_SECONDS)
            claims = await run_in_thread(open_token, token, keys)
        if claims is None:
            raise SignInFailed("the ID token is not signed by the provider")
        return claims

    async def _find_keys(self, web: WebClient, at: str, seconds: float) -> Any:
        async with self._lock:
            now = self._clock.monotonic()
            if self._keys is None or now - self._keys_at > seconds:
                try:
                    told = await web.get_json(at)
                except WebFault as error:
                    raise SignInFailed(f"the keys of the provider can't be read: {error}") from error
                self._keys, self._keys_at = await run_in_thread(read_keys, told), now
            return self._keys


def read_description(told: Any, issuer: str) -> Description:
    """The description, if it is of this issuer (Discovery 1.0 §4.3). Raises `SignInFailed`."""
    if not isinstance(told, dict) or told.get("issuer") != issuer:
        raise SignInFailed("the provider describes another issuer")
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
    urls = [str(told.get(name) or "") for name in names]
    for name, url in zip(names, urls, strict=True):
        # An issuer elsewhere must not lead to this machine, as one in a test may.
        is_led_here = issuer.lower().startswith("https:") and url.lower().startswith("http:")
        if (not is_safe_url(url) or is_led_here) and (url or name != "userinfo_endpoint"):
            raise SignInFailed(f"the {name} of the provider is not reached by https")
    ways = told.get("token_endpoint_auth_methods_supported")
    # Without the list it is the header (Discovery 1.0 §3).
    takes_header = not isinstance(ways, list) or "client_secret_basic" in ways
    return Description(urls[0], urls[1], urls[2], urls[3], takes_header)


def read_keys(told: Any) -> Any:
    """The public keys of a JWK set; those of unknown kinds are left out. Raises `SignInFailed`."""
    from joserfc.errors import JoseError
    from joserfc.jwk import JWKRegistry, KeySet

    listed = told.get("keys") if isinstance(told, dict) else None
    if not isinstance(listed, list) or len(listed) > KEYS_MAX:
        raise SignInFailed("the provider has no list of keys")
    keys: list[Any] = []
    for each in listed:
        is_public = isinstance(each, dict) and each.get("kty") in ("RSA", "EC", "OKP")
        if is_public and each.get("use", "sig") == "sig":
            try:
                keys.append(JWKRegistry.import_key(each))
            except (JoseError, ValueError, TypeError, KeyError):
                continue
    if not keys:
        raise SignInFailed("the provider has no key that it could sign with")
    return KeySet(keys)


def open_token(token: str, keys: Any) -> dict[str, Any] | None:
    """The claims of a token; None where none of the keys has signed it."""
    from joserfc import jwt
    from joserfc.errors import JoseError

    try:
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None
