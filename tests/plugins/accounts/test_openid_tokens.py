"""What an OpenID provider says and signs, without a socket: what is believed to the second, and what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from bistro.plugins.accounts.providers import (
    Ask,
    ExternalIdentity,
    OpenIdProvider,
    ProviderError,
    SignInFailed,
    WebClient,
)
from bistro.plugins.accounts.providers.discovery import KEYS_MAX, Description, read_description, read_keys
from bistro.plugins.accounts.providers.oauth import read_token
from bistro.plugins.accounts.providers.web import WebFault
from bistro.testing import FakeClock

ISSUER = "https://id.example.com"
KEY = ECKey.generate_key("P-256", {"kid": "one"})
ASK = Ask("https://shop.example/back", "state", "n" * 43, "v" * 64)
TOLD = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}


class FakeWeb(WebClient):
    """What stands at addresses, and what the code was exchanged with."""

    def __init__(self, token: str, pages: Mapping[str, Any]) -> None:
        self.token = token
        self.pages = pages
        self.asked: list[str] = []
        self.fields: Mapping[str, str] = {}
        self.auth: tuple[str, str] | None = None

    async def get_json(self, url: str, *, token: str = "") -> Any:
        self.asked.append(url)
        assert token == ("access" if url.endswith("/me") else "")
        if url not in self.pages:
            raise WebFault("not there")
        return self.pages[url]

    async def post_form(
        self, url: str, fields: Mapping[str, str], *, auth: tuple[str, str] | None = None
    ) -> Any:
        assert url == f"{ISSUER}/token"
        self.fields, self.auth = fields, auth
        return {"id_token": self.token, "access_token": "access"}


def provider(clock: FakeClock, issuer: str = ISSUER, **options: Any) -> OpenIdProvider:
    return OpenIdProvider("work", issuer, client_id="shop", client_secret="secret", clock=clock, **options)


def ask(changed: Mapping[str, Any], told: Mapping[str, Any] = TOLD, **pages: Any) -> Any:
    """Who it was, or why it can't be believed; and what was asked. None leaves a claim out."""
    clock = FakeClock()
    now = int(clock.time())
    claims = {
        "iss": ISSUER,
        "sub": "7",
        "aud": "shop",
        "iat": now,
        "exp": now + 300,
        "nonce": ASK.nonce,
        "email": "ann@example.com",
        "email_verified": True,
        "name": "Ann",
        **{
            name: now + value if name in ("iat", "exp") and type(value) in (int, float) else value
            for name, value in changed.items()
        },
    }
    honest = {name: value for name, value in claims.items() if value is not None}
    token = jwt.encode({"alg": "ES256", "kid": "one"}, honest, KEY)
    at = {
        f"{ISSUER}/.well-known/openid-configuration": told,
        f"{ISSUER}/keys": KeySet([KEY]).as_dict(private=False),
        **{f"{ISSUER}/{name}": page for name, page in pages.items()},
    }
    web = FakeWeb(token, at)
    try:
        return asyncio.run(provider(clock).find_identity(web, "the code", ASK)), web
    except SignInFailed as failed:
        return str(failed), web


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"aud": ["shop"]},
        {"aud": ["shop"], "azp": "shop"},
        {"aud": ["shop", "other"], "azp": "shop"},
        {"exp": -59},
        {"iat": 60},
        {"exp": 300.5, "iat": 0.5},
    ],
)
def test_token_that_is_as_the_standard_asks_is_believed(changed: dict[str, Any]) -> None:
    assert ask(changed)[0] == ExternalIdentity("7", "ann@example.com", True, "Ann")


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"iss": "https://id.example.com/"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": None}, "audience"),
        ({"aud": "Shop"}, "audience"),
        ({"aud": []}, "audience, party"),
        ({"aud": ["shop", "other"]}, "party"),
        ({"aud": ["shop", "other"], "azp": "other"}, "party"),
        ({"azp": "other"}, "party"),
        ({"exp": -60}, "expiry"),
        ({"exp": None}, "expiry"),
        ({"exp": "300"}, "expiry"),
        ({"exp": True}, "expiry"),
        ({"iat": 61}, "time of making"),
        ({"iat": None}, "time of making"),
        ({"iat": "0"}, "time of making"),
        ({"iat": True}, "time of making"),
        ({"nonce": None}, "nonce"),
        ({"nonce": ["n" * 43]}, "nonce"),
        ({"nonce": "n" * 42}, "nonce"),
        ({"sub": None}, "subject"),
        ({"sub": ""}, "subject"),
        ({"sub": "7" * 256}, "subject"),
        ({"sub": 7}, "subject"),
    ],
)
def test_token_with_one_wrong_claim_is_refused_for_just_that(changed: dict[str, Any], fault: str) -> None:
    assert ask(changed)[0] == f"wrong in the ID token: {fault}"


def test_longest_subject_is_one() -> None:
    assert ask({"sub": "7" * 255})[0].subject == "7" * 255


@pytest.mark.parametrize(
    ("said", "is_verified"), [(True, True), ("true", True), ("True", False), (1, False), (None, False)]
)
def test_address_is_confirmed_only_where_the_token_says_so(said: Any, is_verified: bool) -> None:
    assert ask({"email_verified": said})[0].is_email_verified is is_verified


@pytest.mark.parametrize(
    ("changed", "name"),
    [({"name": None}, ""), ({"name": None, "preferred_username": "ann"}, "ann"), ({"name": ""}, "")],
)
def test_name_is_what_the_token_says_first(changed: dict[str, Any], name: str) -> None:
    assert ask(changed)[0].name == name


