"""Tokens for programs, Basic and Bearer, JSON Web Tokens, impersonation."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from joserfc import jwk, jwt

from bistro import App
from bistro.db import Field, ForeignKey, Model, Predicate, Query, auto, create_tables
from bistro.plugins.accounts import (
    AccountsError,
    AccountSite,
    Allowed,
    ApiTokens,
    BasicCredentials,
    BearerToken,
    JwtTokens,
    LogIn,
    Policies,
    User,
    permitted,
    require_scope,
)
from bistro.plugins.accounts.jwt_tokens import LENGTH_MAX
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, site_with, who_routes

BOB = "bob@example.com"
SCOPES = {"note.read": "Read notes", "note.write": "Write notes", "*": "Everything that you may do"}


def add(app: App) -> None:
    who_routes(app)

    @app.get("/notes", before=[require_scope("note.read")])
    async def notes(user: User) -> str:
        return user.email

    @app.get("/news", public=True)
    async def news(user: User | None) -> str:
        return "for all" if user is None else f"for {user.email}"

    @app.post("/notes", before=[permitted("note.write")])
    async def write(user: User) -> str:
        return "written"


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=add, methods=[ApiTokens(SCOPES)], roles={"writer": ["note.write"]}) as made:
        made.add_user(roles=["writer"])
        made.log_in()
        yield made


def make_token(site: Site, *scopes: str) -> str:
    data = {"name": "backup", "scopes": list(scopes) or ["*"]}
    answer = site.client.post("/accounts/tokens", data=data, headers=HTML)
    assert answer.status == 200, answer.text
    found = re.search(r"bistro_[\w-]{43}", answer.text)
    assert found
    return found[0]


def ask(site: Site, path: str, token: str, method: str = "GET") -> int:
    with site.other_browser() as program:
        return program.request(method, path, headers={"authorization": f"Bearer {token}"}).status


def test_token_is_shown_once_and_stands_for_its_user(site: Site) -> None:
    token = make_token(site)
    assert token not in site.client.get("/accounts/tokens").text
    with site.other_browser() as program:
        answer = program.get("/me", headers={"authorization": f"bearer {token}"})
        assert (answer.text, "set-cookie" in answer.headers) == (EMAIL, False)


def test_limited_token_is_let_in_only_where_its_scope_is_asked_for(site: Site) -> None:
    token = make_token(site, "note.read")
    assert [ask(site, "/notes", token), ask(site, "/me", token), ask(site, "/notes", token, "POST")] == [
        200,
        403,
        403,
    ]
    both = make_token(site, "note.read", "note.write")
    assert ask(site, "/notes", both, "POST") == 200


def test_limited_token_is_nobodys_at_a_public_page_that_looks_at_who_it_is(site: Site) -> None:
    # It would else have shown there what the user sees, whatever the token is limited to.
    limited, whole = make_token(site, "note.read"), make_token(site)
    assert [ask(site, "/news", limited), ask(site, "/news", whole)] == [403, 200]
    assert ask(site, "/open", limited) == 200


class Leaf(Model):
    id: Field[int] = auto()
    owner: ForeignKey[User]


def test_scope_of_an_allowed_object_is_its_model_and_the_action() -> None:
    policy = Policies()

    @policy(Leaf, "read")
    def may_read(user: User | None) -> Predicate | bool:
        return user is not None and Leaf.owner == user

    def add_leaves(app: App) -> None:
        @app.on_start
        async def make() -> None:
            await create_tables(Leaf)

        @app.post("/leaves")
        async def grow(user: User) -> int:
            return (await Leaf.objects.create(owner=user)).id

        @app.get("/leaves")
        async def list_leaves(leaves: Annotated[Query[Leaf], Allowed("read")]) -> list[int]:
            return [each.id for each in await leaves]

        @app.get("/leaves/{id:int}")
        async def show(leaf: Annotated[Leaf, Allowed("read")]) -> int:
            return leaf.id

    scopes = {"leaf.read": "Read leaves", "leaf.cut": "Cut leaves"}
    with site_with(add=add_leaves, policies=policy, methods=[ApiTokens(scopes)]) as site:
        site.add_user()
        site.log_in()
        site.client.post("/leaves")
        for path in ("/leaves", "/leaves/1"):
            assert ask(site, path, make_token(site, "leaf.read")) == 200
            assert ask(site, path, make_token(site, "leaf.cut")) == 403


def test_token_may_do_no_more_than_its_user(site: Site) -> None:
    token = make_token(site, "note.write")
    site.change_user(roles=[])
    assert ask(site, "/notes", token, "POST") == 403


def test_no_token_changes_what_lets_a_user_in(site: Site) -> None:
    token = make_token(site)
    for path in ("/accounts", "/accounts/password", "/accounts/tokens", "/accounts/sessions"):
        assert ask(site, path, token) == 403


@pytest.mark.parametrize("token", ["", "x", "bistro_", f"bistro_{'A' * 43}", "bistro_\x7f", "x" * 9_000])
def test_token_that_is_none_is_a_401_also_where_visitors_may_come(site: Site, token: str) -> None:
    assert ask(site, "/me", token) in (400, 401)
    assert ask(site, "/maybe", token or "y") in (400, 401, 200 if len(token) > 8_000 else 401)


def test_user_has_a_hundred_tokens_at_most(site: Site) -> None:
    answers = []
    for number in range(101):
        site.clock.advance(30)  # no limit of attempts, nor of a session left alone, is what ends it
        data = {"name": f"t{number}", "scopes": "note.read"}
        answers.append(site.client.post("/accounts/tokens", data=data, headers=HTML))
        if number % 20 == 0:
            site.log_in()
    assert [each.status for each in answers] == [200] * 100 + [422]
    assert "You have 100 tokens; end one first." in answers[-1].text


def test_token_ends(site: Site) -> None:
    token = make_token(site)
    site.clock.advance(91 * 86_400)
    assert ask(site, "/me", token) == 401


def test_user_ends_a_token_and_nobody_else_does(site: Site) -> None:
    token = make_token(site)
    site.add_user(BOB)
    with site.other_browser() as bob:
        site.log_in(BOB)
        bob.post("/accounts/tokens/end", data={"id": "1"})
    assert ask(site, "/me", token) == 200
    site.client.post("/accounts/tokens/end", data={"id": "1"})
    assert ask(site, "/me", token) == 401


def test_token_of_who_was_locked_out_or_deleted_is_worthless(site: Site) -> None:
    token = make_token(site)
    site.change_user(is_active=False)
    assert ask(site, "/me", token) == 401
    site.change_user(is_active=True)
    site.client.post("/accounts/delete", data={"sure": "true"})
    assert ask(site, "/me", token) == 401


@pytest.mark.parametrize("scopes", [[], ["root"], ["note.read", "root"]])
def test_token_must_be_limited_to_what_the_site_offers(site: Site, scopes: list[str]) -> None:
    assert site.client.post("/accounts/tokens", data={"name": "x", "scopes": scopes}).status == 422


# --- what clients send --------------------------------------------------------------------------------


def credentials_app(app: App) -> None:
    @app.get("/basic")
    async def basic(credentials: BasicCredentials, log_in: LogIn) -> str:
        user = await log_in.check(credentials.name, credentials.password)
        return "nobody" if user is None else user.email

    @app.get("/bearer")
    async def bearer(token: BearerToken) -> str:
        return token.text


def basic(text: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


def test_name_and_password_of_the_request_are_read() -> None:
    with site_with(add=credentials_app) as site:
        site.add_user(password="a:quiet härbour")
        asked = site.client.get("/basic")
        assert (asked.status, asked.headers["www-authenticate"]) == (
            401,
            'Basic realm="site", charset="UTF-8"',
        )
        assert site.client.get("/basic", headers=basic(f"{EMAIL}:a:quiet härbour")).text == EMAIL
        assert site.client.get("/basic", headers=basic(f"{EMAIL}:x")).text == "nobody"
        for text in ("", "no colon", "a\0b:c"):
            assert site.client.get("/basic", headers=basic(text)).status == 401
        for header in ("Basic", "Basic ///", "Basic \xff", f"Basic {'A' * 9_000}", "Bearer x"):
            assert site.client.get("/basic", headers={"authorization": header}).status in (400, 401)


def test_token_of_the_request_is_read() -> None:
    with site_with(add=credentials_app) as site:
        assert site.client.get("/bearer").headers["www-authenticate"] == "Bearer"
        assert site.client.get("/bearer", headers={"authorization": "Bearer abc"}).text == "abc"


# --- JSON Web Tokens ----------------------------------------------------------------------------------

KEY = jwk.RSAKey.generate_key(2048)
OTHER = jwk.RSAKey.generate_key(2048)


def plain(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


class Signer:
    """Somebody who signs tokens that the site believes."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def sign(self, key: Any = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
        now = int(self._site.clock.time())
        whole = {"iss": "https://id.example", "aud": "notes", "exp": now + 300, "sub": "ann", **claims}
        kept = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(header or {"alg": "RS256"}, kept, key)


