"""OWASP ASVS 5.0: what accounts give by default, a test for each item."""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Iterator

import pytest
from joserfc import jwk, jwt

from bistro import App
from bistro.plugins.accounts import ApiTokens, JwtTokens, Passwords, User
from bistro.plugins.accounts.users import make_key
from bistro.testing import Mailbox
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, site_with, who_routes

BOB = "bob@example.com"


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=who_routes) as made:
        made.add_user()
        yield made


def sign_up(site: Site, password: str) -> int:
    with site.other_browser() as other:
        data = {"email": f"new{len(site.events())}@example.com", "password": password}
        site.clock.advance(60)
        return other.post("/accounts/sign-up", data=data, headers=HTML).status


def test_2_4_1_business_flows_are_throttled(site: Site) -> None:
    assert [site.log_in(password="wrong").status for _ in range(6)][-1] == 429


def test_3_3_1_3_3_4_cookie_is_secure_host_only_and_http_only(site: Site) -> None:
    cookie = site.log_in().headers["set-cookie"].lower()
    assert cookie.startswith("__host-session=")
    assert all(each in cookie for each in ("secure", "httponly", "samesite=lax", "path=/"))


def test_3_7_2_log_in_leads_to_no_other_site(site: Site) -> None:
    assert site.log_in(next="https://evil.example/").headers["location"] == "/"


def test_6_2_1_password_has_at_least_eight_characters(site: Site) -> None:
    assert [sign_up(site, each) for each in ("7 chars", "8 chars!")] == [422, 200]


def test_6_2_2_6_2_3_user_changes_the_password_with_the_old_and_a_new_one(site: Site) -> None:
    site.log_in()
    data = {"current": "not this one", "password": "another harbour"}
    assert site.client.post("/accounts/password", data=data).status == 422
    assert site.client.post("/accounts/password", data=data | {"current": PASSWORD}).status == 200


def test_6_2_4_common_passwords_are_refused(site: Site) -> None:
    assert {sign_up(site, each) for each in ("password", "iloveyou", "qwertyuiop", "sunshine1")} == {422}


def test_6_2_5_there_are_no_rules_of_composition(site: Site) -> None:
    assert {sign_up(site, each) for each in ("onlysmallletters", "83920174650", "!!..##??--__")} == {200}


def test_6_2_6_6_2_7_fields_are_hidden_and_let_managers_and_pasting_work(site: Site) -> None:
    page = site.client.get("/accounts/sign-up", headers=HTML).text
    field = re.search(r'<input[^>]*name="password"[^>]*>', page)
    assert field
    assert 'type="password"' in field[0]
    assert 'autocomplete="new-password"' in field[0]
    assert "onpaste" not in page


def test_6_2_8_password_is_checked_as_it_was_typed(site: Site) -> None:
    for changed in (PASSWORD.upper(), f"{PASSWORD} ", PASSWORD[:-1], PASSWORD[:8]):
        site.clock.advance(60)
        assert site.log_in(password=changed).status == 422


def test_6_2_9_password_may_have_64_characters_and_more(site: Site) -> None:
    assert sign_up(site, "long words " * 12) == 200


def test_6_3_1_guessing_is_slowed_down(site: Site) -> None:
    statuses = [site.log_in(password=f"guess {number}").status for number in range(20)]
    assert statuses.count(422) == 5


def test_6_3_2_there_is_no_account_before_somebody_makes_one() -> None:
    with site_with() as site:
        assert [site.count_users(each) for each in ("admin", "root", "admin@example.com")] == [0, 0, 0]
        assert site.log_in("admin", "admin").status == 422


def test_6_4_1_what_a_link_gives_is_random_short_lived_and_single_use(site: Site) -> None:
    site.client.post("/accounts/forgot", data={"email": EMAIL})
    found = re.search(r"token=([\w-]+)", Mailbox(site.client).messages[-1].text)
    assert found
    data = {"token": found[1], "password": "another harbour"}
    assert [site.client.post("/accounts/reset", data=data).status for _ in range(2)] == [303, 400]


def test_7_2_1_7_2_2_session_is_checked_on_the_server(site: Site) -> None:
    site.log_in()
    for forged in ("x" * 43, site.token[:-1], site.token.swapcase()):
        with site.other_browser(forged) as thief:
            assert thief.get("/maybe").text == "nobody"


def test_7_2_3_token_has_at_least_128_random_bits(site: Site) -> None:
    tokens = set()
    for _ in range(5):
        site.log_in()
        tokens.add(site.token)
    assert len(tokens) == 5
    assert all(len(token) >= 22 for token in tokens)


