"""F137: a second factor by TOTP, with recovery codes."""

from __future__ import annotations

import re

import pyotp

from bistro.plugins import TwoFactor
from tests.plugins.accounts.support import EMAIL, HTML, site_with, who_routes


def test_user_adds_an_app_and_logs_in_by_its_code_and_by_a_recovery_code() -> None:
    with site_with(add=who_routes, methods=[TwoFactor(issuer="Shop")]) as site:
        site.add_user()
        site.log_in()
        page = site.client.get("/accounts/two-factor", headers=HTML).text
        app = pyotp.parse_uri(re.findall(r'href="(otpauth:[^"]+)"', page)[0].replace("&amp;", "&"))

        def type_code(path: str, code: str) -> str:
            data = {"code": code}
            answer = site.client.post(f"/accounts/two-factor{path}", data=data, follow_redirects=True)
            return answer.text

        codes = re.findall(r'class="code">([^<]+)<', type_code("", app.at(int(site.clock.time()))))  # type: ignore[attr-defined]
        site.clock.advance(30)
        for code in (app.at(int(site.clock.time())), codes[3]):  # type: ignore[attr-defined]
            site.client.cookies.clear()
            site.log_in(next="/me")
            assert site.client.get("/me").status == 401
            assert type_code("/check", code) == EMAIL
