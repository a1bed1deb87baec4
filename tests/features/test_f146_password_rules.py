"""F146: rules for passwords, with a list of common ones and those known from break-ins."""

from __future__ import annotations

import hashlib

import pytest

from bistro.plugins import Accounts
from bistro.plugins.accounts import BreachedPasswords, PasswordRules
from tests.features.accounts_site import EMAIL, site


async def service(url: str) -> str:
    digest = hashlib.sha1(b"breached elsewhere").hexdigest().upper()
    return f"{digest[5:]}:7\n" if url.endswith(digest[:5]) else ""


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("short", "characters"),
        ("password1", "most common"),
        ("ada@example", "too much like"),
        ("breached elsewhere", "break-in"),
        ("a quiet harbour", ""),
    ],
)
def test_f146_password_that_is_easily_guessed_is_refused(password: str, fault: str) -> None:
    rules = PasswordRules(others=[BreachedPasswords(fetch=service)])
    with site(Accounts(rules=rules)) as client:
        answer = client.post("/accounts/sign-up", data={"email": EMAIL, "password": password})
        assert answer.status == (422 if fault else 200)
        assert fault in answer.text
