"""Passkeys: added, used, taken away, and every lie that a device or a page may tell."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bistro import App
from bistro.plugins import Accounts, Database, Passkeys, TwoFactor
from bistro.plugins.accounts.extras import MissingAccountsExtra
from bistro.plugins.accounts.passkeys.models import NAME_LENGTH_MAX
from bistro.testing.response import ClientResponse
from tests.plugins.accounts.authenticator import PRESENT, Device
from tests.plugins.accounts.support import EMAIL, HTML, Site, site_with, who_routes
from tests.plugins.accounts.test_two_factor import set_up

OTHER = "bob@example.com"
AT = "/accounts/passkeys"


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=who_routes, methods=[Passkeys(), TwoFactor()]) as made:
        made.add_user()
        made.add_user(OTHER)
        yield made


@pytest.fixture(scope="module")
def kept_site() -> Iterator[Site]:
    with site_with(add=who_routes, methods=[Passkeys(), TwoFactor()]) as made:
        yield made


@pytest.fixture
def shared(kept_site: Site) -> Site:
    """A site that several tests share, each with a user of its own; making one takes a while."""
    kept_site.client.cookies.clear()
    kept_site.clock.advance(3_600)
    return kept_site


@pytest.fixture
def login(shared: Site) -> str:
    """The address of a new user of the shared site."""
    address = f"user{next(NUMBERS)}@example.com"
    shared.add_user(address)
    return address


NUMBERS = count()


def ask(site: Site, path: str) -> dict[str, Any]:
    answer = site.client.post(f"{AT}{path}/options", json={})
    assert answer.status == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


def add(site: Site, device: Device | None = None, name: str = "Phone", **lies: Any) -> ClientResponse:
    made = (device or Device()).create(ask(site, ""), **lies)
    return site.client.post(AT, json={"credential": made, "name": name})


def use(site: Site, device: Device, path: str = "/log-in", next: str = "/me", **lies: Any) -> ClientResponse:
    sent = device.get(ask(site, path), **lies)
    return site.client.post(f"{AT}{path}", json={"credential": sent, "next": next})


def device_of(site: Site, login: str = EMAIL) -> Device:
    """A device with a passkey of this user; nobody is logged in afterwards."""
    device = Device()
    site.log_in(login)
    assert add(site, device).status == 200
    site.client.cookies.clear()
    return device


def test_user_adds_a_passkey_and_logs_in_without_a_password(site: Site) -> None:
    device = device_of(site)
    answer = use(site, device)
    assert (answer.status, answer.json()) == (200, {"url": "/me"})
    assert site.client.get("/me").text == EMAIL
    assert site.events()[-2:] == ["method added", "logged in"]


def test_log_in_page_has_a_link_that_keeps_where_to_go(site: Site) -> None:
    page = site.client.get("/accounts/log-in?next=/me", headers=HTML).text
    assert f'<a href="{AT}/log-in?next=%2Fme">Log in with a passkey</a>' in page
    assert 'name="next" value="/me"' in site.client.get(f"{AT}/log-in?next=/me", headers=HTML).text


def test_log_in_leads_to_no_other_site(site: Site) -> None:
    device = device_of(site)
    assert use(site, device, next="https://evil.example").json() == {"url": "/"}


def test_passkey_is_two_factors_by_itself(site: Site) -> None:
    device = Device()
    set_up(site)
    add(site, device)
    site.client.cookies.clear()
    assert use(site, device).json() == {"url": "/me"}


def test_behind_a_password_a_passkey_or_a_code_is_asked_for(site: Site) -> None:
    device = Device()
    set_up(site)
    add(site, device)
    site.client.cookies.clear()
    assert site.log_in(next="/me").headers["location"] == f"{AT}/check"
    assert 'href="/accounts/two-factor/check"' in site.client.get(f"{AT}/check").text
    assert f'href="{AT}/check"' in site.client.get("/accounts/two-factor/check").text
    assert site.client.get("/me").status == 401
    assert use(site, device, "/check").json() == {"url": "/me"}
    assert site.client.get("/me").text == EMAIL


def test_second_factor_can_be_left_out() -> None:
    with site_with(add=who_routes, methods=[Passkeys(second_factor=False)]) as site:
        site.add_user()
        device_of(site)
        assert site.log_in(next="/me").headers["location"] == "/me"


def test_passkey_of_somebody_else_is_no_second_factor(site: Site) -> None:
    device_of(site)
    others = device_of(site, OTHER)
    site.log_in(next="/me")
    assert ask(site, "/check")["allowCredentials"][0]["id"] != others.id
    assert use(site, others, "/check").status == 422
    assert site.client.get("/me").status == 401


LIES: dict[str, dict[str, Any]] = {
    "another site's page has asked": {"origin": "https://evil.example"},
    "another port": {"origin": "http://localhost:81"},
    "bound to another host": {"host": "evil.example"},
    "another challenge": {"challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    "the answer to another question": {"type": "webauthn.create"},
    "nobody was there": {"flags": 0},
    "nobody was verified": {"flags": PRESENT},
    "another key": {"key": ec.generate_private_key(ec.SECP256R1())},
    "other bytes signed": {"signed": b"x"},
    "another user's handle": {"user_handle": b"somebody else"},
    "an unknown passkey": {"id": b"unknown"},
}


@pytest.mark.parametrize("lie", LIES)
def test_lies_at_log_in_are_refused(shared: Site, login: str, lie: str) -> None:
    device = device_of(shared, login)
    assert use(shared, device, **LIES[lie]).status == 422
    assert shared.client.get("/me").status == 401
    assert use(shared, device).status == 200


@pytest.mark.parametrize(
    "lie", [key for key in LIES if key not in ("nobody was verified", "an unknown passkey")]
)
def test_lies_behind_a_password_are_refused(shared: Site, login: str, lie: str) -> None:
    device = device_of(shared, login)
    shared.log_in(login)
    assert use(shared, device, "/check", **LIES[lie]).status == 422
    assert shared.client.get("/me").status == 401


@pytest.mark.parametrize("handle", [None, b""])
def test_device_that_keeps_no_handle_is_known_by_its_passkey(
    shared: Site, login: str, handle: bytes | None
) -> None:
    device = device_of(shared, login)
    assert use(shared, device, user_handle=handle).status == 200


def test_handle_may_have_the_padding_of_base_64(shared: Site, login: str) -> None:
    device = device_of(shared, login)
    sent = device.get(ask(shared, "/log-in"))
    sent["response"]["userHandle"] += "=" * (-len(sent["response"]["userHandle"]) % 4)
    assert shared.client.post(f"{AT}/log-in", json={"credential": sent}).status == 200


@pytest.mark.parametrize("handle", [7, ["x"], {"x": 1}, True, "é", "A", "x" * 201, "=" * 9, "!!!!"])
def test_handle_that_is_none_is_refused_and_no_error(shared: Site, login: str, handle: Any) -> None:
    device = device_of(shared, login)
    sent = device.get(ask(shared, "/log-in"))
    sent["response"]["userHandle"] = handle
    assert shared.client.post(f"{AT}/log-in", json={"credential": sent}).status == 422
    assert shared.client.get("/me").status == 401


def test_browser_is_told_to_verify_its_user_where_nothing_else_does(site: Site) -> None:
    device_of(site)
    alone = ask(site, "/log-in")
    assert (alone["userVerification"], alone.get("allowCredentials", [])) == ("required", [])
    site.log_in(next="/me")
    behind = ask(site, "/check")
    assert (behind["userVerification"], len(behind["allowCredentials"])) == ("preferred", 1)
    assert alone["challenge"] != behind["challenge"]
    assert {each["timeout"] for each in (alone, behind)} == {300_000}


def test_question_is_answered_up_to_the_end_of_five_minutes(site: Site) -> None:
    device = device_of(site)
    options = ask(site, "/log-in")
    site.clock.advance(300)
    assert site.client.post(f"{AT}/log-in", json={"credential": device.get(options)}).status == 200


def test_name_of_a_passkey_is_cut_and_never_empty(site: Site) -> None:
    site.log_in()
    for name in ("  my \n phone ", "", "  ", "x" * 500):
        assert add(site, name=name).status == 200
    page = site.client.get(AT).text
    names = re.findall(r"<td>(my phone|Passkey|x+)</td>", page)
    assert names == ["my phone", "Passkey", "Passkey", "x" * NAME_LENGTH_MAX]


def test_security_key_that_only_is_touched_is_enough_behind_a_password(site: Site) -> None:
    device = device_of(site)
    site.log_in(next="/me")
    assert use(site, device, "/check", flags=PRESENT).status == 200


@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"challenge": "AAAA"},
        {"type": "webauthn.get"},
        {"flags": 0},
    ],
)
def test_lies_at_adding_are_refused(shared: Site, login: str, lies: dict[str, Any]) -> None:
    shared.log_in(login)
    assert add(shared, **lies).status == 422
    assert "Last used" not in shared.client.get(AT).text


def test_answer_is_taken_once(site: Site) -> None:
    device = device_of(site)
    sent = {"credential": device.get(ask(site, "/log-in")), "next": "/me"}
    assert site.client.post(f"{AT}/log-in", json=sent).status == 200
    site.client.cookies.clear()
    assert site.client.post(f"{AT}/log-in", json=sent).status == 422
    ask(site, "/log-in")
    assert site.client.post(f"{AT}/log-in", json=sent).status == 422


def test_answer_of_another_browser_is_refused(site: Site) -> None:
    device = device_of(site)
    sent = {"credential": device.get(ask(site, "/log-in"))}
    site.client.cookies.clear()
    ask(site, "/log-in")
    assert site.client.post(f"{AT}/log-in", json=sent).status == 422


def test_question_of_one_purpose_is_not_answered_for_another(site: Site) -> None:
    device = device_of(site)
    site.log_in()
    sent = {"credential": device.get(ask(site, "/check"))}
    assert site.client.post(f"{AT}/log-in", json=sent).status == 422


def test_question_is_over_after_five_minutes(site: Site) -> None:
    device = device_of(site)
    options = ask(site, "/log-in")
    site.clock.advance(301)
    assert site.client.post(f"{AT}/log-in", json={"credential": device.get(options)}).status == 422


def test_device_that_counts_backward_is_a_copy(site: Site) -> None:
    device = device_of(site)
    device.count = 7
    assert use(site, device).status == 200
    site.client.cookies.clear()
    assert use(site, device, count=7).status == 422
    assert use(site, device, count=3).status == 422
    assert use(site, device, count=9).status == 200


def test_passkey_is_of_one_account_only(site: Site) -> None:
    device = device_of(site)
    site.log_in(OTHER)
    assert add(site, device).status == 422


def test_device_that_has_one_is_told_so(site: Site) -> None:
    device_of(site)
    site.log_in()
    device = Device()
    site.client.cookies.clear()
    use_other = device_of(site, OTHER)
    assert use(site, use_other).status == 200
    assert len(ask(site, "")["excludeCredentials"]) == 1
    assert add(site, device).status == 200
    assert len(ask(site, "")["excludeCredentials"]) == 2


def test_user_removes_their_own_and_nobody_elses(site: Site) -> None:
    device, others = device_of(site), device_of(site, OTHER)
    use(site, others)
    assert site.client.post(f"{AT}/remove", data={"id": "1"}).status == 303
    site.client.cookies.clear()
    assert use(site, device).status == 200
    for wrong in ("", "x", "-1", "9" * 30, "1"):
        assert site.client.post(f"{AT}/remove", data={"id": wrong}).status == 303
    site.client.cookies.clear()
    assert use(site, device).status == 422


def test_user_who_was_locked_out_stays_out(site: Site) -> None:
    device = device_of(site)
    site.change_user(is_active=False)
    assert use(site, device).status == 422


def test_pages_of_a_users_own_need_a_log_in(site: Site) -> None:
    assert site.client.get(AT).status == 401
    assert site.client.post(f"{AT}/options", json={}).status == 401
    assert site.client.post(AT, json={"credential": {}}).status == 401
    assert site.client.get(f"{AT}/check").headers["location"] == "/accounts/log-in"
    assert site.client.post(f"{AT}/check/options", json={}).status == 422
    assert site.client.post(f"{AT}/check", json={"credential": {}}).status == 422


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"rawId": 7},
        {"rawId": "é"},
        {"rawId": "A" * 2_000},
        {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": []},
        {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"userHandle": 7}},
    ],
)
def test_what_is_no_answer_is_a_422(shared: Site, login: str, credential: dict[str, Any]) -> None:
    device = device_of(shared, login)
    ask(shared, "/log-in")
    assert shared.client.post(f"{AT}/log-in", json={"credential": credential}).status == 422
    honest = device.get(ask(shared, "/log-in"))
    broken = {**honest, "response": {**honest["response"], **credential}}
    broken["response"]["authenticatorData"] = "AAAA"
    assert shared.client.post(f"{AT}/log-in", json={"credential": broken}).status == 422


@pytest.mark.parametrize(
    "body", [b'{"credential": {"rawId": "\\ud83d"}}', b"[]", b'{"credential": 7}', b"{", b""]
)
def test_what_is_no_json_is_refused_clearly(shared: Site, body: bytes) -> None:
    answer = shared.client.post(f"{AT}/log-in", content=body, headers={"content-type": "application/json"})
    assert answer.status in (400, 422)


def test_answer_has_a_limit(shared: Site) -> None:
    assert shared.client.post(f"{AT}/log-in", json={"credential": {"x": "y" * 70_000}}).status == 413


def test_sixth_refused_log_in_in_a_minute_has_to_wait(site: Site) -> None:
    device = device_of(site)
    answers = [use(site, device, host="evil.example").status for _ in range(6)]
    assert answers == [422] * 5 + [429]


def test_user_has_twenty_at_most(site: Site) -> None:
    site.log_in()
    assert [add(site).status for _ in range(21)] == [200] * 20 + [422]


def test_handle_that_devices_keep_tells_nothing_of_the_user(site: Site) -> None:
    device = device_of(site)
    assert EMAIL.encode() not in device.user_handle
    assert len(device.user_handle) <= 64


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")
    monkeypatch.setitem(sys.modules, "webauthn", None)
    with pytest.raises(MissingAccountsExtra, match=r"bistro\[passkeys\]"):
        App(Database("sqlite://"), Accounts(methods=[Passkeys()])).freeze()
