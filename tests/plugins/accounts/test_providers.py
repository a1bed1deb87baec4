"""Log in with another site: there and back, whose account it is, and every lie on the way."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt

from bistro import App
from bistro.ground import SystemClock
from bistro.plugins import Accounts, Database, SignInWith, TwoFactor
from bistro.plugins.accounts.extras import MissingAccountsExtra
from bistro.plugins.accounts.providers import (
    ExternalIdentity,
    OAuthProvider,
    OpenIdProvider,
    ProviderError,
    WebClient,
    github,
    google,
)
from bistro.plugins.accounts.providers.discovery import KEYS_MAX, read_keys
from bistro.plugins.accounts.providers.provider import SignInFailed
from bistro.plugins.accounts.providers.web import WebFault, is_safe_url
from bistro.testing import FakeClock
from bistro.testing.response import ClientResponse
from tests.plugins.accounts.identity_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    FakeProvider,
    make_other_key,
    make_rsa_key,
    make_symmetric_key,
    serve_provider,
)
from tests.plugins.accounts.support import EMAIL, HTML, Site, site_with, who_routes
from tests.plugins.accounts.test_two_factor import set_up


@pytest.fixture(scope="module")
def served() -> Iterator[FakeProvider]:
    with serve_provider(FakeProvider()) as made:
        yield made


@pytest.fixture
def work(served: FakeProvider) -> FakeProvider:
    served.begin_anew()
    return served


def provider_of(work: FakeProvider, name: str = "work") -> OpenIdProvider:
    return OpenIdProvider(name, work.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)


@contextmanager
def site_for(work: FakeProvider, *more: Any, **options: Any) -> Iterator[Site]:
    with site_with(add=who_routes, methods=[SignInWith([provider_of(work)], **options), *more]) as site:
        yield site


@pytest.fixture
def site(work: FakeProvider) -> Iterator[Site]:
    with site_for(work) as made:
        yield made


@pytest.fixture(scope="module")
def kept_site(served: FakeProvider) -> Iterator[Site]:
    with site_for(served) as made:
        yield made


@pytest.fixture
def refusing(kept_site: Site, work: FakeProvider) -> Site:
    """A site that several tests share, since it is to let nobody in; making one takes a while."""
    kept_site.client.cookies.clear()
    kept_site.clock.advance(3_600)
    return kept_site


def leave(site: Site, path: str = "/accounts/with/work?next=/me") -> str:
    answer = site.client.get(path)
    assert answer.status == 303, answer.text
    return answer.headers["location"]


def sign_in(site: Site, work: FakeProvider, **changed: str) -> ClientResponse:
    return site.client.get(work.visit(leave(site), **changed), headers=HTML)


def connect(site: Site, work: FakeProvider) -> ClientResponse:
    answer = site.client.post("/accounts/with/work")
    return site.client.get(work.visit(answer.headers["location"]), headers=HTML)


def test_first_log_in_makes_an_account_and_the_next_ones_open_it(site: Site, work: FakeProvider) -> None:
    answer = sign_in(site, work)
    assert (answer.status, answer.headers["location"]) == (303, "/me")
    assert site.client.get("/me").text == EMAIL
    site.client.cookies.clear()
    work.email = "new@example.com"  # the address there may change
    sign_in(site, work)
    assert site.client.get("/me").text == EMAIL
    assert site.events() == ["signed up", "logged in", "logged in"]


def test_question_says_what_the_standards_ask(refusing: Site, work: FakeProvider) -> None:
    url = leave(refusing)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert url.startswith(f"{work.issuer}/authorize?")
    assert asked["response_type"] == "code"
    assert asked["client_id"] == CLIENT_ID
    assert asked["scope"] == "openid email profile"
    assert asked["redirect_uri"] == "http://localhost/accounts/with/work/callback"
    assert asked["code_challenge_method"] == "S256"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) == 43
    assert asked["state"] != asked["nonce"]
    assert CLIENT_SECRET.replace(" ", "+") not in url


def test_log_in_page_has_a_link_that_keeps_where_to_go(refusing: Site) -> None:
    page = refusing.client.get("/accounts/log-in?next=/me", headers=HTML).text
    assert '<a href="/accounts/with/work?next=%2Fme">Log in with Work</a>' in page


def test_log_in_leads_to_no_other_site(site: Site, work: FakeProvider) -> None:
    url = leave(site, "/accounts/with/work?next=https://evil.example")
    assert site.client.get(work.visit(url)).headers["location"] == "/"


def test_description_and_keys_are_asked_for_once(site: Site, work: FakeProvider) -> None:
    for _ in range(3):
        sign_in(site, work)
    assert [work.log.count(each) for each in ("description", "keys", "token")] == [1, 1, 3]


def test_second_factor_is_asked_behind_it(work: FakeProvider) -> None:
    with site_for(work, TwoFactor()) as site:
        site.add_user()
        set_up(site)
        connect(site, work)
        site.client.cookies.clear()
        assert sign_in(site, work).headers["location"] == "/accounts/two-factor/check"
        assert site.client.get("/me").status == 401


# --- whose account it is ------------------------------------------------------------------------------


def test_account_of_the_same_address_is_not_opened(site: Site, work: FakeProvider) -> None:
    site.add_user()
    answer = sign_in(site, work)
    assert answer.status == 422
    assert "There is an account with the address ann@example.com already." in answer.text
    assert site.client.get("/me").status == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "yes"},
        {"email_verified": 1},
        {"email": ""},
        {"email": "no address"},
        {"email": "ann@example.com\r\nBcc: eve@example.com"},
        {"email": ["ann@example.com"]},
    ],
)
def test_address_that_nobody_has_confirmed_makes_no_account(
    refusing: Site, work: FakeProvider, claims: dict[str, Any]
) -> None:
    work.claims = claims
    work.user_info = {"sub": work.subject}
    answer = sign_in(refusing, work)
    assert (answer.status, "has not confirmed" in answer.text) == (422, True)


def test_without_sign_up_only_connected_accounts_are_opened(work: FakeProvider) -> None:
    with site_for(work, sign_up=False) as site:
        assert "No account here is connected" in sign_in(site, work).text
        site.add_user("bob@example.com")
        site.log_in("bob@example.com")
        assert connect(site, work).headers["location"] == "/accounts/with"
        site.client.cookies.clear()
        sign_in(site, work)
        assert site.client.get("/me").text == "bob@example.com"


def test_connected_accounts_are_listed_and_disconnected(site: Site, work: FakeProvider) -> None:
    site.add_user("bob@example.com")
    site.log_in("bob@example.com")
    connect(site, work)
    page = site.client.get("/accounts/with").text
    assert "<td>Work</td><td>ann@example.com</td>" in page
    assert site.client.post("/accounts/with/remove", data={"id": "1"}).status == 303
    site.client.cookies.clear()
    assert sign_in(site, work).headers["location"] == "/me"
    assert site.client.get("/me").text == EMAIL  # an account of its own


def test_identity_opens_one_account_only(site: Site, work: FakeProvider) -> None:
    sign_in(site, work)
    site.client.cookies.clear()
    site.add_user("bob@example.com")
    site.log_in("bob@example.com")
    assert "connected to another account" in connect(site, work).text


def test_connecting_twice_is_no_fault(site: Site, work: FakeProvider) -> None:
    sign_in(site, work)
    assert connect(site, work).status == 303


def test_last_way_in_is_not_taken_away(site: Site, work: FakeProvider) -> None:
    sign_in(site, work)
    answer = site.client.post("/accounts/with/remove", data={"id": "1"})
    assert (answer.status, "Choose a password first" in answer.text) == (422, True)


def test_nobody_disconnects_what_is_somebody_elses(site: Site, work: FakeProvider) -> None:
    sign_in(site, work)
    site.client.cookies.clear()
    site.add_user("bob@example.com")
    site.log_in("bob@example.com")
    for wrong in ("1", "", "x", "-1", "9" * 30):
        assert site.client.post("/accounts/with/remove", data={"id": wrong}).status == 303
    site.client.cookies.clear()
    sign_in(site, work)
    assert site.client.get("/me").text == EMAIL


def test_number_of_somebody_elses_connection_takes_none_of_ones_own_away(
    site: Site, work: FakeProvider
) -> None:
    sign_in(site, work)
    site.client.cookies.clear()
    site.add_user("bob@example.com")
    site.log_in("bob@example.com")
    work.subject, work.email = "another", "bob@work.example"
    connect(site, work)
    assert site.client.post("/accounts/with/remove", data={"id": "1"}).status == 303
    assert "method removed" not in site.events()
    assert "bob@work.example" in site.client.get("/accounts/with").text
    assert site.client.post("/accounts/with/remove", data={"id": "2"}).status == 303
    assert site.events()[-1] == "method removed"
    assert "bob@work.example" not in site.client.get("/accounts/with").text


def test_answer_for_a_connection_is_good_for_the_same_user_only(site: Site, work: FakeProvider) -> None:
    site.add_user("bob@example.com")
    site.add_user("eve@example.com")
    site.log_in("bob@example.com")
    url = site.client.post("/accounts/with/work").headers["location"]
    site.log_in("eve@example.com")
    assert site.client.get(work.visit(url), headers=HTML).status == 422
    site.client.cookies.clear()
    sign_in(site, work)
    assert site.client.get("/me").text == EMAIL


def test_user_who_was_locked_out_stays_out(site: Site, work: FakeProvider) -> None:
    sign_in(site, work)
    site.client.cookies.clear()
    site.change_user(is_active=False)
    assert "locked" in sign_in(site, work).text
    assert site.client.get("/me").status == 401


def test_deleted_account_can_be_made_anew(site: Site, work: FakeProvider) -> None:
    sign_in(site, work)
    site.client.cookies.clear()
    site.change_user()
    assert sign_in(site, work).headers["location"] == "/me"


@pytest.mark.parametrize("name", ["Ann", "", "a@b", "x" * 400, "A\u202eB"])
def test_site_that_logs_in_by_name_finds_one(work: FakeProvider, name: str) -> None:
    work.claims = {"name": name}
    methods = [SignInWith([provider_of(work)])]
    with site_with(add=who_routes, methods=methods, log_in_with="name") as site:
        sign_in(site, work)
        assert site.client.get("/me").text == EMAIL


# --- forged, expired, replayed, swapped ---------------------------------------------------------------

NOW = 4_000_000_000
LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "for another site": {"aud": "another"},
    "for several, and another party": {"aud": [CLIENT_ID, "another"], "azp": "another"},
    "for several, and nobody says which": {"aud": [CLIENT_ID, "another"]},
    "another party": {"azp": "another"},
    "expired": {"exp": 1_000_000_000},
    "never expires": {"exp": None},
    "expiry in words": {"exp": "tomorrow"},
    "made in the future": {"iat": NOW},
    "another nonce": {"nonce": "x" * 43},
    "no nonce": {"nonce": None},
    "nonce is a number": {"nonce": 7},
    "no subject": {"sub": None},
    "subject is a number": {"sub": 7},
    "empty subject": {"sub": ""},
    "subject too long": {"sub": "x" * 256},
}


@pytest.mark.parametrize("lie", LIES)
def test_token_with_a_wrong_claim_is_refused(refusing: Site, work: FakeProvider, lie: str) -> None:
    work.claims = LIES[lie]
    answer = sign_in(refusing, work)
    assert (answer.status, "could not be logged in with Work" in answer.text) == (422, True)
    assert refusing.client.get("/me").status == 401
    assert refusing.events()[-1] == "log-in failed"


def test_token_signed_by_another_key_is_refused(refusing: Site, work: FakeProvider) -> None:
    work.signing_key = make_other_key()
    assert sign_in(refusing, work).status == 422


@pytest.mark.parametrize("secret", [CLIENT_SECRET, "public key"])
def test_token_signed_with_what_others_know_is_refused(
    refusing: Site, work: FakeProvider, secret: str
) -> None:
    """CVE-2016-10555: HS256, with the client secret or the public key as the secret."""
    text = secret if secret == CLIENT_SECRET else str(work.key.as_dict(private=False)["x"])
    work.algorithm, work.signing_key = "HS256", make_symmetric_key(text.ljust(64, "x"))
    assert sign_in(refusing, work).status == 422


@pytest.mark.parametrize(
    "token",
    [
        # CVE-2026-28802: alg none, in any case.
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
        "eyJhbGciOiJOb05lIn0.eyJzdWIiOiJ4In0.",
        "",
        "x",
        "...",
        "a.b",
        "a.b.c.d.e",
        "é",
        "x" * 20_000,
    ],
)
def test_what_is_no_signed_token_is_refused(refusing: Site, work: FakeProvider, token: str) -> None:
    work.token_override = token
    assert sign_in(refusing, work).status == 422


def test_token_that_brings_its_own_key_is_refused(refusing: Site, work: FakeProvider) -> None:
    """CVE-2018-0114: the header holds a key, and a careless reader believes it."""
    other = make_other_key()
    header = {"alg": "ES256", "jwk": other.as_dict(private=False), "kid": "one"}
    work.token_override = jwt.encode(header, {"sub": "x"}, other)
    assert sign_in(refusing, work).status == 422


def test_answer_of_another_browser_is_refused(refusing: Site, work: FakeProvider) -> None:
    """Log-in CSRF: somebody would use an account that is not theirs."""
    back = work.visit(leave(refusing))
    refusing.client.cookies.clear()
    assert refusing.client.get(back).status == 422
    leave(refusing)
    assert refusing.client.get(back).status == 422
    assert "token" not in work.log


def test_answer_is_taken_once(site: Site, work: FakeProvider) -> None:
    back = work.visit(leave(site))
    assert site.client.get(back).status == 303
    assert site.client.get(back).status == 422
    assert work.log.count("token") == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"state": ""},
        {"state": "x" * 43},
        {"state": "é"},
        {"code": ""},
        {"code": "x" * 5_000},
        {"code": "unknown"},
        {"error": "access_denied"},
        {"iss": "https://evil.example"},
    ],
)
def test_changed_answer_is_refused(refusing: Site, work: FakeProvider, changed: dict[str, str]) -> None:
    assert sign_in(refusing, work, **changed).status == 422
    assert refusing.client.get("/me").status == 401


def test_answer_is_too_late_after_ten_minutes(refusing: Site, work: FakeProvider) -> None:
    back = work.visit(leave(refusing))
    refusing.clock.advance(601)
    assert refusing.client.get(back).status == 422


def test_answer_of_one_provider_is_not_taken_for_another(work: FakeProvider) -> None:
    """Mix-up (RFC 9207): the state is right, the provider is another."""
    methods = [SignInWith([provider_of(work), provider_of(work, "other")])]
    with site_with(add=who_routes, methods=methods) as site:
        back = work.visit(leave(site)).replace("/with/work/", "/with/other/")
        assert site.client.get(back).status == 422
        assert "token" not in work.log


@pytest.mark.parametrize(
    "description",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": ""},
        {"jwks_uri": "file:///etc/passwd"},
        {"userinfo_endpoint": "http://10.0.0.1/"},
        {"token_endpoint": 7},
    ],
)
def test_description_that_is_not_its_own_or_not_safe_is_refused(
    site: Site, work: FakeProvider, description: dict[str, Any]
) -> None:
    work.description = description
    answer = site.client.get("/accounts/with/work")
    assert (answer.status, "can't be reached" in answer.text.replace("&#39;", "'")) == (503, True)


@pytest.mark.parametrize(
    "listed",
    [
        {"keys": []},
        {"keys": "none"},
        {"keys": [7, None, "x", {}, {"kty": "oct", "k": "AAAA"}]},
        {"keys": [{"kty": "EC", "crv": "P-256", "x": "AAAA"}, {"kty": "RSA", "n": 7, "e": "AQAB"}]},
        [],
        None,
    ],
)
def test_list_without_a_key_that_can_sign_lets_nobody_in(
    site: Site, work: FakeProvider, listed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "keys", lambda: listed)
    assert sign_in(site, work).status == 422
    assert site.client.get("/me").status == 401


def test_key_that_is_for_encryption_or_more_keys_than_anybody_has_are_not_believed(
    work: FakeProvider,
) -> None:
    own = work.own_key.as_dict(private=False)
    for listed in ({"keys": [{**own, "use": "enc"}]}, {"keys": [own] * (KEYS_MAX + 1)}):
        with pytest.raises(SignInFailed):
            read_keys(listed)
    broken = {"kty": "EC", "crv": "P-256", "x": "AAAA"}
    assert len(read_keys({"keys": [broken, {"kty": "unknown"}, own]}).keys) == 1


def test_keys_that_cannot_be_read_let_nobody_in(site: Site, work: FakeProvider) -> None:
    work.description = {"jwks_uri": f"{work.issuer}/nowhere"}
    assert sign_in(site, work).status == 422


def test_user_info_that_cannot_be_read_lets_nobody_in(site: Site, work: FakeProvider) -> None:
    work.claims = {"email": None, "email_verified": None}
    work.description = {"userinfo_endpoint": f"{work.issuer}/nowhere"}
    assert sign_in(site, work).status == 422


def test_user_info_puts_nothing_over_what_the_token_says(site: Site, work: FakeProvider) -> None:
    work.claims = {"email": None, "email_verified": False}
    work.user_info = {"sub": work.subject, "email": EMAIL, "email_verified": True}
    assert "has not confirmed" in sign_in(site, work).text


def test_provider_that_is_down_is_a_page_and_no_error() -> None:
    with site_with(
        methods=[SignInWith([OpenIdProvider("work", "http://127.0.0.1:9", client_id="x")])]
    ) as site:
        assert site.client.get("/accounts/with/work").status == 503


def test_new_key_is_found_but_asked_for_once_a_minute_at_most(work: FakeProvider) -> None:
    clock = FakeClock()
    clock.set(datetime.now(UTC))
    provider = OpenIdProvider(
        "work", work.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, clock=clock
    )
    with site_with(add=who_routes, methods=[SignInWith([provider])]) as site:
        assert sign_in(site, work).status == 303
        work.key = work.signing_key = make_rsa_key()
        work.algorithm = "RS256"
        for _ in range(3):
            assert sign_in(site, work).status == 422
        assert work.log.count("keys") == 1
        clock.advance(61)
        clock.set(datetime.now(UTC))  # the provider's tokens are of the real time
        assert sign_in(site, work).status == 303
        assert work.log.count("keys") == 2


def test_address_may_come_from_the_user_info_of_the_same_subject(site: Site, work: FakeProvider) -> None:
    work.claims = {"email": None, "email_verified": None}
    work.user_info = {"sub": "somebody else", "email": EMAIL, "email_verified": True}
    assert sign_in(site, work).status == 422
    work.user_info["sub"] = work.subject
    assert sign_in(site, work).status == 303
    assert site.client.get("/me").text == EMAIL


def test_unknown_provider_is_a_404(refusing: Site) -> None:
    assert refusing.client.get("/accounts/with/nobody").status == 404
    assert refusing.client.get("/accounts/with/nobody/callback").status == 404


def test_sending_browsers_away_is_limited_by_address(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a new session of a visitor, which takes up room."""
    # With each second there is one more: here they take none, however busy the machine is.
    monkeypatch.setattr(SystemClock, "monotonic", FakeClock().monotonic)
    statuses = []
    for _ in range(61):
        site.client.cookies.clear()
        statuses.append(site.client.get("/accounts/with/work").status)
    assert statuses == [303] * 60 + [429]


