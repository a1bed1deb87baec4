"""`form: Form[T]` and `form: FormView[T]` in handlers: the page of the same path is shown again by itself."""

from __future__ import annotations

import gzip
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct, structs

from bistro import App, Html, Redirect, Request, Response, Routes, Setup, Upload
from bistro.db import UniqueViolation
from bistro.forms import FieldView, Form, FormField, FormView, Widget, Widgets, check, in_steps
from bistro.http import Forbidden
from bistro.plugins import Compression
from bistro.testing import Client

HTML = {"accept": "text/html,*/*;q=0.1"}


class Line(Struct):
    name: Annotated[str, Meta(min_length=1)]


class Note(Struct, kw_only=True):
    title: Annotated[str, Meta(min_length=1, max_length=20)]
    secret: Annotated[str, Widget(kind="password")] = ""
    lines: list[Line] = []

    @check("title", code="taken")
    async def title_is_free(self) -> str | None:
        return "is taken" if self.title == "Milk" else None

    @check()
    def has_secret_where_long(self) -> str | None:
        return "Long titles need a secret" if len(self.title) > 10 and not self.secret else None


def make_app(plugin: Any = None, **options: Any) -> tuple[App, list[Any]]:
    app, taken = App(*([plugin] if plugin else []), **options), list[Any]()

    @app.get("/{place}/notes")
    async def show(place: str, form: FormView[Note]) -> Html:
        return Html(f"<h1>{place}</h1>{form.html}", headers={"x-page": "yes"})

    @app.post("/{place}/notes")
    async def create(place: str, form: Form[Note]) -> Redirect:
        if form.value.title == "late":
            form.refuse("title", "came too late")
        taken.append(form.value)
        return Redirect("/done", status=303)

    @app.post("/json")
    async def create_by_json(note: Note) -> str:
        return note.title

    return app, taken


@pytest.fixture(params=["written", "interpreted"])
def site(request: pytest.FixtureRequest) -> tuple[Client, list[Any]]:
    app, taken = make_app(plans=request.param)
    return Client(app), taken


def test_form_that_is_right_reaches_the_handler(site: Any) -> None:
    client, taken = site
    assert client.post("/a/notes", data={"title": "Tea", "is_admin": "1"}, headers=HTML).status == 303
    assert taken == [Note(title="Tea")]


def test_form_that_is_wrong_shows_its_page_again(site: Any) -> None:
    client, taken = site
    answer = client.post("/a/notes", data={"title": "x" * 21, "secret": "hunter2"}, headers=HTML)
    assert (answer.status, taken, answer.headers["x-page"]) == (422, [], "yes")
    assert "<h1>a</h1>" in answer.text
    assert 'value="' + "x" * 21 in answer.text
    assert 'id="f-title-error"' in answer.text
    assert "hunter2" not in answer.text


def test_program_gets_the_problems_instead(site: Any) -> None:
    client, _ = site
    answer = client.post("/a/notes", data={"title": ""})
    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"] == [
        {"place": "form", "path": "title", "message": "is required", "code": "missing"}
    ]


def test_checks_run_beside_what_else_is_wrong_for_forms_and_json_alike(site: Any) -> None:
    client, _ = site
    sent = client.post("/a/notes", data={"title": "Milk", "lines[0].name": "", "lines[0].x": "y"}).json()
    assert {each["path"]: each["code"] for each in sent["errors"]} == {
        "title": "taken", "lines[0].name": "missing",
    }  # fmt: skip
    by_json = client.post("/json", json={"title": "Milk"}).json()["errors"]
    assert [(each["place"], each["path"], each["code"]) for each in by_json] == [("body", "title", "taken")]
    whole = client.post("/json", json={"title": "eleven long"}).json()["errors"]
    assert [(each["path"], each["message"]) for each in whole] == [("", "Long titles need a secret")]


def test_what_the_handler_refuses_is_shown_like_everything_else(site: Any) -> None:
    client, _ = site
    answer = client.post("/a/notes", data={"title": "late"}, headers=HTML)
    assert answer.status == 422
    assert '<a href="#f-title">Title: came too late</a>' in answer.text