async def find_user(claims: Any) -> User | None:
    return await User.objects.find(User.email == f"{claims['sub']}@example.com")


@pytest.fixture
def jwt_site() -> Iterator[Site]:
    public = KEY.as_pem(private=False).decode()
    method = JwtTokens(public, issuer="https://id.example", audience="notes", find_user=find_user)
    with site_with(add=add, methods=[method]) as made:
        made.add_user()
        yield made


def test_signed_token_stands_for_its_user(jwt_site: Site) -> None:
    signer = Signer(jwt_site)
    assert ask(jwt_site, "/me", signer.sign()) == 200
    assert ask(jwt_site, "/notes", signer.sign(scope="note.read")) == 200
    assert ask(jwt_site, "/notes", signer.sign(scope="other")) == 403


@pytest.mark.parametrize(
    "change",
    [{"iss": "https://evil.example"}, {"aud": "other"}, {"exp": 1}, {"exp": None}, {"sub": None}, {"sub": "nobody"},
     {"iss": None}, {"aud": None}, {"nbf": 99_999_999_999}, {"exp": "never"}, {"key": OTHER}],
)  # fmt: skip
def test_token_that_is_not_for_this_site_or_not_valid_is_refused(
    jwt_site: Site, change: dict[str, Any]
) -> None:
    assert ask(jwt_site, "/me", Signer(jwt_site).sign(**change)) == 401