def test_secret_goes_into_the_form_where_the_provider_says_so(site: Site, work: FakeProvider) -> None:
    work.description = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert sign_in(site, work).status == 303


# --- OAuth 2 ------------------------------------------------------------------------------------------


def test_site_with_oauth_only_says_by_its_own_interface_who_it_was(work: FakeProvider) -> None:
    work.token_answer = {"access_token": "access"}
    work.user_info = {"id": 7, "mail": "ann@example.com"}

    async def read(web: WebClient, token: str) -> ExternalIdentity:
        user = await web.get_json(f"{work.issuer}/user", token=token)
        return ExternalIdentity(str(user["id"]), user["mail"], is_email_verified=True)

    provider = OAuthProvider(
        "work", f"{work.issuer}/authorize", f"{work.issuer}/token", read,
        client_id=CLIENT_ID, client_secret=CLIENT_SECRET,
    )  # fmt: skip
    with site_with(add=who_routes, methods=[SignInWith([provider])]) as site:
        assert sign_in(site, work).status == 303
        assert site.client.get("/me").text == EMAIL
        work.user_info = {}
        assert sign_in(site, work).status == 422
        work.token_answer = {"error": "bad"}
        assert sign_in(site, work).status == 422


class FakeWeb(WebClient):
    def __init__(self, user: Any, emails: Any) -> None:
        self.answers = {"https://api.github.com/user": user, "https://api.github.com/user/emails": emails}

    async def get_json(self, url: str, *, token: str = "") -> Any:
        assert token == "access"
        return self.answers[url]