def test_one_request_is_one_answer_to_observers() -> None:
    seen: list[tuple[str, int]] = []

    class Watch:
        requires = ()

        def install(self, setup: Setup) -> None:
            setup.observe(lambda request, status, seconds: seen.append((request.method, status)))

    app, _ = make_app(plugin=Watch())
    Client(app).post("/a/notes", data={"title": ""}, headers=HTML)
    assert seen == [("POST", 422)]


def test_button_adds_and_removes_and_moves_rows_without_calling_the_handler(site: Any) -> None:
    client, taken = site
    rows = {"lines[0].name": "one", "lines[1].name": "two"}

    def names(action: str) -> list[str]:
        answer = client.post("/a/notes", data={"title": "", **rows, "_action": action}, headers=HTML)
        assert answer.status == 200
        assert "error" not in answer.text
        parts = answer.text.split('.name"')[1:]
        return [
            part.partition('value="')[2].partition('"')[0] if 'value="' in part.partition(">")[0] else ""
            for part in parts
        ]

    assert names("add:lines") == ["one", "two", ""]
    assert names("remove:lines[0]") == ["two"]
    assert names("up:lines[1]") == ["two", "one"]
    assert names("down:lines[0]") == ["two", "one"]
    assert taken == []


@pytest.mark.parametrize(
    "action", ["add:title", "add:nothing", "remove:lines", "remove:lines[7]", "up:lines[0]", "down:lines[1]",
               "add:lines[0]", "add:__class__", "up:lines[-1]", "remove:lines[0].name.x", "back:", "search:title"],
)  # fmt: skip
def test_button_that_can_do_nothing_is_as_if_the_form_was_sent(site: Any, action: str) -> None:
    client, _ = site
    rows = {"lines[0].name": "one", "lines[1].name": "two"}
    answer = client.post("/a/notes", data={"title": "", **rows, "_action": action}, headers=HTML)
    assert answer.status == 422


def test_row_button_without_a_page_is_refused(site: Any) -> None:
    client, _ = site
    answer = client.post("/a/notes", data={"_action": "add:lines"})
    assert answer.status == 400


def test_script_hears_of_one_field_and_the_handler_is_not_called(site: Any) -> None:
    client, taken = site

    def ask(name: str, title: str) -> Any:
        return client.post("/a/notes", data={"title": title}, headers={"x-form-validate": name})

    assert ask("title", "Tea").status == 204
    assert ask("secret", "").status == 204
    answer = ask("title", "Milk")
    assert (answer.status, [each["message"] for each in answer.json()["errors"]]) == (422, ["is taken"])
    assert taken == []


def test_guards_hold_for_scripts_that_ask() -> None:
    def guard() -> None:
        raise Forbidden("no")

    app = App()

    @app.post("/x", before=[guard])
    async def take(form: Form[Note]) -> str:
        return "taken"

    answer = Client(app).post("/x", data={"title": "a"}, headers={"x-form-validate": "title"})
    assert answer.status == 403


def test_page_that_sends_the_visitor_away_has_the_last_word() -> None:
    app = App()

    @app.get("/x")
    async def show(form: FormView[Note]) -> Redirect:
        return Redirect("/log-in", status=303)

    @app.post("/x")
    async def take(form: Form[Note]) -> str:
        return "taken"

    answer = Client(app, follow_redirects=False).post("/x", data={}, headers=HTML)
    assert (answer.status, answer.headers["location"]) == (303, "/log-in")


def test_page_of_another_form_is_not_shown() -> None:
    app = App()

    @app.get("/x")
    async def show(form: FormView[Line]) -> Html:
        return Html(form.html)

    @app.post("/x")
    async def take(form: Form[Note]) -> str:
        return "taken"

    answer = Client(app).post("/x", data={}, headers=HTML)
    assert answer.status == 422
    assert "<input" not in answer.text


