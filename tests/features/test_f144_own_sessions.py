"""F144: users see their own sessions, and end others."""

from __future__ import annotations

from tests.features.accounts_site import EMAIL, PASSWORD, add_user, log_in, site


def test_f144_session_of_another_browser_is_listed_and_ended() -> None:
    with site() as client:
        add_user(client)
        data = {"login": EMAIL, "password": PASSWORD}
        client.post("/accounts/log-in", data=data, headers={"user-agent": "An old phone"})
        phone = dict(client.cookies)
        client.cookies.clear()
        log_in(client)
        page = client.get("/accounts/sessions").text
        assert "An old phone" in page
        name = page.partition('name="id" value="')[2].partition('"')[0]
        client.post("/accounts/sessions/end", data={"id": name})
        assert client.get("/me").status == 200
        client.cookies.clear()
        client.cookies.update(phone)
        assert client.get("/me").status == 401
