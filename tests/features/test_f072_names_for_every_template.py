"""F72 and F77: names that every template may use, made only when one does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import ClassVar, Literal

import pytest
from msgspec import Struct

from bistro import App, NotFound, Page, Request, Response, Setup, render
from bistro.app import InjectionError
from bistro.cli.checks import run_checks
from bistro.plugins import Rendered, Rendering, stream
from bistro.testing import Client


def test_f072_a_global_is_there_in_every_template_and_knows_the_request() -> None:
    app = App(Rendering(sources={"a.html": "{% include 'b.html' %}", "b.html": "{{ theme }} {{ theme }}"}))

    @app.template_global("theme")
    def theme(request: Request) -> str:
        return request.query.get("theme", "light")

    @app.get("/")
    async def show() -> Rendered:
        return render("a.html")

    assert Client(app).get("/?theme=dark").text == "dark dark"
    assert Client(app).get("/").text == "light light"


def test_f077_it_is_made_once_and_only_when_it_is_used() -> None:
    app = App(Rendering(sources={"a.html": "{% if wanted %}{{ costly }}{{ costly }}{% endif %}"}))
    made: list[int] = []

    @app.template_global("costly")
    def costly() -> str:
        made.append(1)
        return "x"

    @app.get("/")
    async def show(wanted: bool) -> Rendered:
        return render("a.html", wanted=wanted)

    client = Client(app)
    assert (client.get("/?wanted=false").text, len(made)) == ("", 0)
    assert (client.get("/?wanted=true").text, len(made)) == ("xx", 1)


def test_f072_what_the_handler_gives_wins() -> None:
    app = App(Rendering(sources={"a.html": "{{ theme }}"}))
    app.template_global("theme")(lambda: "light")

    @app.get("/")
    async def show() -> Rendered:
        return render("a.html", theme="own")

    assert Client(app).get("/").text == "own"


class User(Struct):
    name: str


class Visits:
    """What a plugin would provide: a value that is loaded once, and saved if it was loaded."""

    def __init__(self) -> None:
        self.loaded = 0
        self.saved = 0

    async def load(self, request: Request) -> User:
        self.loaded += 1
        return User(request.query.get("name", "Ann"))

    def save(self, response: Response, user: User) -> None:
        self.saved += 1
        response.headers["x-saved"] = user.name

    def install(self, setup: Setup) -> None:
        setup.provide(User, self.load)
        setup.after(self.save, only_if_used=User)
        setup.template_global("user", user_of_template)

    requires: ClassVar[tuple[type, ...]] = ()


def user_of_template(user: User) -> User:
    return user


SOURCES = {
    "base.html": "<b>{{ user.name }}</b>{% block main %}{% endblock %}",
    "page.html": "{% extends 'base.html' %}{% block main %}{{ title }}{% endblock %}",
    "plain.html": "{{ title }}",
}


@pytest.mark.parametrize("plans", ["written", "interpreted"])
@pytest.mark.parametrize("path", ["/async", "/sync", "/loop", "/page", "/stream", "/given", "/missing"])
def test_f072_a_global_is_made_of_injected_values(
    plans: Literal["written", "interpreted"], path: str
) -> None:
    app = App(Rendering(sources=SOURCES), Visits(), plans=plans)

    class TitlePage(Page, template="page.html"):
        title: str

    @app.get("/async")
    async def show() -> Rendered:
        return render("page.html", title="x")

    @app.get("/sync")
    def show_sync() -> Rendered:
        return render("page.html", title="x")

    @app.get("/loop", blocking=False)
    def show_in_loop():
        return render("page.html", title="x")

    @app.get("/page")
    async def show_page() -> TitlePage:
        return TitlePage("x")

    @app.get("/stream")
    async def show_stream() -> Rendered:
        return stream("page.html", title="x")

    @app.get("/given")
    async def show_with_user(user: User) -> Rendered:
        return render("page.html", title=user.name.lower())

    @app.on_error(NotFound)
    def missing(error: NotFound) -> Rendered:
        return render("page.html", status=404, title="gone")

    answer = Client(app).get(f"{path}?name=Eve")
    assert answer.text == "<b>Eve</b>" + {"/given": "eve", "/missing": "gone"}.get(path, "x")
    assert answer.headers["x-saved"] == "Eve"


def test_f072_what_makes_a_global_may_refuse_the_request() -> None:
    app = App(Rendering(sources={"a.html": "{{ secret }}"}))

    @app.template_global("secret")
    async def secret(request: Request) -> str:
        raise NotFound

    @app.get("/")
    async def show() -> Rendered:
        return render("a.html")

    assert Client(app).get("/").status == 404


def test_f072_a_before_hook_may_answer_with_such_a_page() -> None:
    app = App(Rendering(sources=SOURCES), Visits())

    @app.before
    def refuse() -> Rendered:
        return render("page.html", title="log in", status=401)

    @app.get("/")
    async def show(user: User) -> str:
        return "secret"

    answer = Client(app).get("/?name=Eve")
    assert (answer.status, answer.text) == (401, "<b>Eve</b>log in")


@pytest.mark.parametrize("plans", ["written", "interpreted"])
def test_f077_injected_values_are_made_once_and_only_for_templates_that_use_them(
    plans: Literal["written", "interpreted"],
) -> None:
    visits = Visits()
    app = App(Rendering(sources=SOURCES), visits, plans=plans)

    @app.get("/plain")
    async def plain() -> Rendered:
        return render("plain.html", title="x")

    @app.get("/used")
    async def used(user: User) -> Rendered:
        return render("page.html", title="x")

    @app.get("/own")
    async def own() -> Rendered:
        return render("page.html", title="x", user=User("own"))

    client = Client(app)
    assert client.get("/plain").text == "x"
    assert client.get("/own").text == "<b>own</b>x"
    assert (visits.loaded, visits.saved) == (0, 0)
    client.get("/used")
    assert (visits.loaded, visits.saved) == (1, 1)


def test_f072_what_a_global_opened_is_closed_when_the_answer_is_sent() -> None:
    app = App(Rendering(sources={"a.html": "{{ first }}{{ second }}"}))
    told: list[str] = []

    @app.template_global("first")
    def first(request: Request) -> Iterator[str]:
        told.append("open first")
        yield request.path
        told.append("close first")

    @app.template_global("second")
    async def second() -> AsyncIterator[str]:
        told.append("open second")
        yield "2"
        told.append("close second")

    @app.get("/")
    async def show() -> Rendered:
        return render("a.html")

    assert Client(app).get("/").text == "/2"
    assert sorted(told[:2]) == ["open first", "open second"]
    assert [each.removeprefix("close ") for each in told[2:]] == [
        each.removeprefix("open ") for each in reversed(told[:2])
    ]


def test_f072_the_return_type_of_what_makes_a_global_is_checked() -> None:
    app = App(Rendering(sources={"a.html": "{{ user.nmae }}\n{{ user.name }}"}), Visits())

    @app.get("/")
    async def show() -> Rendered:
        return render("a.html")

    (finding,) = [each for each in run_checks(app, app.freeze()) if each.id == "templates.E004"]
    assert "User has no 'nmae'" in finding.what


def test_f072_a_global_that_asks_for_what_nobody_provides_stops_the_start() -> None:
    app = App(Rendering(sources={}))

    @app.template_global("user")
    def user(user: User) -> User:
        return user

    with pytest.raises(InjectionError) as caught:
        app.freeze()
    assert "user: User" in str(caught.value)
    assert "test_f072" in str(caught.value)