def test_page_with_two_forms_shows_the_one_that_was_sent() -> None:
    app = App()

    class Other(Struct):
        title: str

    globals()["Other"] = Other

    async def show(form: FormView[Line], other: FormView[Note]) -> Html:
        return Html(form.html + other.html)

    async def take(form: Form[Line]) -> str:
        return "taken"

    app.get("/x")(show)
    app.post("/x")(take)
    text = Client(app).post("/x", data={"title": "kept?"}, headers=HTML).text
    assert "kept?" not in text
    assert text.count("error-summary") == 1


def test_edit_page_shows_the_row_until_something_was_sent() -> None:
    app = App()

    @app.get("/x")
    async def show(form: FormView[Line]) -> Html:
        return Html(form.fill(Line("from the table")).html)

    @app.post("/x")
    async def take(form: Form[Line]) -> str:
        return "taken"

    client = Client(app)
    assert 'value="from the table"' in client.get("/x").text
    assert "from the table" not in client.post("/x", data={"name": ""}, headers=HTML).text


def test_problems_of_form_and_files_beside_it_come_together() -> None:
    app = App()

    @app.post("/x")
    async def take(form: Form[Note], photo: Upload) -> str:
        return "taken"

    errors = Client(app).post("/x", data={"title": "Milk"}, files={}).json()["errors"]
    assert [each["path"] for each in errors] == ["title", "photo"]


class Event(Struct):
    at: datetime


def test_zone_is_what_the_site_provides() -> None:
    app = App()

    async def make_zone(request: Request) -> ZoneInfo:
        return ZoneInfo(request.query.get("zone", "UTC"))

    app.provide(ZoneInfo, make_zone)

    @app.get("/x")
    async def show(form: FormView[Event]) -> Html:
        return Html(form.fill({"at": datetime.fromisoformat("2026-01-01T10:00Z")}).html)

    @app.post("/x")
    async def take(form: Form[Event]) -> str:
        return form.value.at.isoformat()

    client = Client(app)
    assert 'value="2026-01-01T11:00"' in client.get("/x?zone=Europe/Berlin").text
    assert (
        client.post("/x?zone=Europe/Berlin", data={"at": "2026-01-01T10:00"}).text
        == "2026-01-01T10:00:00+01:00"
    )


class Person(Struct):
    name: Annotated[str, Meta(min_length=1)]


class Order(Struct):
    person: Person
    lines: Annotated[list[Line], Meta(min_length=1)]

    @check()
    def is_for_somebody(self) -> str | None:
        return "Nobody orders that" if self.person.name == "Nobody" else None


class Shipping(Struct):
    city: Annotated[str, Meta(min_length=1)]
    express: bool = False


@in_steps
class Checkout(Struct):
    person: Person
    goods: Order
    shipping: Shipping


def make_wizard() -> tuple[Client, list[Checkout]]:
    app, taken = App(), list[Checkout]()

    @app.get("/order")
    async def show(form: FormView[Checkout]) -> Html:
        return Html(form.html)

    @app.post("/order")
    async def take(form: Form[Checkout]) -> Response:
        taken.append(form.value)
        return Redirect("/done", status=303)

    return Client(app), taken


STEP_1 = {"_step": "person", "person.name": "Ann"}
STEP_2 = {**STEP_1, "_step": "goods", "goods.person.name": "Ann", "goods.lines[0].name": "tea"}
STEP_3 = {**STEP_2, "_step": "shipping", "shipping.city": "Ulm"}


def test_wizard_shows_one_step_and_keeps_the_others() -> None:
    client, taken = make_wizard()
    first = client.get("/order").text
    assert "Step 1 of 3" in first
    assert "goods" not in first
    second = client.post("/order", data=STEP_1, headers=HTML)
    assert (second.status, "Step 2 of 3" in second.text) == (200, True)
    assert '<input type="hidden" name="person.name" value="Ann">' in second.text
    third = client.post("/order", data=STEP_2, headers=HTML).text
    assert '<input type="hidden" name="goods.lines[0].name" value="tea">' in third
    assert taken == []
    assert client.post("/order", data=STEP_3, headers=HTML).status == 303
    assert taken == [Checkout(Person("Ann"), Order(Person("Ann"), [Line("tea")]), Shipping("Ulm"))]


