"""F45: what happens to a slash too many or too few at the end is a policy, by default a redirect."""

from __future__ import annotations

import pytest

from bistro import App
from bistro.routing import SlashPolicy
from bistro.testing import Client


def make_app(slash: SlashPolicy | None = None) -> App:
    app = App() if slash is None else App(slash=slash)

    @app.route(["GET", "POST"], "/plain")
    async def plain() -> str:
        return "plain"

    @app.get("/slashed/{name}/")
    async def slashed(name: str) -> str:
        return name

    return app


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        ("/plain/?page=2&tag=a%26b", "/plain?page=2&tag=a%26b"),
        ("/slashed/a%2Fb", "/slashed/a%2Fb/"),
    ],
)
def test_by_default_the_client_is_redirected_for_good_with_its_query(asked: str, location: str) -> None:
    with Client(make_app()) as client:
        answer = client.get(asked)
        followed = client.get(asked, follow_redirects=True)

    assert (answer.status, answer.headers["location"]) == (308, location)
    assert followed.status == 200


def test_redirect_keeps_method_and_body_of_a_form() -> None:
    with Client(make_app(), follow_redirects=True) as client:
        answer = client.post("/plain/", data={"a": 1})

    assert (answer.method, answer.text) == ("POST", "plain")


def test_strict_takes_the_two_for_different_pages() -> None:
    with Client(make_app("strict")) as client:
        statuses = [client.get(path).status for path in ("/plain", "/plain/", "/slashed/x/", "/slashed/x")]

    assert statuses == [200, 404, 200, 404]


def test_ignore_answers_both_without_a_redirect() -> None:
    with Client(make_app("ignore")) as client:
        texts = [client.get(path).text for path in ("/plain", "/plain/", "/slashed/x/", "/slashed/x")]

    assert texts == ["plain", "plain", "x", "x"]


@pytest.mark.parametrize("path", ["//evil.example/", "//evil.example", "/%5Cevil.example/", "///plain/"])
def test_no_policy_redirects_to_another_site(path: str) -> None:
    for slash in ("redirect", "strict", "ignore"):
        with Client(make_app(slash)) as client:
            assert "location" not in client.get(path).headers