def test_7_2_4_log_in_makes_a_new_token_and_ends_the_old_one(site: Site) -> None:
    site.log_in()
    old = site.token
    site.log_in()
    with site.other_browser(old) as thief:
        assert thief.get("/maybe").text == "nobody"


def test_7_3_1_session_ends_when_it_is_idle(site: Site) -> None:
    site.log_in(remember="true")
    site.clock.advance(15 * 86_400)
    assert site.client.get("/maybe").text == "nobody"


def test_7_3_2_session_ends_however_busy_it_is(site: Site) -> None:
    site.log_in(remember="true")
    for _ in range(12):
        site.clock.advance(8 * 86_400)
        site.client.get("/maybe")
    assert site.client.get("/maybe").text == "nobody"


def test_7_4_1_log_out_makes_the_session_worthless(site: Site) -> None:
    site.log_in()
    copied = site.token
    site.client.post("/accounts/log-out")
    with site.other_browser(copied) as thief:
        assert thief.get("/maybe").text == "nobody"


def test_7_4_2_sessions_end_when_the_account_is_disabled_or_deleted(site: Site) -> None:
    site.log_in()
    site.change_user(is_active=False)
    assert site.client.get("/maybe").text == "nobody"
    site.change_user(is_active=True)
    site.change_user()
    assert site.client.get("/maybe").text == "nobody"


def test_7_4_3_new_password_ends_all_other_sessions(site: Site) -> None:
    with site.other_browser():
        site.log_in()
        other = site.token
    site.log_in()
    site.client.post("/accounts/password", data={"current": PASSWORD, "password": "another harbour"})
    with site.other_browser(other) as elsewhere:
        assert elsewhere.get("/maybe").text == "nobody"


def test_7_4_5_7_5_2_user_sees_and_ends_sessions(site: Site) -> None:
    with site.other_browser():
        site.log_in()
        other = site.token
    site.log_in()
    assert "This browser" in site.client.get("/accounts/sessions").text
    site.client.post("/accounts/sessions/end-others")
    with site.other_browser(other) as elsewhere:
        assert elsewhere.get("/maybe").text == "nobody"


def test_7_5_1_change_of_the_address_asks_for_a_recent_log_in(site: Site) -> None:
    site.log_in()
    site.clock.advance(1_000)
    assert site.client.post("/accounts/email", data={"email": "new@example.com"}).status == 403


def test_8_2_1_8_3_1_function_is_closed_to_who_may_not_on_the_server(site: Site) -> None:
    assert (site.client.get("/me").status, site.client.post("/me").status) == (401, 401)


def test_8_2_2_nobody_reaches_what_belongs_to_somebody_else() -> None:
    with site_with(methods=[ApiTokens()]) as site:
        site.add_user()
        site.add_user(BOB)
        site.log_in()
        site.client.post("/accounts/tokens", data={"name": "mine"})
        with site.other_browser() as bob:
            site.log_in(BOB)
            assert "mine" not in bob.get("/accounts/tokens").text
            bob.post("/accounts/tokens/end", data={"id": "1"})
        assert "mine" in site.client.get("/accounts/tokens").text


def test_8_2_3_15_3_3_fields_that_let_in_or_raise_can_be_neither_set_nor_seen() -> None:
    hidden = {"key", "email", "email_key", "name_key", "password", "roles", "is_superuser", "is_active"}
    for kind in (User.Create, User.Update, User.Out):
        assert hidden.isdisjoint(kind.__struct_fields__)


def test_9_1_1_9_2_2_signed_link_is_for_its_purpose_alone() -> None:
    with site_with(log_in_by_mail=True) as site:
        site.add_user()
        site.client.post("/accounts/link", data={"email": EMAIL})
        found = re.search(r"token=([\w-]+)", Mailbox(site.client).messages[-1].text)
        assert found
        token = found[1]
        data = {"token": token, "password": "another harbour"}
        assert site.client.post("/accounts/reset", data=data).status == 400
        for changed in (token[:-2] + "AA", token[2:], token + "A"):
            assert site.client.post("/accounts/link/follow", data={"token": changed}).status == 400


KEY = jwk.RSAKey.generate_key(2048)


def jwt_with(key: jwk.RSAKey, clock_time: float, header: dict[str, object]) -> str:
    claims = {"iss": "https://id.example", "aud": "notes", "exp": int(clock_time) + 300, "sub": "ann"}
    return jwt.encode(header, claims, key, algorithms=["RS256", "RS512"])


async def find_ann(_: object) -> User | None:
    return await User.objects.find(User.email == EMAIL)