def test_wizard_stays_at_a_step_that_is_wrong_and_goes_back_without_looking() -> None:
    client, _ = make_wizard()
    wrong = client.post("/order", data={**STEP_1, "person.name": ""}, headers=HTML)
    assert (wrong.status, "Step 1 of 3" in wrong.text) == (422, True)
    back = client.post("/order", data={**STEP_2, "goods.person.name": "", "_action": "back:"}, headers=HTML)
    assert (back.status, "Step 1 of 3" in back.text) == (200, True)
    assert 'value="Ann"' in back.text


def test_wizard_checks_everything_again_at_the_end() -> None:
    client, taken = make_wizard()
    answer = client.post("/order", data={**STEP_3, "person.name": ""}, headers=HTML)
    assert (answer.status, "Step 1 of 3" in answer.text) == (422, True)
    answer = client.post("/order", data={**STEP_3, "goods.person.name": "Nobody"}, headers=HTML)
    assert (answer.status, "Nobody orders that" in answer.text) == (422, True)
    skipped = client.post("/order", data={"_step": "shipping", "shipping.city": "Ulm"}, headers=HTML)
    assert (skipped.status, taken) == (422, [])


def test_wizard_adds_rows_in_its_step() -> None:
    client, _ = make_wizard()
    text = client.post("/order", data={**STEP_2, "_action": "add:goods.lines"}, headers=HTML).text
    assert "Step 2 of 3" in text
    assert 'name="goods.lines[1].name"' in text
    assert '<input autofocus type="text" id="f-goods-lines-1-name"' in text


def test_step_that_there_is_not_is_the_first() -> None:
    client, _ = make_wizard()
    answer = client.post("/order", data={**STEP_3, "_step": "../evil"}, headers=HTML)
    assert "Step 2 of 3" in answer.text


def test_widgets_of_the_site_take_the_place_of_the_built_in_ones() -> None:
    class Stars:
        def find_widget(self, field: FormField) -> Any:
            return self.show if field.name == "title" else None

        def show(self, field: FieldView) -> str:
            return f"<star-input>{field.label} {field.messages} {field.input}</star-input>"

    app = App()
    app.provide(Widgets, Stars, override=True)

    @app.get("/x")
    async def show(form: FormView[Note]) -> Html:
        return Html(form.html)

    @app.post("/x")
    async def take(form: Form[Note]) -> str:
        return "taken"

    text = Client(app).post("/x", data={"title": ""}, headers=HTML).text
    assert "<star-input>Title ['is required'] <input" in text
    assert 'id="f-secret"' in text


class Books:
    """Stands for a table of many rows."""

    def __init__(self, count: int) -> None:
        self.rows = [(str(index), f"Book {index}") for index in range(count)]

    async def find_choices(self, text: str, limit: int) -> list[tuple[str, str]]:
        return [row for row in self.rows if text.lower() in row[1].lower()][:limit]

    async def get_choices(self, values: Any) -> list[tuple[str, str]]:
        return [row for row in self.rows if row[0] in values]


class FewLoan(Struct):
    book: Annotated[int, Books(3)]


class ManyLoan(Struct):
    book: Annotated[int, Books(500), Widget(help="Which one")]
    others: list[Line] = []


def loan_client(kind: Any) -> Client:
    app = App()

    async def show(form: Any) -> Html:
        return Html(form.html)

    async def take(form: Any) -> Any:
        return form.value

    show.__annotations__["form"] = FormView[kind]
    take.__annotations__["form"] = Form[kind]
    app.get("/x")(show)
    app.post("/x")(take)
    return Client(app)


def test_choices_of_a_source_are_looked_up_for_the_page() -> None:
    text = loan_client(FewLoan).get("/x").text
    assert '<option value="2">Book 2</option>' in text
    assert "search" not in text


