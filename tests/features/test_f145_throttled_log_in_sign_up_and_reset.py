"""F145: log-in, sign-up and reset are throttled."""

from __future__ import annotations

import pytest

from tests.features.accounts_site import EMAIL, PASSWORD, add_user, site


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("log-in", {"login": EMAIL, "password": "wrong words"}),
        ("sign-up", {"email": "new@example.com", "password": PASSWORD}),
        ("forgot", {"email": EMAIL}),
    ],
)
def test_f145_sixth_attempt_in_a_minute_is_refused(path: str, data: dict[str, str]) -> None:
    with site() as client:
        add_user(client)
        answers = [client.post(f"/accounts/{path}", data=data) for _ in range(6)]
        assert 429 not in {each.status for each in answers[:5]}
        assert answers[5].status == 429
        assert int(answers[5].headers["retry-after"]) > 0
