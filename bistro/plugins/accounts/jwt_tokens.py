"""JSON Web Tokens that another party has signed, such as an identity provider (RFC 7519, RFC 8725)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final  # Any: claims hold whatever JSON can

from bistro.app import Setup
from bistro.http import Request
from bistro.plugins.accounts.errors import AccountsError
from bistro.plugins.accounts.extras import require_extra
from bistro.plugins.accounts.identity import Identity
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.users import AbstractUser

LENGTH_MAX: Final = 8_192
LEEWAY_SECONDS: Final = 30
KEY_TYPES: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
SYMMETRIC: Final = frozenset(["HS256", "HS384", "HS512"])
Claims = Mapping[str, Any]


@dataclass(frozen=True)
class JwtTokens:
    """Take bearer tokens that somebody else has signed: `Accounts(methods=[JwtTokens(key, …)])`.

    `key` is the signer's public key, as PEM text or a JWK (a mapping, also of several: `{"keys": […]}`).
    Only `algorithms` are believed, whatever a token says of itself. `issuer` and `audience` must be
    those of the token, which must say when it ends. `find_user` gives the user for the claims; by
    default the user whose key is `sub`. The claim `scope` limits the token, as the scopes of
    `ApiTokens` do: routes that ask for none of them refuse it. Needs `bistro[jwt]`.
    """

    key: str | Mapping[str, Any]
    issuer: str
    audience: str
    algorithms: Sequence[str] = ("RS256", "ES256", "Ed25519")
    find_user: Callable[[Claims], Awaitable[AbstractUser | None]] | None = None

    def install(self, setup: Setup, site: AccountSite) -> None:
        """Let requests be made with them. Raises `AccountsError`."""
        is_secret = isinstance(self.key, Mapping) and self.key.get("kty") == "oct"
        if SYMMETRIC & set(self.algorithms) and not is_secret:
            # CVE-2015-9256 class: a public key taken for the secret of an HMAC.
            raise AccountsError(
                "JwtTokens: an HMAC needs a secret key of its own",
                fix='Give it as a JWK: {"kty": "oct", "k": "…"}, or name the algorithms of a public key.',
            )
        require_extra("JwtTokens", "jwt", "joserfc")
        site.bearers.append(JwtReader(self, site))


class JwtReader:
    """Checks tokens."""

    def __init__(self, plugin: JwtTokens, site: AccountSite) -> None:
        # Loaded late: an extra.
        from joserfc import jwk, jwt
        from joserfc.errors import JoseError

        self._plugin, self._site, self._jwt, self._error = plugin, site, jwt, JoseError
        key: Any = plugin.key
        if isinstance(key, Mapping) and "keys" in key:
            self._key: Any = jwk.KeySet.import_key_set(dict(key))  # type: ignore[arg-type]  # checked by it
        elif isinstance(key, Mapping):
            self._key = jwk.import_key(dict(key))
        else:
            kind: Any = KEY_TYPES[plugin.algorithms[0][:2]]
            self._key = jwk.import_key(key, kind)
        self._rules = jwt.JWTClaimsRegistry(
            now=lambda: int(site.clock.time()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": plugin.issuer},
            aud={"essential": True, "value": plugin.audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    def read(self, token: str) -> Claims | None:
        """The claims of a token; None for one that is not valid."""
        if len(token) > LENGTH_MAX:
            return None
        try:
            found = self._jwt.decode(token, self._key, algorithms=list(self._plugin.algorithms))
            self._rules.validate(found.claims)
        except (self._error, ValueError, TypeError):
            return None
        return found.claims

    async def find_identity(self, token: str, request: Request) -> Identity | None:
        """Whom a token stands for."""
        claims = self.read(token)
        if claims is None:
            return None
        if self._plugin.find_user is not None:
            user = await self._plugin.find_user(claims)
        else:
            model = self._site.model
            user = await model.objects.find(model.key == str(claims["sub"])[:64])
        # A claim that is there and says nothing, such as null, limits to nothing.
        return Identity(user, frozenset(str(claims.get("scope", "*")).split()))
