"""An OpenID provider made of Bistro, on the loopback: honest by default, and able to lie in each part."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from bistro import App, Request
from bistro.http import FormData, Json, Response
from bistro.testing import LiveServer

CLIENT_ID, CLIENT_SECRET = "shop", "the secret of the shop"


class FakeProvider:
    """What it says is `claims`, put over an honest answer; `None` leaves a claim out."""

    def __init__(self) -> None:
        self.own_key: Any = ECKey.generate_key("P-256", {"kid": "one", "use": "sig"})
        self.issuer = ""
        self.begin_anew()

    def begin_anew(self) -> None:
        """Be honest again, with the key that sites may have kept."""
        self.key = self.own_key
        self.signing_key: Any = self.key
        self.algorithm = "ES256"
        self.claims: dict[str, Any] = {}
        self.description: dict[str, Any] = {}
        self.user_info: dict[str, Any] = {}
        self.token_answer: dict[str, Any] | None = None
        self.token_override: str | None = None
        self.codes: dict[str, dict[str, list[str]]] = {}
        self.log: list[str] = []
        self.subject, self.email = "248289761001", "ann@example.com"

    # --- what the site asks ---------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        self.log.append("description")
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/user",
            **self.description,
        }

    def keys(self) -> Any:
        self.log.append("keys")
        return KeySet([self.key]).as_dict(private=False)

    def exchange(self, fields: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Code for token, with all that RFC 6749 and RFC 7636 ask."""
        self.log.append("token")
        asked = self.codes.pop(fields.get("code", ""), None)
        digest = hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET.replace(' ', '%20')}".encode()).decode()
        plain = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        is_known = authorization in (f"Basic {basic}", f"Basic {plain}")
        is_known = is_known or fields.get("client_secret") == CLIENT_SECRET
        if (
            asked is None
            or not is_known
            or asked["redirect_uri"][0] != fields["redirect_uri"]
            or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"][0]
        ):
            return 400, {"error": "invalid_grant"}
        if self.token_answer is not None:
            return 200, self.token_answer
        return 200, {"access_token": "access", "token_type": "Bearer", "id_token": self.make_token(asked)}

    def make_token(self, asked: dict[str, list[str]]) -> str:
        if self.token_override is not None:
            return self.token_override
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"][0],
            "email": self.email,
            "email_verified": True,
            "name": "Ann",
            **self.claims,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.algorithm, "kid": self.signing_key.kid}
        return jwt.encode(header, told, self.signing_key, algorithms=[self.algorithm])

    # --- what the browser does ------------------------------------------------------------------

    def visit(self, url: str, **changed: str) -> str:
        """Go where the site has sent the browser, and come back: the path and query of the answer."""
        parts = urlsplit(url)
        asked = parse_qs(parts.query)
        code = f"code{len(self.codes)}-{time.monotonic_ns()}"
        self.codes[code] = asked
        back = urlsplit(asked["redirect_uri"][0])
        return f"{back.path}?{urlencode({'code': code, 'state': asked['state'][0], **changed})}"

    def come_back(self, url: str) -> str:
        """The whole address that a real browser is sent back to."""
        back = urlsplit(parse_qs(urlsplit(url).query)["redirect_uri"][0])
        return f"{back.scheme}://{back.netloc}{self.visit(url)}"


@contextmanager
def serve_provider(provider: FakeProvider) -> Iterator[FakeProvider]:
    """Serve it on the loopback; `issuer` is where."""
    app = App()

    @app.get("/.well-known/openid-configuration")
    def describe() -> Response:
        return Json(provider.describe())

    @app.get("/keys")
    def keys() -> Response:
        return Json(provider.keys())

    @app.post("/token", csrf=False)
    def exchange(data: FormData, request: Request) -> Response:
        fields = {name: data.fields[name] for name in data.fields}
        status, answer = provider.exchange(fields, request.headers.get("authorization", ""))
        return Json(answer, status=status)

    @app.get("/user")
    def user(request: Request) -> Response:
        provider.log.append("user")
        assert request.headers["authorization"] == "Bearer access"
        return Json(provider.user_info)

    @app.get("/authorize")
    def authorize(request: Request) -> Response:
        return Response(status=303, headers={"location": provider.come_back(str(request.url))})

    with LiveServer(app) as server:
        provider.issuer = server.url
        yield provider


def make_symmetric_key(text: str) -> OctKey:
    return OctKey.import_key(text, {"kid": "one"})


def make_other_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "one"})


def make_rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
