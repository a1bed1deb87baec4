"""F235: rate limits per route, user and address; 429 with `Retry-After`."""

from __future__ import annotations

from bistro import App, Request
from bistro.plugins import RateLimit, limit_rate
from bistro.testing import Client, LiveServer
from tests.features.support import fetch


def test_site_route_and_user_have_limits_over_a_real_server() -> None:
    app = App(RateLimit("6/minute"))

    def by_user(request: Request) -> str | None:
        return request.headers.get("x-user")

    @app.get("/")
    async def home() -> str:
        return "home"

    @app.get("/search", before=[limit_rate("1/minute", by=by_user)])
    def search() -> str:
        return "found"

    with LiveServer(app) as server:
        users = ("ann", "bob", "ann")
        found = [fetch(server, "/search", headers={"x-user": user}) for user in users]
        home = [fetch(server, "/").status for _ in range(4)]
        probes = [fetch(server, "/livez").status for _ in range(10)]

    assert [answer.status for answer in found] == [200, 200, 429]
    assert 1 <= int(found[2].headers["retry-after"]) <= 60
    assert home == [200, 200, 200, 429]
    assert probes == [200] * 10


def test_refusal_says_what_holds_and_is_a_problem_document() -> None:
    app = App(RateLimit("1/hour"))

    @app.get("/")
    async def home() -> str:
        return "home"

    with Client(app) as client:
        assert client.get("/").headers["ratelimit-policy"] == '"default";q=1;w=3600'
        refused = client.get("/")

    assert refused.status == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert "1 requests in 3600 seconds" in refused.json()["detail"]
