"""Values that are made once the handler has returned."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from jinja2 import pass_context

from bistro import App, Background, Body, Request, Response, render
from bistro.app import LateValueError, LateValues, Proceed, late, plan_lines
from bistro.app.late_steps import write_late_steps
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


BOTH = pytest.mark.parametrize("plans", ["written", "interpreted"])


class Basket:
    """What another provider gives, which has to be awaited."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter


async def fill(counter: Counter) -> Basket:
    return Basket(counter)


@BOTH
@pytest.mark.parametrize("is_async", [True, False])
def test_a_hook_for_what_a_template_asked_for_is_given_other_values_too(plans: Any, is_async: bool) -> None:
    app = app_with("{{ count }}", plans=plans)
    app.provide(Counter, lambda: Counter())
    app.provide(Basket, fill)
    app.template_global("count")(count_of)

    def tell(response: Response, request: Request, counter: Counter, basket: Basket) -> None:
        response.headers["x-same"] = str(basket.counter is counter and request.path == "/")

    async def tell_later(response: Response, counter: Counter, basket: Basket) -> None:
        response.headers["x-same"] = str(basket.counter is counter)

    app.after(tell_later if is_async else tell, only_if_used=Counter)
    client = Client(app)
    assert [client.get("/").headers["x-same"] for _ in range(2)] == ["True", "True"]


@BOTH
def test_a_hook_may_answer_instead_once_a_template_has_asked(plans: Any) -> None:
    app = App(Rendering(sources={"a.html": "{{ count }}"}), plans=plans)
    app.provide(Counter, lambda: Counter())
    app.template_global("count")(count_of)

    def replace(id: int, request: Request, counter: Counter) -> str:
        return f"{id} {request.path} {counter.value}"

    app.after(replace, only_if_used=Counter)

    @app.get("/{id:int}")
    async def show() -> Rendered:
        return render("a.html")

    assert Client(app).get("/5").text == "5 /5 0"


@BOTH
def test_what_the_handler_gives_a_template_is_not_made_for_it(plans: Any) -> None:
    app = App(Rendering(sources={"a.html": "{{ count }}{{ word }}"}), plans=plans)

    @app.template_global("count")
    async def count(request: Request) -> int:
        raise AssertionError

    @app.template_global("word")
    async def word(request: Request) -> str:
        return "x"

    @app.get("/")
    async def show() -> Rendered:
        return render("a.html", count=3)

    assert Client(app).get("/").text == "3x"


@BOTH
def test_what_was_opened_for_a_template_is_closed_last_opened_first(plans: Any) -> None:
    app = app_with("{{ second }}", plans=plans)
    closed: list[str] = []

    async def open_counter(request: Request) -> AsyncIterator[Counter]:
        yield Counter()
        closed.append("counter")

    def open_basket(counter: Counter) -> Iterator[Basket]:
        yield Basket(counter)
        closed.append("basket")

    app.provide(Counter, open_counter)
    app.provide(Basket, open_basket)

    @app.template_global("second")
    def second(basket: Basket) -> int:
        return basket.counter.value

    assert Client(app).get("/").text == "0"
    assert closed == ["basket", "counter"]


@BOTH
def test_two_templates_of_one_request_are_given_the_same_value(plans: Any) -> None:
    app = App(Rendering(sources={"a.html": "{{ count }}", "b.html": "{{ count }}{{ word }}"}), plans=plans)
    made: list[str] = []

    @app.template_global("count")
    async def count(request: Request) -> int:
        made.append("count")
        return len(made)

    @app.template_global("word")
    async def word(request: Request) -> str:
        return "x"

    @app.get("/")
    async def show() -> Rendered:
        return render("a.html")

    @app.after
    def instead(response: Response) -> Rendered:
        return render("b.html")

    client = Client(app)
    assert client.get("/").text == "1x"
    assert client.get("/").text == "2x"
    assert made == ["count", "count"]


def test_what_makes_the_globals_of_a_template_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []

    def count_written(values: Any, body_size_max: int) -> Any:
        written.append(values)
        return write_late_steps(values, body_size_max)

    monkeypatch.setattr(late, "write_late_steps", count_written)
    app = app_with("{{ count }}")

    @app.template_global("count")
    async def count(request: Request) -> int:
        return 1

    client = Client(app)
    assert [client.get("/").text for _ in range(3)] == ["1", "1", "1"]
    assert len(written) == 1