@pytest.fixture
def jwt_site() -> Iterator[Site]:
    public = KEY.as_pem(private=False).decode()
    method = JwtTokens(public, "https://id.example", "notes", algorithms=["RS256"], find_user=find_ann)
    with site_with(add=who_routes, methods=[method]) as made:
        made.add_user()
        yield made


def ask(site: Site, token: str) -> int:
    return site.client.get("/me", headers={"authorization": f"Bearer {token}"}).status


def test_9_1_2_only_the_algorithms_of_the_site_are_believed(jwt_site: Site) -> None:
    now = jwt_site.clock.time()
    assert ask(jwt_site, jwt_with(KEY, now, {"alg": "RS256"})) == 200
    assert ask(jwt_site, jwt_with(KEY, now, {"alg": "RS512"})) == 401
    unsigned = f"eyJhbGciOiJub25lIn0.{jwt_with(KEY, now, {'alg': 'RS256'}).split('.')[1]}."
    assert ask(jwt_site, unsigned) == 401


def test_9_1_3_key_that_a_token_brings_with_it_is_not_believed(jwt_site: Site) -> None:
    own = jwk.RSAKey.generate_key(2048)
    header = {"alg": "RS256", "jwk": own.as_dict(private=False)}
    assert ask(jwt_site, jwt_with(own, jwt_site.clock.time(), header)) == 401


def test_9_2_1_signed_link_ends(site: Site) -> None:
    site.client.post("/accounts/forgot", data={"email": EMAIL})
    found = re.search(r"token=([\w-]+)", Mailbox(site.client).messages[-1].text)
    assert found
    site.clock.advance(3_601)
    data = {"token": found[1], "password": "another harbour"}
    assert site.client.post("/accounts/reset", data=data).status == 400


def test_11_4_2_passwords_are_kept_by_a_slow_hash_with_a_salt() -> None:
    with site_with(passwords=Passwords()) as site:
        site.add_user()
        site.add_user(BOB)
        hashes = {site.hash_of(EMAIL), site.hash_of(BOB)}
        assert len(hashes) == 2
        assert all(each.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for each in hashes)


def test_11_5_1_keys_and_tokens_come_from_the_systems_generator() -> None:
    # Seeded alike, the other generator would give the same again.
    random.seed(1)
    first = make_key()
    random.seed(1)
    assert make_key() != first
    keys = {make_key() for _ in range(1_000)}
    assert len(keys) == 1_000
    assert all(len(key) == 22 for key in keys)


def test_14_2_1_nothing_secret_is_sent_back_or_put_into_an_address(site: Site) -> None:
    answer = site.log_in(password="typed by mistake")
    assert "typed by mistake" not in answer.text
    assert "typed" not in str(answer.url)


def test_14_3_1_log_out_clears_what_the_browser_keeps(site: Site) -> None:
    site.log_in()
    assert '"storage"' in site.client.post("/accounts/log-out").headers["clear-site-data"]


def test_14_3_2_pages_for_users_are_not_kept(site: Site) -> None:
    site.log_in()
    for path in ("/me", "/maybe", "/accounts", "/accounts/sessions"):
        assert site.client.get(path).headers["cache-control"] == "no-store"


def test_16_2_5_neither_passwords_nor_tokens_are_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    site.log_in(password="a secret that was typed")
    site.log_in()
    site.client.post("/accounts/forgot", data={"email": EMAIL})
    found = re.search(r"token=([\w-]+)", Mailbox(site.client).messages[-1].text)
    assert found
    site.client.get("/accounts/reset", params={"token": found[1]})
    logged = "\n".join(f"{each.getMessage()} {vars(each)}" for each in caplog.records)
    assert "log-in failed" in logged
    for secret in ("a secret that was typed", PASSWORD, site.token, found[1]):
        assert secret not in logged


def test_16_3_1_log_ins_are_noted_right_and_wrong(site: Site) -> None:
    site.log_in(password="wrong")
    site.log_in()
    assert site.events() == ["log-in failed", "logged in"]


def test_16_3_2_refused_tokens_and_log_ins_are_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    site.log_in(password="wrong words")
    kinds = [each.getMessage() for each in caplog.records if each.name == "bistro.accounts"]
    assert kinds == ["log-in failed"]


def test_16_5_2_site_without_a_database_lets_nobody_in() -> None:
    def add(app: App) -> None:
        who_routes(app)

        @app.post("/test/break", public=True)
        async def break_table() -> None:
            from bistro.db import get_database

            await get_database().execute("drop table bistro_session")

    with site_with(add=add) as site:
        site.add_user()
        site.log_in()
        site.client.post("/test/break")
        with pytest.raises(Exception, match="bistro_session"):
            site.client.get("/me")
