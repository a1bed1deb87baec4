"""F133, F135: a page to sign up, and the address is confirmed by mail."""

from __future__ import annotations

from tests.features.accounts_site import EMAIL, HTML, PASSWORD, log_in, site, token_of_last_mail


def test_f133_visitor_makes_an_account_on_a_page() -> None:
    with site() as client:
        assert "Make an account" in client.get("/accounts/sign-up", headers=HTML).text
        answer = client.post("/accounts/sign-up", data={"email": EMAIL, "password": PASSWORD}, headers=HTML)
        assert "Look into your mail" in answer.text


def test_f135_nobody_logs_in_before_the_address_is_confirmed() -> None:
    with site() as client:
        client.post("/accounts/sign-up", data={"email": EMAIL, "password": PASSWORD})
        token = token_of_last_mail(client)
        log_in(client)
        assert client.get("/me").status == 401
        client.post("/accounts/verify", data={"token": token})
        log_in(client)
        assert client.get("/me").text == EMAIL