@pytest.mark.parametrize("scope", ["note.read", "openid email", "", ["note.read"], 7, True, {}])
def test_signed_token_with_a_scope_is_refused_where_none_is_asked_for(jwt_site: Site, scope: Any) -> None:
    token = Signer(jwt_site).sign(scope=scope)
    assert [ask(jwt_site, path, token) for path in ("/me", "/news", "/open")] == [403, 403, 200]
    assert ask(jwt_site, "/notes", token) == (200 if scope == "note.read" else 403)


def test_signed_token_whose_scope_is_null_may_do_nothing(jwt_site: Site) -> None:
    now = int(jwt_site.clock.time())
    claims = {"iss": "https://id.example", "aud": "notes", "exp": now + 300, "sub": "ann", "scope": None}
    assert ask(jwt_site, "/me", jwt.encode({"alg": "RS256"}, claims, KEY)) == 403


def test_signed_token_is_read_up_to_its_longest_and_not_beyond(jwt_site: Site) -> None:
    short = Signer(jwt_site).sign(x="")
    fits = Signer(jwt_site).sign(x="x" * ((LENGTH_MAX - len(short)) * 3 // 4 - 8))
    assert LENGTH_MAX - 20 < len(fits) <= LENGTH_MAX
    assert ask(jwt_site, "/me", fits) == 200
    assert ask(jwt_site, "/me", Signer(jwt_site).sign(x="x" * LENGTH_MAX)) == 401


def public_jwk() -> dict[str, Any]:
    return dict(KEY.as_dict(private=False))


@pytest.mark.parametrize("key", [public_jwk(), {"keys": [public_jwk()]}], ids=["one JWK", "several"])
def test_signed_token_names_its_user_by_their_key_and_the_key_may_be_a_jwk(key: dict[str, Any]) -> None:
    def add_key(app: App) -> None:
        who_routes(app)

        @app.get("/key", public=True)
        async def show_key() -> str:
            return (await User.objects.get(User.email == EMAIL)).key

    method = JwtTokens(key, issuer="https://id.example", audience="notes")
    with site_with(add=add_key, methods=[method]) as site:
        site.add_user()
        signer, subject = Signer(site), site.client.get("/key").text
        assert ask(site, "/me", signer.sign(sub=subject)) == 200
        for wrong in (EMAIL, "", subject[:-1], subject.upper() + "x", f"{subject} ", "x" * 5_000):
            assert ask(site, "/me", signer.sign(sub=wrong)) == 401
        assert ask(site, "/me", signer.sign(OTHER, sub=subject)) == 401
        site.change_user(is_active=False)
        assert ask(site, "/me", signer.sign(sub=subject)) == 401


@pytest.mark.parametrize(("seconds", "status"), [(-29, 200), (-31, 401), (1, 200)])
def test_signed_token_ends_with_half_a_minute_for_clocks_that_differ(
    jwt_site: Site, seconds: int, status: int
) -> None:
    ends = int(jwt_site.clock.time()) + seconds
    assert ask(jwt_site, "/me", Signer(jwt_site).sign(exp=ends)) == status


def test_token_without_a_signature_is_refused(jwt_site: Site) -> None:
    signed = Signer(jwt_site).sign().split(".")
    for header in ({"alg": "none"}, {"alg": "None"}, {"alg": "RS256"}, {}):
        for signature in ("", signed[2][:-4]):
            assert ask(jwt_site, "/me", f"{plain(header)}.{signed[1]}.{signature}") == 401


def test_public_key_is_not_taken_for_the_secret_of_an_hmac(jwt_site: Site) -> None:
    import hashlib
    import hmac

    body = f"{plain({'alg': 'HS256'})}.{Signer(jwt_site).sign().split('.')[1]}"
    digest = hmac.digest(KEY.as_pem(private=False), body.encode(), hashlib.sha256)
    forged = f"{body}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
    assert ask(jwt_site, "/me", forged) == 401


def test_hmac_with_a_public_key_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    from bistro.plugins import Accounts, Database

    monkeypatch.setenv("ENV", "testing")
    method = JwtTokens(KEY.as_pem(private=False).decode(), "x", "y", algorithms=["RS256", "HS256"])
    with pytest.raises(AccountsError, match="HMAC"):
        App(Database("sqlite://"), Accounts(methods=[method])).freeze()


# --- impersonation ------------------------------------------------------------------------------------


def impersonate(site: Site, id: int) -> int:
    return site.client.post("/accounts/impersonate", data={"id": str(id)}).status


def impersonation(app: App) -> None:
    add(app)

    @app.get("/test/by", public=True)
    async def by(site: AccountSite) -> list[str]:
        from bistro.plugins.accounts import AccountEvent

        rows = await AccountEvent.objects.filter(AccountEvent.by_key != "")
        return [each.kind for each in rows]


@pytest.fixture
def helpdesk() -> Iterator[Site]:
    with site_with(add=impersonation, roles={"support": ["accounts.impersonate"]}) as made:
        made.add_user()
        made.add_user(BOB)
        made.add_user("root@example.com", is_superuser=True)
        yield made


def test_support_sees_the_site_as_a_user_does_and_comes_back(helpdesk: Site) -> None:
    helpdesk.change_user(roles=["support"])
    helpdesk.log_in()
    assert impersonate(helpdesk, 2) == 303
    assert helpdesk.client.get("/me").text == BOB
    assert helpdesk.client.post("/accounts/impersonate/end").status == 303
    assert helpdesk.client.get("/me").text == EMAIL
    assert helpdesk.client.get("/test/by").json() == ["impersonation began", "impersonation ended"]


def test_nobody_impersonates_without_the_permission_or_a_superuser(helpdesk: Site) -> None:
    assert impersonate(helpdesk, 2) == 401
    helpdesk.log_in()
    assert impersonate(helpdesk, 2) == 403
    helpdesk.change_user(roles=["support"])
    assert [impersonate(helpdesk, number) for number in (3, 1, 99)] == [403, 403, 404]
    assert helpdesk.client.get("/me").text == EMAIL


def test_who_impersonates_changes_nothing_that_lets_the_user_in(helpdesk: Site) -> None:
    helpdesk.change_user(roles=["support"])
    helpdesk.log_in()
    impersonate(helpdesk, 2)
    data = {"current": PASSWORD, "password": "another harbour"}
    assert helpdesk.client.post("/accounts/password", data=data).status == 403
    assert helpdesk.client.post("/accounts/confirm", data={"password": PASSWORD}).status == 403
    assert helpdesk.client.post("/accounts/delete", data={"sure": "true"}).status == 403
    assert impersonate(helpdesk, 1) == 403


def test_who_may_no_more_impersonate_is_a_visitor_at_once(helpdesk: Site) -> None:
    helpdesk.change_user(roles=["support"])
    helpdesk.log_in()
    impersonate(helpdesk, 2)
    helpdesk.change_user(is_active=False)
    assert helpdesk.client.get("/maybe").text == "nobody"