def test_value_that_is_no_choice_is_refused() -> None:
    client = loan_client(FewLoan)
    assert client.post("/x", data={"book": "1"}).json() == {"book": 1}
    assert client.post("/x", data={"book": "7"}).json()["errors"][0]["code"] == "choice"


def test_too_many_choices_are_searched_without_a_script() -> None:
    client = loan_client(ManyLoan)
    first = client.get("/x").text
    assert first.count("<option") == 21
    found = client.post(
        "/x", data={"book": "7", "_search:book": "499", "_action": "search:book"}, headers=HTML
    )
    assert found.status == 200
    assert '<option value="499">Book 499</option>' in found.text
    assert '<option value="7" selected="selected">Book 7</option>' in found.text
    assert 'type="search" id="f-book-search" name="_search:book" value="499"' in found.text


class Deep(Struct, kw_only=True):
    title: Annotated[str, Meta(min_length=2, max_length=4)]
    person: Person
    lines: Annotated[list[Line], Meta(min_length=1, max_length=2)]
    stars: Annotated[int, Meta(ge=1, le=5)] = 3


def problems_of(answer: Any) -> set[tuple[str, str, str]]:
    found = answer.json()["errors"] if answer.status == 422 else []
    return {(each["path"], each["message"], each["code"]) for each in found}


texts = st.text("ab", max_size=5)


@given(
    title=texts.filter(bool),
    person=texts.filter(bool),
    lines=st.lists(texts.filter(bool), max_size=4),
    stars=st.integers(-2, 8),
)
def test_json_and_form_have_the_same_problems_word_for_word(
    title: str, person: str, lines: list[str], stars: int
) -> None:
    body = {
        "title": title,
        "person": {"name": person},
        "lines": [{"name": each} for each in lines],
        "stars": stars,
    }
    fields = {"title": title, "person.name": person, "stars": str(stars)}
    fields |= {f"lines[{index}].name": each for index, each in enumerate(lines)}
    assert problems_of(DEEP.post("/form", data=fields)) == problems_of(DEEP.post("/json", json=body))


def deep_client() -> Client:
    app = App()

    @app.post("/form")
    async def by_form(form: Form[Deep]) -> str:
        return "taken"

    @app.post("/json")
    async def by_json(deep: Deep) -> str:
        return "taken"

    return Client(app)


DEEP = deep_client()


class Pages:
    """Handlers that are methods, as plugins have them."""

    async def show(self, form: FormView[Line]) -> Html:
        return Html(form.html)

    async def take(self, form: Form[Line]) -> str:
        return form.value.name


def test_page_is_found_beneath_a_prefix_and_where_handlers_are_methods() -> None:
    pages, routes, app = Pages(), Routes(), App()
    routes.get("/{id:int}/lines", name="show")(pages.show)
    routes.post("/{id:int}/lines", name="take")(pages.take)
    app.include(routes, at="/shop")
    answer = Client(app).post("/shop/7/lines?a=b", data={"name": ""}, headers=HTML)
    assert (answer.status, "Name: is required" in answer.text) == (422, True)


def test_page_gets_query_and_cookies_of_the_visitor() -> None:
    app = App()

    @app.get("/x")
    async def show(request: Request, form: FormView[Line]) -> Html:
        return Html(f"{request.query.get('next')} {request.cookies.get('a')} {form.html}")

    @app.post("/x")
    async def take(form: Form[Line]) -> str:
        return "taken"

    headers = {**HTML, "cookie": "a=b"}
    assert "/home b <" in Client(app).post("/x?next=/home", data={"name": ""}, headers=headers).text


def test_page_that_fails_is_a_500_of_the_post(caplog: pytest.LogCaptureFixture) -> None:
    app = App()

    @app.get("/x")
    async def show(form: FormView[Line]) -> Html:
        raise RuntimeError("broken page")

    @app.post("/x")
    async def take(form: Form[Line]) -> str:
        return "taken"

    answer = Client(app, raise_server_errors=False).post("/x", data={"name": ""}, headers=HTML)
    assert answer.status == 500
    assert "broken page" in caplog.text
    with pytest.raises(RuntimeError, match="broken page"):
        Client(app).post("/x", data={"name": ""}, headers=HTML)


