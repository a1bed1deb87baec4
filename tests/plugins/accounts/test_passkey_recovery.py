"""Recovery codes for who has a passkey and no app, and passkeys that the log-in page offers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from bistro.ground import SystemClock
from bistro.plugins import Passkeys, TwoFactor
from bistro.plugins.accounts.recovery import RecoveryCode
from bistro.testing import FakeClock
from bistro.testing.response import ClientResponse
from tests.plugins.accounts.authenticator import PRESENT
from tests.plugins.accounts.support import EMAIL, HTML, Site, site_with, who_routes
from tests.plugins.accounts.test_passkeys import AT, OTHER, add, ask, device_of, use
from tests.plugins.accounts.test_two_factor import begin_log_in, code_of, post, set_up

CODES = f"{AT}/recovery-codes"


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=who_routes, methods=[Passkeys()]) as made:
        made.add_user()
        made.add_user(OTHER)
        yield made


@pytest.fixture
def both() -> Iterator[Site]:
    with site_with(add=who_routes, methods=[Passkeys(), TwoFactor()]) as made:
        made.add_user()
        yield made


def make_codes(site: Site) -> list[str]:
    answer = site.client.post(CODES, data={"next": "/me"}, headers=HTML)
    assert answer.status == 200, answer.text
    return re.findall(r'<li class="code">([^<]+)</li>', answer.text)


def begin(site: Site, login: str = EMAIL) -> None:
    """The password alone, in a browser of its own."""
    site.client.cookies.clear()
    assert site.log_in(login, next="/me").headers["location"] == f"{AT}/check"


def check(site: Site, code: str) -> ClientResponse:
    return site.client.post(f"{CODES}/check", data={"code": code}, headers=HTML)


def test_first_passkey_leads_to_recovery_codes_and_further_ones_do_not(site: Site) -> None:
    site.log_in()
    at = add(site).json()["url"]
    assert at == f"{CODES}?next=%2Faccounts%2Fpasskeys"
    assert "0 recovery codes are left" in site.client.get(at, headers=HTML).text
    assert len(set(make_codes(site))) == 10
    assert add(site).json()["url"] == AT
    assert "10 recovery codes are left" in site.client.get(AT, headers=HTML).text


def test_code_lets_in_behind_the_password_who_has_lost_the_device(site: Site) -> None:
    site.log_in()
    add(site)
    codes = make_codes(site)
    begin(site)
    assert f'<a href="{CODES}/check">Use a recovery code</a>' in site.client.get(f"{AT}/check").text
    page = site.client.get(f"{CODES}/check").text
    assert f'<a href="{AT}/check">Use a passkey</a>' in page
    assert site.client.get("/me").status == 401
    assert check(site, codes[0].upper().replace("-", " ")).headers["location"] == "/me"
    assert site.client.get("/me").text == EMAIL
    begin(site)
    assert check(site, codes[0]).status == 422
    assert check(site, codes[1]).status == 303
    assert site.events()[-3:] == ["confirmed", "step passed", "logged in"]


def test_who_has_made_none_is_offered_none(site: Site) -> None:
    device_of(site)
    begin(site)
    assert "recovery code" not in site.client.get(f"{AT}/check").text
    assert check(site, "0000-0000-0000-0000").status == 422


def test_code_without_a_password_lets_nobody_in(site: Site) -> None:
    site.log_in()
    add(site)
    codes = make_codes(site)
    site.client.cookies.clear()
    for answer in (check(site, codes[0]), site.client.get(f"{CODES}/check")):
        assert (answer.status, answer.headers["location"]) == (303, "/accounts/log-in")
    assert site.client.get(CODES).status == 401
    assert site.client.post(CODES).status == 401


def test_code_of_one_user_does_nothing_for_another(site: Site) -> None:
    site.log_in()
    add(site)
    codes = make_codes(site)
    device_of(site, OTHER)
    begin(site, OTHER)
    assert check(site, codes[0]).status == 422


def test_sixth_wrong_code_in_a_minute_has_to_wait_whatever_kind_it_is(both: Site) -> None:
    _, codes = set_up(both)
    add(both)
    both.client.cookies.clear()
    both.log_in()
    kinds = ["/passkeys/recovery-codes/check", "/two-factor/check"] * 3
    statuses = [both.client.post(f"/accounts{path}", data={"code": "000000"}).status for path in kinds]
    assert statuses == [422] * 5 + [429]
    assert check(both, codes[0]).status == 429


def test_new_codes_end_the_old_ones_and_need_a_recent_log_in(site: Site) -> None:
    site.log_in()
    add(site)
    old, new = make_codes(site), make_codes(site)
    site.clock.advance(901)
    assert site.client.post(CODES).status == 403
    begin(site)
    assert check(site, old[0]).status == 422
    assert check(site, new[0]).status == 303


def test_codes_go_with_the_last_passkey(site: Site) -> None:
    async def count() -> int:
        return len(await RecoveryCode.objects.all())

    with site_with(add=lambda app: app.get("/rows")(count), methods=[Passkeys()]) as made:
        made.add_user()
        made.log_in()
        add(made)
        add(made)
        make_codes(made)
        made.client.post(f"{AT}/remove", data={"id": "1"})
        assert made.client.get("/rows").json() == 10
        made.client.post(f"{AT}/remove", data={"id": "2"})
        assert made.client.get("/rows").json() == 0
        assert made.client.get(CODES).headers["location"] == AT
        assert made.client.post(CODES).headers["location"] == AT
        add(made)
        make_codes(made)
        assert made.client.post("/accounts/delete", data={"sure": "on"}).status in (200, 303)
        assert made.client.get("/rows").json() == 0


def test_who_has_an_app_makes_codes_by_its_codes_only(both: Site) -> None:
    secret, codes = set_up(both)
    assert add(both).json()["url"] == AT
    for answer in (both.client.get(CODES), both.client.post(CODES)):
        assert answer.headers["location"] == "/accounts/two-factor"
    begin_with_app(both)
    assert check(both, codes[0]).status == 303
    assert post(both, "/remove", code_of(both, secret)).status == 303
    assert len(make_codes(both)) == 10
    begin(both)


def begin_with_app(site: Site) -> None:
    site.client.cookies.clear()
    site.log_in(next="/me")


def test_codes_stay_with_a_passkey_when_the_app_is_taken_away(both: Site) -> None:
    secret, codes = set_up(both)
    add(both)
    post(both, "/remove", code_of(both, secret))
    begin(both)
    assert check(both, codes[0]).status == 303


def test_passkeys_that_are_not_asked_for_need_no_codes() -> None:
    with site_with(add=who_routes, methods=[Passkeys(second_factor=False)]) as site:
        site.add_user()
        site.log_in()
        assert add(site).json()["url"] == AT
        assert "recovery" not in site.client.get(AT).text
        assert site.client.get(CODES).headers["location"] == AT


@pytest.mark.parametrize("next", ["https://evil.example", "//evil.example", ""])
def test_page_of_codes_leads_to_no_other_site(site: Site, next: str) -> None:
    site.log_in()
    add(site)
    assert f'<a href="{AT}">Go on without</a>' in site.client.get(CODES, params={"next": next}).text
    answer = site.client.post(CODES, data={"next": next})
    assert f'<a href="{AT}">I have them</a>' in answer.text


def test_app_alone_has_no_page_for_them() -> None:
    with site_with(add=who_routes, methods=[TwoFactor()]) as site:
        site.add_user()
        set_up(site)
        begin_log_in(site)
        assert site.client.get(f"{CODES}/check").status == 404


# --- the log-in page offers passkeys ------------------------------------------------------------------


def test_log_in_page_lets_browsers_offer_passkeys(site: Site) -> None:
    page = site.client.get("/accounts/log-in", params={"next": '/me?a="<b>'}, headers=HTML).text
    assert 'autocomplete="username webauthn"' in page
    assert 'data-passkey="autofill"' in page
    assert "&#34;&lt;b&gt;" in page or "&quot;&lt;b&gt;" in page
    assert "<b>" not in page
    assert page.count("<script") == page.count('<script src="/accounts/passkeys.js" defer>') == 1


def test_without_passkeys_it_is_a_form_and_no_script() -> None:
    with site_with(methods=[TwoFactor()]) as site:
        page = site.client.get("/accounts/log-in", headers=HTML).text
    assert 'autocomplete="username"' in page
    assert "<script" not in page


def test_passkey_that_was_offered_logs_in(site: Site) -> None:
    device = device_of(site)
    answer = use(site, device, "/autofill")
    assert (answer.status, answer.json()) == (200, {"url": "/me"})
    assert site.client.get("/me").text == EMAIL


@pytest.mark.parametrize("lies", [{"flags": PRESENT}, {"origin": "https://evil.example"}, {"flags": 0}])
def test_lies_to_the_log_in_page_are_refused(site: Site, lies: dict[str, object]) -> None:
    device = device_of(site)
    assert use(site, device, "/autofill", **lies).status == 422
    assert site.client.get("/me").status == 401


def test_question_of_the_log_in_page_does_not_end_that_of_another_page(site: Site) -> None:
    device = device_of(site)
    asked = ask(site, "/log-in")
    ask(site, "/autofill")
    sent = {"credential": device.get(asked), "next": "/me"}
    assert site.client.post(f"{AT}/autofill", json=sent).status == 422
    ask(site, "/autofill")
    assert site.client.post(f"{AT}/log-in", json=sent).status == 200


def test_looking_at_the_log_in_page_uses_up_no_log_in(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # With each second there is one more: here they take none, however busy the machine is.
    monkeypatch.setattr(SystemClock, "monotonic", FakeClock().monotonic)
    statuses = [site.client.post(f"{AT}/autofill/options", json={}).status for _ in range(61)]
    assert statuses == [200] * 60 + [429]
    assert site.client.post(f"{AT}/log-in/options", json={}).status == 200


def test_device_is_asked_to_verify_who_holds_it(site: Site) -> None:
    options = ask(site, "/autofill")
    assert options["userVerification"] == "required"
    assert options.get("allowCredentials", []) == []
