"""OWASP ASVS 5.0: what second factors, passkeys, other sites and mail have to do with it, by its ids."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bistro.mail import Message, MessageError
from bistro.plugins import Passkeys, SignInWith, TwoFactor
from bistro.testing import Mailbox
from tests.plugins.accounts.authenticator import Device
from tests.plugins.accounts.identity_provider import (
    FakeProvider,
    make_other_key,
    make_symmetric_key,
    serve_provider,
)
from tests.plugins.accounts.support import EMAIL, HTML, Site, site_with, who_routes
from tests.plugins.accounts.test_passkeys import add, use
from tests.plugins.accounts.test_providers import provider_of, sign_in
from tests.plugins.accounts.test_two_factor import begin_log_in, code_of, post, set_up


@pytest.fixture(scope="module")
def served() -> Iterator[FakeProvider]:
    with serve_provider(FakeProvider()) as made:
        yield made


@pytest.fixture
def work(served: FakeProvider) -> FakeProvider:
    served.begin_anew()
    return served


@pytest.fixture
def site(work: FakeProvider) -> Iterator[Site]:
    methods = [Passkeys(), TwoFactor(), SignInWith([provider_of(work)])]
    with site_with(add=who_routes, methods=methods) as made:
        yield made


def test_asvs_1_3_11_no_mail_header_is_injected() -> None:
    for place in ("to", "cc", "reply_to", "subject", "sender"):
        given = {"to": EMAIL, "subject": "x", place: f"{EMAIL}\r\nBcc: eve@example.com"}
        with pytest.raises(MessageError):
            Message(**given)


def test_asvs_3_7_2_log_ins_lead_to_no_other_site(site: Site, work: FakeProvider) -> None:
    back = work.visit(site.client.get("/accounts/with/work?next=//evil.example").headers["location"])
    assert site.client.get(back).headers["location"] == "/"


def test_asvs_6_3_1_codes_cannot_be_guessed(site: Site) -> None:
    site.add_user()
    set_up(site)
    begin_log_in(site)
    assert [post(site, "/check", f"11111{n}").status for n in range(6)] == [422] * 5 + [429]


def test_asvs_7_2_4_each_step_of_a_log_in_gives_a_new_token(site: Site) -> None:
    site.add_user()
    secret, _ = set_up(site)
    site.client.cookies.clear()
    site.client.get("/accounts/with/work")  # a visitor's session, which somebody may have planted
    tokens = [site.token]
    site.log_in()
    tokens.append(site.token)
    post(site, "/check", code_of(site, secret))
    tokens.append(site.token)
    assert len(set(tokens)) == 3


def test_asvs_7_5_1_ways_to_log_in_are_changed_after_a_recent_log_in_only(site: Site) -> None:
    site.add_user()
    site.log_in()
    site.clock.advance(901)
    assert post(site, "/remove", "000000").headers["location"].startswith("/accounts/confirm")
    assert add_status(site) == 403


def add_status(site: Site) -> int:
    return site.client.post("/accounts/passkeys/options", json={}).status


def test_asvs_9_1_1_tokens_are_believed_by_their_signature_only(site: Site, work: FakeProvider) -> None:
    work.signing_key = make_other_key()
    assert sign_in(site, work).status == 422


def test_asvs_9_1_2_only_listed_algorithms_are_taken(site: Site, work: FakeProvider) -> None:
    work.algorithm, work.signing_key = "HS256", make_symmetric_key("x" * 64)
    assert sign_in(site, work).status == 422
    work.token_override = "eyJhbGciOiJub25lIn0.e30."
    assert sign_in(site, work).status == 422


def test_asvs_9_1_3_keys_come_from_the_issuer_that_the_site_names(site: Site, work: FakeProvider) -> None:
    work.description = {"issuer": "https://evil.example"}
    assert site.client.get("/accounts/with/work").status == 503


def test_asvs_9_2_1_expired_tokens_are_refused(site: Site, work: FakeProvider) -> None:
    work.claims = {"exp": 1_000_000_000}
    assert sign_in(site, work).status == 422


def test_asvs_9_2_2_tokens_for_another_purpose_or_site_are_refused(site: Site, work: FakeProvider) -> None:
    for wrong in ({"aud": "another"}, {"nonce": None}):
        work.claims = wrong
        assert sign_in(site, work).status == 422


def test_asvs_11_5_1_what_nobody_may_guess_has_128_bits(site: Site, work: FakeProvider) -> None:
    from urllib.parse import parse_qs, urlsplit

    asked = parse_qs(urlsplit(site.client.get("/accounts/with/work").headers["location"]).query)
    challenge = site.client.post("/accounts/passkeys/log-in/options", json={}).json()["challenge"]
    # 43 letters of base 64 are 256 bits.
    assert [len(each) for each in (asked["state"][0], asked["nonce"][0], challenge)] == [43, 43, 43]


def test_asvs_14_3_2_pages_with_secrets_are_kept_nowhere(site: Site) -> None:
    site.add_user()
    site.log_in()
    for path in ("/accounts/two-factor", "/accounts/passkeys", "/accounts/with"):
        assert site.client.get(path, headers=HTML).headers["cache-control"] == "no-store"


def test_asvs_16_3_1_each_use_of_a_factor_is_noted(site: Site) -> None:
    site.add_user()
    secret, _ = set_up(site)
    device = Device()
    add(site, device)
    begin_log_in_by_code(site, secret)
    site.client.cookies.clear()
    use(site, device, host="evil.example")
    assert site.events()[-4:] == ["step failed", "step passed", "logged in", "log-in failed"]


def begin_log_in_by_code(site: Site, secret: str) -> None:
    site.client.cookies.clear()
    site.log_in()
    post(site, "/check", "000000")
    post(site, "/check", code_of(site, secret))


def test_password_reset_is_no_way_around_the_second_factor(site: Site) -> None:
    import re

    site.add_user()
    set_up(site)
    site.client.cookies.clear()
    site.client.post("/accounts/forgot", data={"email": EMAIL}, headers=HTML)
    mail = Mailbox(site.client).messages[-1]
    link = re.search(r"https?://[^/\s]+(/accounts/[^\s<>)]+)", mail.text)
    assert link, mail.text
    path = link[1]
    page = site.client.get(path, headers=HTML, follow_redirects=True)
    token = re.search(r'name="token" value="([^"]+)"', page.text)
    assert token, page.text
    answer = site.client.post(
        path.partition("?")[0], data={"token": token[1], "password": "another quiet harbour"}, headers=HTML
    )
    assert answer.headers["location"] in ("/accounts/passkeys/check", "/accounts/two-factor/check"), (
        answer.text
    )
    assert site.client.get("/me").status == 401
