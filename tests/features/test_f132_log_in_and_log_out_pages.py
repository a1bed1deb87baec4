"""F132: pages to log in and out, ready."""

from __future__ import annotations

from tests.features.accounts_site import EMAIL, HTML, add_user, log_in, site


def test_f132_visitor_logs_in_on_a_page_and_out_again() -> None:
    with site() as client:
        add_user(client)
        asked = client.get("/me", headers=HTML)
        assert "Log in" in client.get(asked.headers["location"], headers=HTML).text
        assert log_in(client) == 303
        assert client.get("/me").text == EMAIL
        assert client.post("/accounts/log-out").status == 303
        assert client.get("/me").status == 401
