"""F136: log in with a link or a code by mail."""

from __future__ import annotations

import re

from bistro.plugins import Accounts
from bistro.testing import Mailbox
from tests.features.accounts_site import EMAIL, add_user, site, token_of_last_mail


def test_f136_link_and_code_log_in_without_a_password() -> None:
    with site(Accounts(log_in_by_mail=True)) as client:
        add_user(client)
        client.post("/accounts/link", data={"email": EMAIL})
        client.post("/accounts/link/follow", data={"token": token_of_last_mail(client)})
        assert client.get("/me").text == EMAIL
        client.post("/accounts/log-out")
        client.post("/accounts/link", data={"email": EMAIL})
        code = re.search(r"\d{3} \d{3}", Mailbox(client).messages[-1].text)
        assert code
        client.post("/accounts/code", data={"code": code[0]})
        assert client.get("/me").text == EMAIL
