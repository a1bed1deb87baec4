"""Errors leave by one gate."""

from __future__ import annotations

import logging

import pytest

from bistro import App, Html, HttpError, Json, NotFound, Request, Response, Routes
from bistro.app import HookError
from bistro.ground.errors import AnswerableError
from bistro.ground.problems import Problem
from bistro.http import Conflict, TooManyRequests
from bistro.testing import Client

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def site(error: Exception, plans: str = "written") -> App:
    app = App(defaults=False, plans=plans)  # type: ignore[arg-type]

    @app.get("/", blocking=False)
    def fails() -> None:
        raise error

    return app


def quiet(app: App) -> Client:
    return Client(app, raise_server_errors=False)


def test_an_http_error_is_a_problem_document_for_programs() -> None:
    response = quiet(site(Conflict("Somebody was quicker."))).get("/")
    assert response.status == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "Somebody was quicker.",
    }


def test_an_http_error_is_a_page_for_browsers_and_escapes_its_text() -> None:
    response = quiet(site(NotFound("No <script>."))).get("/", headers=BROWSER)
    assert response.status == 404
    assert response.headers["content-type"].startswith("text/html")
    assert "No &lt;script&gt;." in response.text


def test_headers_of_an_error_are_sent() -> None:
    response = quiet(site(TooManyRequests(headers={"Retry-After": "5"}))).get("/")
    assert (response.status, response.headers["retry-after"]) == (429, "5")


def test_an_error_that_nobody_expected_is_a_500_that_tells_nothing_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, "bistro.app"):
        response = quiet(site(LookupError("secret detail"))).get("/")
    assert response.status == 500
    assert "secret" not in response.text
    assert "secret detail" in caplog.text


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "\x1b[31m"])
def test_any_text_of_an_error_gives_a_valid_answer(text: str) -> None:
    for headers in ({}, BROWSER):
        response = quiet(site(NotFound(text))).get("/", headers=headers)
        assert response.status == 404
        response.content.decode()
    assert quiet(site(NotFound(text))).get("/").json()["status"] == 404


def test_the_nearest_class_wins_then_the_nearest_place() -> None:
    app = App(defaults=False)
    inner = Routes()

    @app.on_error(NotFound)
    def outer_not_found(error: NotFound) -> Response:
        return Json({"by": "outer not found"}, status=404)

    @inner.on_error(HttpError)
    def inner_any(error: HttpError) -> Response:
        return Json({"by": "inner any"}, status=error.status)

    @inner.get("/missing", blocking=False)
    def missing() -> None:
        raise NotFound

    @inner.get("/conflict", blocking=False)
    def conflict() -> None:
        raise Conflict

    app.include(inner, at="/in")
    client = quiet(app)
    assert client.get("/in/missing").json() == {"by": "outer not found"}
    assert client.get("/in/conflict").json() == {"by": "inner any"}
    assert client.get("/nowhere").json() == {"by": "outer not found"}


def test_a_hook_may_return_plain_data_and_keeps_the_status() -> None:
    app = site(Conflict())

    @app.on_error(Conflict)
    async def answer(error: Conflict, request: Request) -> dict[str, str]:
        return {"path": request.path}

    response = quiet(app).get("/")
    assert (response.status, response.json()) == (409, {"path": "/"})


def test_an_own_exception_handled_by_its_hook_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    class OutOfStock(Exception):
        """Of this site."""

    app = site(OutOfStock())
    app.on_error(OutOfStock)(lambda error: Html("<p>sold out</p>", status=410))
    with caplog.at_level(logging.ERROR, "bistro.app"):
        assert Client(app).get("/").status == 410
    assert not caplog.records


def test_a_hook_that_fails_itself_gives_a_plain_500() -> None:
    app = site(Conflict())

    @app.on_error(Conflict)
    def answer(error: Conflict) -> None:
        raise LookupError("in the hook")

    assert quiet(app).get("/").status == 500


def test_the_test_client_raises_what_nobody_expected() -> None:
    with pytest.raises(LookupError, match="seen"):
        Client(site(LookupError("seen"))).get("/")


def test_a_hook_with_other_parameters_stops_the_start() -> None:
    app = site(Conflict())

    @app.on_error(Conflict)
    def answer(error: Conflict, session: dict) -> None:
        return None

    with pytest.raises(HookError, match="session") as caught:
        app.freeze()
    assert "test_failures.py:" in str(caught.value)


class Taken(AnswerableError):
    code, status = "B999", 409
    detail = "It is taken."
    problems = (Problem("body", "name", "is taken already", "unique"),)


class Down(AnswerableError):
    code, status = "B998", 503
    headers = {"retry-after": "1"}


class Broken(AnswerableError):
    code = "B997"


def test_an_error_of_a_lower_floor_has_the_answer_that_it_names() -> None:
    response = quiet(site(Taken("secret detail"))).get("/")
    assert response.status == 409
    assert response.json()["detail"] == "It is taken."
    assert response.json()["errors"][0]["path"] == "name"
    assert "secret" not in response.text


def test_what_is_not_the_clients_fault_is_logged_and_may_be_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "bistro.app"):
        response = quiet(site(Down("the socket is closed"))).get("/")
    assert (response.status, response.headers["retry-after"]) == (503, "1")
    assert "the socket is closed" in caplog.text
    assert "socket" not in response.text


def test_an_error_of_a_lower_floor_without_an_answer_is_a_500() -> None:
    response = quiet(site(Broken("secret detail"))).get("/")
    assert response.status == 500
    assert "secret" not in response.text


@pytest.mark.parametrize("kind", [Taken, AnswerableError])
def test_a_site_has_its_own_answer_to_an_error_of_a_lower_floor(kind: type[AnswerableError]) -> None:
    app = site(Taken("secret detail"))

    @app.on_error(kind)
    def answer(error: Taken) -> dict[str, str]:
        return {"sorry": type(error).__name__}

    response = quiet(app).get("/")
    assert (response.status, response.json()) == (409, {"sorry": "Taken"})


def test_a_page_for_every_error_gets_the_answer_of_a_lower_floor_as_an_http_error() -> None:
    app = site(Taken("secret detail"))

    @app.on_error(HttpError)
    def page(error: HttpError) -> dict[str, str]:
        return {"title": error.title, "cause": type(error.__cause__).__name__}

    response = quiet(app).get("/")
    assert (response.status, response.json()) == (409, {"title": "Conflict", "cause": "Taken"})
