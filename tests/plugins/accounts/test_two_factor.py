"""A code of an app behind the password, and the recovery codes for who has lost it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro import App
from bistro.ground import Keyring, make_secret_key
from bistro.plugins import Accounts, Database, TwoFactor
from bistro.plugins.accounts import User
from bistro.plugins.accounts.extras import MissingAccountsExtra
from bistro.plugins.accounts.recovery import RecoveryStore, hash_recovery_code, make_recovery_codes
from bistro.plugins.accounts.two_factor import RecoveryCode, TotpDevice
from bistro.plugins.accounts.two_factor.codes import STEP_SECONDS, find_step
from bistro.plugins.accounts.two_factor.store import TwoFactorStore
from bistro.testing import FakeClock
from bistro.testing.response import ClientResponse
from tests.plugins.accounts.support import EMAIL, HTML, Site, site_with, who_routes

OTHER = "bob@example.com"


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=who_routes, methods=[TwoFactor()]) as made:
        made.add_user()
        made.add_user(OTHER)
        yield made


def code_of(site: Site, secret: str) -> str:
    return pyotp.TOTP(secret).at(int(site.clock.time()))


def post(site: Site, path: str, code: str) -> ClientResponse:
    return site.client.post(f"/accounts/two-factor{path}", data={"code": code}, headers=HTML)


def set_up(site: Site) -> tuple[str, list[str]]:
    """Log in and switch it on; the secret and the recovery codes. The next code is a new one."""
    site.log_in()
    page = site.client.get("/accounts/two-factor", headers=HTML).text
    secret = read_secret(page)
    answer = post(site, "", code_of(site, secret))
    assert answer.status == 200, answer.text
    site.clock.advance(STEP_SECONDS)
    return secret, re.findall(r'<li class="code">([^<]+)</li>', answer.text)


def read_secret(page: str) -> str:
    found = re.search(r'<span class="code">([A-Z2-7 ]+)</span>', page)
    assert found
    return found[1].replace(" ", "")


def begin_log_in(site: Site) -> None:
    """The password alone, in a browser of its own."""
    site.client.cookies.clear()
    assert site.log_in(next="/me").headers["location"] == "/accounts/two-factor/check"


def test_user_without_it_logs_in_by_password_alone(site: Site) -> None:
    assert site.log_in(next="/me").headers["location"] == "/me"


def test_password_alone_lets_nobody_in_and_a_code_does(site: Site) -> None:
    secret, _ = set_up(site)
    begin_log_in(site)
    assert site.client.get("/me").status == 401
    assert site.client.get("/accounts/two-factor").status == 401
    assert "Type the code" in site.client.get("/accounts/two-factor/check", headers=HTML).text
    answer = post(site, "/check", code_of(site, secret))
    assert (answer.status, answer.headers["location"]) == (303, "/me")
    assert site.client.get("/me").text == EMAIL


def test_page_shows_picture_secret_and_uri_with_the_site_and_the_account(site: Site) -> None:
    site.log_in()
    answer = site.client.get("/accounts/two-factor", headers=HTML)
    assert "<svg" in answer.text
    assert "<title>QR code for your app</title>" in answer.text
    assert "style=" not in answer.text
    uri = re.search(r'href="(otpauth://[^"]+)"', answer.text)
    assert uri
    totp = pyotp.parse_uri(uri[1].replace("&amp;", "&"))
    assert (totp.name, totp.issuer) == (EMAIL, "localhost")  # type: ignore[attr-defined]
    assert totp.secret == read_secret(answer.text)  # type: ignore[attr-defined]
    assert answer.headers["cache-control"] == "no-store"
    assert read_secret(site.client.get("/accounts/two-factor", headers=HTML).text) == totp.secret  # type: ignore[attr-defined]


def test_it_is_on_only_after_a_right_code(site: Site) -> None:
    site.log_in()
    site.client.get("/accounts/two-factor")
    assert post(site, "", "000000").status == 422
    assert site.log_in(next="/me").headers["location"] == "/me"
    set_up(site)
    assert "is on" in site.client.get("/accounts/two-factor", headers=HTML).text


def test_code_is_taken_once_also_where_two_requests_bring_it(site: Site) -> None:
    secret, _ = set_up(site)
    code = code_of(site, secret)
    begin_log_in(site)
    assert post(site, "/check", code).status == 303
    begin_log_in(site)
    assert post(site, "/check", code).status == 422
    site.clock.advance(STEP_SECONDS)
    assert post(site, "/check", code_of(site, secret)).status == 303


def test_code_that_switched_it_on_is_used_up(site: Site) -> None:
    secret, _ = set_up(site)
    begin_log_in(site)
    site.clock.set(site.clock.now().replace(microsecond=0))
    before = pyotp.TOTP(secret).at(int(site.clock.time()) - STEP_SECONDS)
    assert post(site, "/check", before).status == 422


@pytest.mark.parametrize(("steps", "status"), [(-1, 303), (0, 303), (1, 303), (-2, 422), (2, 422)])
def test_clock_may_be_half_a_minute_off(site: Site, steps: int, status: int) -> None:
    secret, _ = set_up(site)
    site.clock.advance(120)
    begin_log_in(site)
    code = pyotp.TOTP(secret).at(int(site.clock.time()) + steps * STEP_SECONDS)
    assert post(site, "/check", code).status == status


def test_recovery_code_is_taken_once_and_however_it_is_typed(site: Site) -> None:
    _, codes = set_up(site)
    assert len(set(codes)) == 10
    begin_log_in(site)
    assert post(site, "/check", codes[0].upper().replace("-", " ").replace("0", "O")).status == 303
    assert "9 recovery codes are left" in site.client.get("/accounts/two-factor").text
    begin_log_in(site)
    assert post(site, "/check", codes[0]).status == 422
    assert post(site, "/check", codes[1]).status == 303


def test_new_recovery_codes_need_a_code_and_end_the_old_ones(site: Site) -> None:
    secret, old = set_up(site)
    assert post(site, "/codes", "000000").status == 422
    answer = post(site, "/codes", code_of(site, secret))
    new = re.findall(r'<li class="code">([^<]+)</li>', answer.text)
    begin_log_in(site)
    assert post(site, "/check", old[0]).status == 422
    assert post(site, "/check", new[0]).status == 303


def test_it_is_switched_off_by_a_code_only(site: Site) -> None:
    secret, _ = set_up(site)
    assert post(site, "/remove", "000000").status == 422
    assert post(site, "/remove", code_of(site, secret)).status == 303
    site.client.cookies.clear()
    assert site.log_in(next="/me").headers["location"] == "/me"


def test_sixth_wrong_code_in_a_minute_has_to_wait(site: Site) -> None:
    secret, codes = set_up(site)
    begin_log_in(site)
    assert [post(site, "/check", f"00000{n}").status for n in range(6)] == [422] * 5 + [429]
    begin_log_in(site)  # another session is no way around
    assert post(site, "/check", code_of(site, secret)).status == 429
    assert post(site, "/check", codes[0]).status == 429
    site.clock.advance(60)
    assert post(site, "/check", code_of(site, secret)).status == 303


def test_code_of_one_user_does_nothing_for_another(site: Site) -> None:
    secret, codes = set_up(site)
    site.client.cookies.clear()
    site.log_in(OTHER)
    page = site.client.get("/accounts/two-factor").text
    assert read_secret(page) != secret
    post(site, "", code_of(site, read_secret(page)))
    site.client.cookies.clear()
    site.log_in(OTHER)
    assert post(site, "/check", codes[0]).status == 422
    assert post(site, "/check", code_of(site, secret)).status == 422


def test_page_of_the_step_is_for_who_is_logging_in_only(site: Site) -> None:
    secret, _ = set_up(site)
    site.client.cookies.clear()
    for answer in (
        site.client.get("/accounts/two-factor/check"),
        post(site, "/check", code_of(site, secret)),
    ):
        assert (answer.status, answer.headers["location"]) == (303, "/accounts/log-in")


def test_step_is_over_after_ten_minutes(site: Site) -> None:
    secret, _ = set_up(site)
    begin_log_in(site)
    site.clock.advance(601)
    assert post(site, "/check", code_of(site, secret)).headers["location"] == "/accounts/log-in"
    assert site.client.get("/me").status == 401


def test_user_locked_out_between_password_and_code_stays_out(site: Site) -> None:
    secret, _ = set_up(site)
    begin_log_in(site)
    site.change_user(is_active=False)
    assert post(site, "/check", code_of(site, secret)).headers["location"] == "/accounts/log-in"


def test_token_of_the_session_changes_at_each_step(site: Site) -> None:
    """Session fixation: whoever has planted a token is not logged in with it."""
    secret, _ = set_up(site)
    begin_log_in(site)
    pending = site.token
    post(site, "/check", code_of(site, secret))
    assert site.token != pending
    with site.other_browser(pending) as other:
        assert other.get("/me").status == 401


def test_setting_it_up_twice_keeps_the_first(site: Site) -> None:
    secret, _ = set_up(site)
    answer = post(site, "", code_of(site, secret))
    assert "is on" in answer.text
    begin_log_in(site)
    assert post(site, "/check", code_of(site, secret)).status == 303


@pytest.mark.parametrize(
    "code", ["", " ", "12345", "1234567", "١٢٣٤٥٦", "12345\u00b2", "a" * 41, "\0", "x" * 60_000]
)
def test_what_is_no_code_is_a_422(site: Site, code: str) -> None:
    set_up(site)
    begin_log_in(site)
    assert post(site, "/check", code).status == 422


def test_events_are_kept(site: Site) -> None:
    _, codes = set_up(site)
    begin_log_in(site)
    post(site, "/check", "000000")
    post(site, "/check", codes[0])
    assert site.events()[-5:] == ["method added", "step failed", "confirmed", "step passed", "logged in"]


def test_nothing_stored_lets_its_reader_in() -> None:
    async def rows() -> str:
        return f"{list(await TotpDevice.objects.all())} {list(await RecoveryCode.objects.all())}"

    with site_with(add=lambda app: app.get("/rows")(rows), methods=[TwoFactor()]) as site:
        site.add_user()
        secret, codes = set_up(site)
        stored = site.client.get("/rows").text
    assert stored.count("RecoveryCode(") == 10
    assert not any(each in stored for each in (secret, *codes, codes[0].replace("-", "")))


def test_sealed_secret_of_one_user_is_worthless_in_the_row_of_another() -> None:
    store = TwoFactorStore(Keyring([make_secret_key()]), FakeClock(), RecoveryStore())
    ann, bob = User(email="a@example.com", email_key="a"), User(email="b@example.com", email_key="b")
    sealed = store.seal(ann, "SECRET")
    assert "SECRET" not in sealed
    assert store.open(ann, sealed) == "SECRET"
    assert store.open(bob, sealed) is None
    assert (
        TwoFactorStore(Keyring([make_secret_key()]), FakeClock(), RecoveryStore()).open(ann, sealed) is None
    )


def test_recovery_codes_have_eighty_bits_and_hashes_of_their_user() -> None:
    codes = [code for _ in range(50) for code in make_recovery_codes()]
    assert len(set(codes)) == 500
    assert all(re.fullmatch(r"(?:[0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}", code) for code in codes)
    assert hash_recovery_code("ann", codes[0]) != hash_recovery_code("bob", codes[0])


@given(st.text(max_size=50), st.floats(0, 4e9))
def test_any_text_is_a_code_or_none(code: str, now: float) -> None:
    assert find_step("JBSWY3DPEHPK3PXP", code, now) in (None, *range(int(now // 30) - 1, int(now // 30) + 2))
    hash_recovery_code("ann", code)


def test_vector_of_the_rfc() -> None:
    """RFC 6238, appendix B, cut to six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert find_step(secret, "287082", 59) == 1
    assert find_step(secret, "081804", 1111111109) == 37037036


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")
    monkeypatch.setitem(sys.modules, "segno", None)
    with pytest.raises(MissingAccountsExtra, match=r"bistro\[two-factor\]"):
        App(Database("sqlite://"), Accounts(methods=[TwoFactor()])).freeze()