def test_user_info_is_asked_only_where_there_is_no_address_and_a_page_for_it() -> None:
    told = {**TOLD, "userinfo_endpoint": f"{ISSUER}/me"}
    more = {"sub": "7", "email": "ann@work.example", "email_verified": True}
    found, web = ask({}, told, me=more)
    assert (found.email, f"{ISSUER}/me" in web.asked) == ("ann@example.com", False)
    without = {"email": None, "email_verified": None}
    assert ask(without, told, me=more)[0] == ExternalIdentity("7", "ann@work.example", True, "Ann")
    assert ask(without)[0] == ExternalIdentity("7", "", False, "Ann")
    for lie in ({**more, "sub": "8"}, {"email": "x"}, ["sub"], None):
        assert ask(without, told, me=lie)[0] == "the user info is of another subject"


@pytest.mark.parametrize(
    ("ways", "is_in_header"),
    [
        (None, True),
        (["client_secret_basic", "client_secret_post"], True),
        (["client_secret_post"], False),
        ("client_secret_post", True),
    ],
)
def test_secret_goes_where_the_provider_takes_it_and_nowhere_else(ways: Any, is_in_header: bool) -> None:
    _, web = ask({}, {**TOLD, "token_endpoint_auth_methods_supported": ways})
    assert web.auth == (("shop", "secret") if is_in_header else None)
    assert web.fields == {
        "grant_type": "authorization_code",
        "code": "the code",
        "redirect_uri": ASK.redirect_uri,
        "code_verifier": ASK.verifier,
        "client_id": "shop",
        **({} if is_in_header else {"client_secret": "secret"}),
    }


# --- what a provider says of itself ---------------------------------------------------------------------


def test_description_is_read_as_it_stands() -> None:
    assert read_description(TOLD, ISSUER) == Description(
        f"{ISSUER}/authorize", f"{ISSUER}/token", f"{ISSUER}/keys", "", True
    )


@pytest.mark.parametrize(
    "name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"]
)
def test_each_address_of_a_description_is_a_safe_one(name: str) -> None:
    fault = f"the {name} of the provider is not reached by https"
    # An issuer elsewhere must not lead to this machine: what listens here would be asked.
    for url in ("http://id.example.com/x", "http://localhost/x", "HTTP://127.0.0.1/x", "javascript:x", "x"):
        for issuer in (ISSUER, "HTTPS://ID.example.com"):
            with pytest.raises(SignInFailed) as failed:
                read_description({**TOLD, "issuer": issuer, name: url}, issuer)
            assert str(failed.value) == fault
    here = {key: value.replace("https://id.example.com", "http://localhost") for key, value in TOLD.items()}
    assert read_description({**here, name: "http://localhost/x"}, "http://localhost").takes_header


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_only_the_page_for_user_info_may_be_missing(name: str) -> None:
    with pytest.raises(SignInFailed, match=name):
        read_description({key: value for key, value in TOLD.items() if key != name}, ISSUER)


@pytest.mark.parametrize("told", [None, [], {}, {**TOLD, "issuer": f"{ISSUER}/"}, {**TOLD, "issuer": None}])
def test_description_of_another_issuer_is_not_believed(told: Any) -> None:
    with pytest.raises(SignInFailed, match="describes another issuer"):
        read_description(told, ISSUER)


def test_description_and_keys_are_read_again_after_an_hour() -> None:
    clock = FakeClock()
    work = provider(clock, f"{ISSUER}/")
    about, keys = f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/keys"
    token = jwt.encode({"alg": "ES256", "kid": "one"}, {"x": 1}, KEY)
    pages = {about: {**TOLD, "issuer": f"{ISSUER}/"}, keys: KeySet([KEY]).as_dict(private=False)}
    web = FakeWeb(token, pages)

    async def read() -> None:
        for seconds in (0, 3_600, 1):
            clock.advance(seconds)
            assert await work._directory.read(web, token) == {"x": 1}
        # A forged one has the keys asked for once a minute at most.
        for seconds in (0, 60, 1, 60):
            clock.advance(seconds)
            with pytest.raises(SignInFailed):
                await work._directory.read(web, "forged")

    asyncio.run(read())
    assert (web.asked.count(about), web.asked.count(keys)) == (2, 3)


def test_as_many_keys_as_anybody_has_are_read_and_not_one_more() -> None:
    listed = KeySet([KEY]).as_dict(private=False)["keys"]
    assert len(read_keys({"keys": listed * KEYS_MAX}).keys) == KEYS_MAX
    with pytest.raises(SignInFailed):
        read_keys({"keys": listed * (KEYS_MAX + 1)})


@pytest.mark.parametrize("token", [None, 7, "", "é", ["x"]])
def test_answer_without_a_token_is_refused(token: Any) -> None:
    for answer in ({"id_token": token}, token, [token]):
        with pytest.raises(SignInFailed, match="has no id_token"):
            read_token(answer, "id_token")


@pytest.mark.parametrize("issuer", ["https://id.example.com?x", "https://id.example.com#x", "http://id.example.com", "id"])  # fmt: skip
def test_issuer_is_the_plain_address_of_a_safe_site(issuer: str) -> None:
    with pytest.raises(ProviderError, match="can't be an issuer"):
        provider(FakeClock(), issuer).check()
    provider(FakeClock()).check()
