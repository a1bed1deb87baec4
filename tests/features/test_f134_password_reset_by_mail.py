"""F134: a forgotten password is set anew by mail."""

from __future__ import annotations

from tests.features.accounts_site import EMAIL, add_user, log_in, site, token_of_last_mail


def test_f134_link_in_a_mail_sets_a_new_password_once() -> None:
    with site() as client:
        add_user(client)
        client.post("/accounts/forgot", data={"email": EMAIL})
        new = {"token": token_of_last_mail(client), "password": "another harbour"}
        assert [client.post("/accounts/reset", data=new).status for _ in range(2)] == [303, 400]
        assert log_in(client, password="another harbour") == 303
