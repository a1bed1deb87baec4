"""F167, F169, F173: a form from a type, shown again with its values and errors, accessible, same rules as JSON."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from bistro import App, Html, Redirect
from bistro.forms import FormView
from bistro.http import FormData
from bistro.testing import Client


class SignUp(Struct):
    name: Annotated[str, Meta(min_length=2, max_length=20)]
    age: Annotated[int, Meta(ge=18)]


def make_client() -> Client:
    app = App()

    @app.get("/sign-up")
    async def show() -> Html:
        return Html(FormView(SignUp).html)

    @app.post("/sign-up")
    async def sign_up(data: FormData) -> Html | Redirect:
        form = FormView.read(SignUp, data.fields)
        if form.value is not None and form.value.name == "root":
            form.add_problem("name", "is taken")
        return Redirect("/", status=303) if form.value else Html(form.html, status=form.status)

    @app.post("/api/sign-up")
    def sign_up_by_json(body: SignUp) -> str:
        return body.name

    return Client(app)


def test_f167_values_are_kept_and_errors_told() -> None:
    answer = make_client().post("/sign-up", data={"name": "Ann", "age": "7"})
    assert answer.status == 422
    assert 'value="Ann"' in answer.text
    assert 'value="7"' in answer.text


def test_f167_field_that_only_the_site_can_judge() -> None:
    answer = make_client().post("/sign-up", data={"name": "root", "age": "70"})
    assert answer.status == 422
    assert "is taken" in answer.text


def test_f167_right_form_goes_on() -> None:
    assert make_client().post("/sign-up", data={"name": "Ann", "age": "70"}).status == 303


def test_f169_label_message_and_state_are_tied_to_the_input() -> None:
    page = make_client().post("/sign-up", data={"name": "Ann", "age": "7"}).text
    assert '<label for="f-age">' in page
    assert 'aria-describedby="f-age-error" aria-invalid="true"' in page
    assert 'id="f-age-error"' in page
    assert '<a href="#f-age">' in page


def test_f173_json_and_html_find_the_same_problems() -> None:
    client = make_client()
    problems = client.post("/api/sign-up", json={"name": "A", "age": 7}).json()["errors"]
    page = client.post("/sign-up", data={"name": "A", "age": "7"}).text
    assert {each["path"] for each in problems} == {"name", "age"}
    assert all(each["message"].replace("<", "&lt;").replace(">", "&gt;") in page for each in problems)