PRIMARY = {"email": "ann@example.com", "primary": True, "verified": True}


@pytest.mark.parametrize(
    ("emails", "email", "is_verified"),
    [
        (
            [{"email": "old@example.com", "primary": False, "verified": True}, PRIMARY],
            "ann@example.com",
            True,
        ),
        ([{**PRIMARY, "verified": False}], "ann@example.com", False),
        ([], "", False),
    ],
)
def test_github_is_known_by_its_number_and_its_primary_address(
    emails: Any, email: str, is_verified: bool
) -> None:
    web = FakeWeb({"id": 583231, "login": "octocat", "name": None}, emails)
    who = asyncio.run(github("id", "secret").read_identity(web, "access"))
    assert who == ExternalIdentity("583231", email, is_verified, "octocat")


def test_presets_take_their_credentials_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for made in (github(), google()):
        with pytest.raises(ProviderError, match=f"{made.name.upper()}_CLIENT_ID"):
            made.check()
        monkeypatch.setenv(f"{made.name.upper()}_CLIENT_ID", "x")
        made.check()


@pytest.mark.parametrize(
    "issuer", ["http://id.example.com", "id.example.com", "https://id.example.com?x=1", ""]
)
def test_issuer_without_https_stops_the_start(issuer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")
    method = SignInWith([OpenIdProvider("work", issuer, client_id="x")])
    with pytest.raises(ProviderError):
        App(Database("sqlite://"), Accounts(methods=[method])).freeze()


@pytest.mark.parametrize("name", ["", "Work", "a b", "../x", "a/b", "wörk", "x\n"])
def test_name_that_cannot_stand_in_an_address_stops_the_start(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "testing")
    method = SignInWith([OpenIdProvider(name, "https://id.example.com", client_id="x")])
    with pytest.raises(ProviderError, match="can't be the name"):
        App(Database("sqlite://"), Accounts(methods=[method])).freeze()


@pytest.mark.parametrize("at", ["authorize_at", "token_at"])
def test_oauth_without_https_stops_the_start(at: str) -> None:
    async def read(web: WebClient, token: str) -> ExternalIdentity:
        raise NotImplementedError

    urls = {"authorize_at": "https://id.example/a", "token_at": "https://id.example/t"}
    OAuthProvider("work", **urls, read_identity=read, client_id="x").check()
    with pytest.raises(ProviderError, match="not reached by https"):
        OAuthProvider("work", **{**urls, at: "http://id.example/"}, read_identity=read, client_id="x").check()


def test_two_providers_of_one_name_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")
    one = OpenIdProvider("work", "https://id.example.com", client_id="x")
    with pytest.raises(ProviderError, match="two providers"):
        App(Database("sqlite://"), Accounts(methods=[SignInWith([one, one])])).freeze()


@pytest.mark.parametrize(
    ("url", "is_safe"),
    [
        ("https://id.example.com/x", True),
        ("http://localhost:8000/x", True),
        ("http://127.0.0.1/", True),
        ("http://id.example.com/", False),
        ("http://localhost.evil.example/", False),
        ("http://localhost@evil.example/", False),
        ("https://", False),
        ("ftp://id.example.com", False),
        ("//id.example.com", False),
        ("https://[", False),
        ("https://id.example.com/\r\nx: y", False),
        ("https://id.example.com/a b", False),
        ("https://id.exämple.com/", False),
        ("", False),
    ],
)
def test_only_https_and_this_machine_are_asked(url: str, is_safe: bool) -> None:
    assert is_safe_url(url) is is_safe


def test_answers_of_other_sites_are_bounded_and_never_lead_elsewhere(work: FakeProvider) -> None:
    work.user_info = {"x": "y" * (1024 * 1024)}

    async def ask(path: str) -> str:
        web = WebClient()
        try:
            await web.get_json(f"{work.issuer}{path}", token="access")
        except WebFault as fault:
            return str(fault)
        finally:
            await web.close()
        return "answered"

    assert "more than 1,048,576 bytes" in asyncio.run(ask("/user"))
    assert "answers with 303" in asyncio.run(
        ask("/authorize?redirect_uri=http://localhost/&state=x&nonce=x&code_challenge=x")
    )
    assert "answers with 404" in asyncio.run(ask("/nowhere"))


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")
    monkeypatch.setitem(sys.modules, "joserfc", None)
    with pytest.raises(MissingAccountsExtra, match=r"bistro\[sign-in-with\]"):
        App(Database("sqlite://"), Accounts(methods=[SignInWith([google("x")])])).freeze()
