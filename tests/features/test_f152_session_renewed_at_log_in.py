"""F152: the session gets a new token at log-in; its cookie is secure where the site is not in development."""

from __future__ import annotations

from tests.features.accounts_site import EMAIL, HTML, PASSWORD, add_user, site


def test_f152_token_is_new_and_the_cookie_can_be_neither_read_nor_set_by_others() -> None:
    with site() as client:
        add_user(client)
        data = {"login": EMAIL, "password": PASSWORD}
        first, second = (client.post("/accounts/log-in", data=data, headers=HTML) for _ in range(2))
        cookies = [each.headers["set-cookie"] for each in (first, second)]
        assert cookies[0].partition(";")[0] != cookies[1].partition(";")[0]
        for cookie in cookies:
            assert cookie.startswith("__Host-session=")
            assert all(each in cookie.lower() for each in ("secure", "httponly", "samesite=lax", "path=/"))
