"""Attacks on caches that many share: what is made for one visitor is never given to the next."""

from __future__ import annotations

import pytest

from bistro import App
from bistro.http import Response
from bistro.plugins import Csrf, CsrfToken, MemorySessions, Session, Sessions
from bistro.testing import Client

TOLD = {
    "": "private",
    "public, max-age=3600": "private, max-age=3600",
    "Public,s-maxage=60 , immutable": "private, immutable",
    "max-age=60": "private, max-age=60",
    "s-maxage=60": "private",
    "private, max-age=60": "private, max-age=60",
    "no-store": "no-store",
    "no-store, public": "no-store",
    "no-cache": "private, no-cache",
}


def make_client(told: str) -> Client:
    app = App(Sessions(MemorySessions()), Csrf(tokens=True))

    def answer() -> Response:
        return Response(b"x", headers={"cache-control": told} if told else {})

    @app.get("/session")
    async def with_session(session: Session) -> Response:
        session["seen"] = True
        return answer()

    @app.get("/token")
    async def with_token(token: CsrfToken) -> Response:
        assert token.value
        return answer()

    @app.get("/neither")
    async def with_neither() -> Response:
        return answer()

    return Client(app)


@pytest.mark.parametrize("path", ["/session", "/token"])
@pytest.mark.parametrize(("told", "kept"), TOLD.items())
def test_answer_with_a_cookie_for_one_visitor_is_kept_by_no_shared_cache(
    path: str, told: str, kept: str
) -> None:
    answer = make_client(told).get(path)
    assert "set-cookie" in answer.headers
    assert answer.headers["cache-control"] == kept
    assert answer.headers["vary"] == "cookie"


def test_answer_that_is_the_same_for_all_is_left_as_it_is() -> None:
    assert (
        make_client("public, max-age=3600").get("/neither").headers["cache-control"] == "public, max-age=3600"
    )
