"""Values that are made once the handler has returned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jinja2 import pass_context

from bistro import App, Background, Body, Request, Response, render
from bistro.app import LateValueError, LateValues, Proceed, plan_lines
from bistro.plugins import Rendered, Rendering
from bistro.testing import Client


class Counter:
    """What a provider gives."""

    def __init__(self) -> None:
        self.value = 0


def app_with(template: str, **options: Any) -> App:
    app = App(Rendering(sources={"a.html": template}), **options)

    @app.get("/")
    async def show() -> Rendered:
        return render("a.html")

    return app


def test_a_hook_for_a_value_that_only_templates_ask_for_runs_where_it_was_made() -> None:
    app = App(Rendering(sources={"a.html": "{% if wanted %}{{ count }}{% endif %}"}))
    app.provide(Counter, lambda: Counter())

    def tell(response: Response, counter: Counter) -> None:
        response.headers["x-count"] = str(counter.value)

    app.after(tell, only_if_used=Counter)

    @app.template_global("count")
    def count(counter: Counter) -> int:
        counter.value += 1
        return counter.value

    @app.get("/")
    def show(wanted: bool) -> Rendered:
        return render("a.html", wanted=wanted)

    client = Client(app)
    assert client.get("/?wanted=true").headers["x-count"] == "1"
    assert "x-count" not in client.get("/?wanted=false").headers


def test_a_function_that_is_given_the_whole_context_cannot_ask_for_what_must_be_awaited() -> None:
    app = app_with("{{ look() }}")

    @app.template_global("count")
    async def count(request: Request) -> int:
        return 1

    @app.template_function("look")
    @pass_context
    def look(context: Any) -> Any:
        return context["count"]

    with pytest.raises(LateValueError) as caught:
        Client(app).get("/")
    assert "'count' has to be awaited" in str(caught.value)


def test_an_attribute_error_inside_of_what_makes_a_global_is_told_as_such() -> None:
    app = app_with("{{ count }}")

    @app.template_global("count")
    def count(request: Request, wanted: int = 0) -> int:
        return request.nothing  # type: ignore[attr-defined, no-any-return]  # the mistake of this test

    with pytest.raises(RuntimeError, match="'count' can't be made"):
        Client(app).get("/")


@pytest.mark.parametrize("plans", ["written", "interpreted"])
def test_what_was_made_for_a_template_hears_of_the_error_that_ended_the_request(plans: Any) -> None:
    app = app_with("{{ count }}{{ 1 // 0 }}", plans=plans)
    heard: list[str] = []

    @app.template_global("count")
    def count(request: Request) -> Iterator[int]:
        try:
            yield 1
        except ZeroDivisionError as error:
            heard.append(str(error))
            raise

    @app.on_error(ZeroDivisionError)
    def answer(error: ZeroDivisionError) -> str:
        return "divided"

    assert Client(app).get("/").text == "divided"
    assert len(heard) == 1


@pytest.mark.parametrize("plans", ["written", "interpreted"])
def test_a_global_may_be_made_of_the_path_the_query_and_the_body(plans: Any) -> None:
    app = App(Rendering(sources={"a.html": "{{ asked }}"}), plans=plans)

    @app.template_global("asked")
    def asked(id: int, body: Body[list[str]], word: str = "none") -> str:
        return f"{id} {word} {body[0]}"

    @app.post("/{id:int}")
    async def show() -> Rendered:
        return render("a.html")

    client = Client(app)
    assert client.post("/3?word=x", json=["milk"]).text == "3 x milk"


@pytest.mark.parametrize("plans", ["written", "interpreted"])
def test_what_makes_a_global_may_leave_work_for_after_the_answer(plans: Any) -> None:
    app = app_with("{{ count }}", plans=plans)
    done: list[str] = []

    @app.template_global("count")
    def count(background: Background) -> int:
        background.add(done.append, "counted")
        return 1

    with Client(app) as client:
        assert client.get("/").text == "1"
    assert done == ["counted"]


def test_nothing_is_made_for_templates_where_no_page_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    class Counted(LateValues):
        def __init__(self, *arguments: Any) -> None:
            made.append(self)
            super().__init__(*arguments)

    monkeypatch.setattr(plan_lines, "LateValues", Counted)
    app = app_with("{{ count }}")
    app.provide(Counter, lambda: Counter())
    app.template_global("count")(count_of)

    @app.get("/plain")
    async def plain(counter: Counter) -> dict[str, int]:
        return {"count": counter.value}

    client = Client(app)
    assert client.get("/plain").json() == {"count": 0}
    assert made == []
    assert client.get("/").text == "0"
    assert len(made) == 1


def test_page_behind_an_around_hook_gets_the_value_that_the_plan_has_made() -> None:
    app = App(Rendering(sources={"a.html": "{{ count }}"}))
    app.provide(Counter, lambda: Counter())
    app.template_global("count")(count_of)

    async def around(proceed: Proceed, counter: Counter) -> Response:
        counter.value = 7
        return await proceed()

    app.around(around)

    @app.get("/")
    async def show(counter: Counter) -> Rendered:
        counter.value += 1
        return render("a.html")

    assert Client(app).get("/").text == "8"


def count_of(counter: Counter) -> int:
    return counter.value