def test_put_and_other_methods_show_the_page_too() -> None:
    app = App()

    @app.get("/x")
    async def show(form: FormView[Line]) -> Html:
        return Html(form.html)

    app.put("/x")(Pages().take)
    assert Client(app).put("/x", data={"name": ""}, headers=HTML).status == 422


class Whole(Struct):
    a: Annotated[str, Meta(min_length=1)]
    b: Annotated[str, Meta(min_length=1)]

    @check()
    def looks_at_everything(self) -> str | None:
        return "has an x" if "x" in "".join(structs.astuple(self)) else None

    @check("a")
    async def waits(self) -> str | None:
        return f"is {self.a}" if structs.asdict(self)["a"] == "bad" else None


def test_check_that_needs_the_whole_value_is_left_out_while_something_is_wrong() -> None:
    app = App()

    @app.post("/x")
    async def take(form: Form[Whole]) -> str:
        return "taken"

    client = Client(app)
    assert problems_of(client.post("/x", data={"a": "x"})) == {("b", "is required", "missing")}
    assert problems_of(client.post("/x", data={"a": "x", "b": "b"})) == {("", "has an x", "invalid")}
    assert problems_of(client.post("/x", data={"a": "bad", "b": "b"})) == {("a", "is bad", "invalid")}


class Failing(Struct):
    a: str

    @check()
    def fails(self) -> str | None:
        raise RuntimeError("mistake")


def test_check_that_fails_on_a_whole_value_is_a_mistake_of_the_site() -> None:
    app = App()

    @app.post("/x")
    async def take(body: Failing) -> str:
        return "taken"

    with pytest.raises(RuntimeError, match="mistake"):
        Client(app).post("/x", json={"a": "b"})


def test_what_only_the_database_knew_is_shown_at_the_field() -> None:
    app = App()

    @app.get("/x")
    async def show(form: FormView[Line]) -> Html:
        return Html(form.html)

    @app.post("/x")
    async def take(form: Form[Line]) -> str:
        raise UniqueViolation("duplicate", table="line", columns=("name",))

    client = Client(app)
    page = client.post("/x", data={"name": "Tea"}, headers=HTML)
    assert page.status == 422
    assert 'value="Tea"' in page.text
    assert '<a href="#f-name">Name: is taken already</a>' in page.text
    assert client.post("/x", data={"name": "Tea"}).status == 409


def test_page_that_is_shown_again_is_compressed_and_cookies_of_hooks_go_with_it() -> None:
    app = App(Compression(private=True))

    @app.get("/x")
    async def show(form: FormView[Line]) -> Html:
        return Html(form.html + " " * 5000, headers={"vary": "accept-language"})

    @app.post("/x")
    async def take(form: Form[Line]) -> str:
        return "taken"

    @app.after
    def mark(response: Response) -> None:
        response.add_header("set-cookie", f"seen={response.status}")

    headers = {**HTML, "accept-encoding": "gzip"}
    answer = Client(app).post("/x", data={"name": ""}, headers=headers)
    assert (answer.status, answer.headers["content-encoding"]) == (422, "gzip")
    assert "Name: is required" in gzip.decompress(answer.content).decode()
    assert {"accept-encoding", "accept-language"} <= set(answer.headers["vary"].lower().split(", "))
    assert answer.headers.get_all("set-cookie") == ["seen=200", "seen=422"]


def test_observers_are_told_what_became_of_it() -> None:
    seen: list[int] = []

    class Watch:
        requires = ()

        def install(self, setup: Setup) -> None:
            setup.observe(lambda request, status, seconds: seen.append(status))

    app = App(Watch())

    @app.get("/x")
    async def show(form: FormView[Line]) -> Redirect:
        return Redirect("/elsewhere", status=303)

    @app.post("/x")
    async def take(form: Form[Line]) -> str:
        return "taken"

    Client(app).post("/x", data={"name": ""}, headers=HTML)
    assert seen == [303]
