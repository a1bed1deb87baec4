from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from bistro import App, Html
from bistro.forms import FormTypeError, FormView, Widget
from bistro.ground import MultiDict
from bistro.http import FormData
from bistro.testing import Client


class Colour(Enum):
    RED = "red"
    DARK_BLUE = "dark_blue"


class Note(Struct, kw_only=True):
    title: Annotated[str, Meta(min_length=1, max_length=20), Widget(help="In a few words")]
    body: Annotated[str, Widget(kind="textarea")] = ""
    stars: Annotated[int, Meta(ge=1, le=5)] = 3
    due: date | None = None
    is_public: bool = False
    colour: Colour = Colour.RED
    size: Annotated[Literal["s", "m"], Widget(kind="radio", labels={"s": "Small"})]
    tags: list[Literal["home", "work"]] = []
    secret: Annotated[str, Widget(kind="password", autocomplete="new-password")] = ""
    token: Annotated[str, Widget(kind="hidden")] = ""


def sent(*pairs: tuple[str, str]) -> MultiDict[str]:
    return MultiDict(pairs)


GOOD = (("title", "Milk"), ("size", "m"))


def test_empty_form_has_a_label_tied_to_each_input() -> None:
    html = FormView(Note).html
    for name in ("title", "body", "stars", "due", "is_public", "colour", "secret"):
        assert f'<label for="f-{name}">' in html
        assert f'id="f-{name}"' in html


def test_limits_of_the_type_are_those_of_the_input() -> None:
    view = FormView(Note)
    assert 'minlength="1"' in view["title"]
    assert 'maxlength="20"' in view["title"]
    assert 'min="1" max="5"' in view["stars"]
    assert 'required="required"' in view["title"]
    assert "required" not in view["body"]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("title", 'type="text"'),
        ("body", "<textarea"),
        ("stars", 'type="number"'),
        ("due", 'type="date"'),
        ("is_public", 'type="checkbox"'),
        ("colour", '<option value="dark_blue">Dark blue</option>'),
        ("size", "<legend>Size</legend>"),
        ("tags", 'type="checkbox" id="f-tags" name="tags" value="home"'),
        ("secret", 'autocomplete="new-password"'),
        ("token", '<input type="hidden" name="token"'),
    ],
)
def test_kind_of_value_chooses_the_widget(name: str, part: str) -> None:
    assert part in FormView(Note)[name]


def test_sent_form_becomes_a_value() -> None:
    view = FormView.read(
        Note, sent(*GOOD, ("is_public", "true"), ("due", "2026-11-26"), ("tags", "home"), ("tags", "work"))
    )
    assert view.status == 200
    assert view.value == Note(
        title="Milk", size="m", is_public=True, due=date(2026, 11, 26), tags=["home", "work"]
    )


def test_wrong_form_keeps_its_values_and_says_what_is_wrong_at_the_field() -> None:
    view = FormView.read(Note, sent(("title", "x" * 21), ("stars", "many"), ("size", "m"), ("body", "kept")))
    assert (view.value, view.status) == (None, 422)
    assert 'value="' + "x" * 21 in view["title"]
    assert 'value="many"' in view["stars"]
    assert "\nkept</textarea>" in view["body"]
    assert 'aria-describedby="f-title-help f-title-error" aria-invalid="true"' in view["title"]
    assert '<p class="error" id="f-title-error">' in view["title"]
    assert "aria-invalid" not in view["body"]


def test_summary_lists_the_problems_with_links_and_takes_the_focus() -> None:
    view = FormView.read(Note, sent(("size", "m")))
    assert 'role="alert" tabindex="-1" autofocus' in view.summary
    assert '<a href="#f-title">Title: is required</a>' in view.summary
    assert FormView(Note).summary == ""


def test_problem_of_the_site_is_shown_like_any_other() -> None:
    view = FormView.read(Note, sent(*GOOD))
    view.add_problem("title", "is taken", "taken")
    view.add_problem("", "Come back tomorrow.")
    assert (view.value, view.status) == (None, 422)
    assert "is taken" in view["title"]
    assert "<li>Come back tomorrow.</li>" in view.summary


def test_password_is_not_sent_back() -> None:
    assert "hunter2" not in FormView.read(Note, sent(("secret", "hunter2"))).html


def test_field_that_the_type_does_not_have_is_never_read() -> None:
    view = FormView.read(Note, sent(*GOOD, ("is_admin", "true"), ("id", "7")))
    assert view.value is not None
    assert not hasattr(view.value, "is_admin")
    assert "is_admin" not in view.html


def test_two_forms_of_a_page_have_ids_of_their_own() -> None:
    assert 'id="other-title"' in FormView(Note, prefix="other").html


def test_initial_value_stands_in_the_fields() -> None:
    view = FormView(Note, Note(title="Tea", size="s", colour=Colour.DARK_BLUE, tags=["work"]))
    assert 'value="Tea"' in view["title"]
    assert 'value="dark_blue" selected="selected"' in view["colour"]
    assert 'value="s" checked="checked"' in view["size"]
    assert 'value="work" checked="checked"' in view["tags"]


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_is_sent_stays_text(title: str, body: str) -> None:
    view = FormView.read(Note, sent(("title", title), ("body", body), ("colour", title), ("size", body)))
    for piece in ("<script", "<b>", '" onfocus="'):
        hostile = FormView.read(Note, sent(("title", title + piece), ("body", body + piece)))
        assert piece not in hostile.html
    assert view.html.count("<textarea") == 1


def test_same_type_gives_the_same_problems_for_json_and_html() -> None:
    app = App()

    @app.post("/json")
    async def take_json(note: Note) -> None: ...

    @app.post("/html")
    async def take_html(data: FormData) -> Html:
        view = FormView.read(Note, data.fields)
        told.append({each.path for each in view.problems})
        return Html(view.html, status=view.status)

    told: list[set[str]] = []
    client = Client(app)
    bad: dict[str, Any] = {"title": "x" * 21, "stars": 9, "size": "huge"}
    answer = client.post("/json", json=bad)
    shown = client.post("/html", data={name: str(value) for name, value in bad.items()})
    assert (answer.status, shown.status) == (422, 422)
    assert {each["path"] for each in answer.json()["errors"]} == told[0] == {"title", "stars", "size"}


class Unlimited(Struct):
    names: list[str]


@pytest.mark.parametrize("kind", [Unlimited, int, dict])
def test_type_that_cannot_be_shown_is_refused(kind: type) -> None:
    with pytest.raises(FormTypeError, match="B953"):
        FormView(kind)


def test_choice_without_choices_is_refused() -> None:
    with pytest.raises(FormTypeError, match="no choices"):
        FormView(msgspec.defstruct("Odd", [("name", Annotated[str, Widget(kind="radio")])]))


def test_text_that_may_be_empty_is_not_required_of_the_browser_either() -> None:
    kind = msgspec.defstruct("Kind", [("nickname", str)])
    assert "required" not in FormView(kind)["nickname"]
    assert FormView.read(kind, sent(("nickname", ""))).status == 200


def test_a_default_is_made_for_each_page() -> None:
    days = iter([date(2026, 1, 1), date(2026, 1, 2)])

    class Entry(Struct):
        day: date = msgspec.field(default_factory=lambda: next(days))

    assert 'value="2026-01-01"' in FormView(Entry).html
    assert 'value="2026-01-02"' in FormView(Entry).html


class Sizes(Struct):
    size: Literal["small", "large", "huge"]
    other: Annotated[list[Literal["z", "a"]] | None, Widget(help="x")] = None


def test_choices_stand_in_the_order_in_which_they_are_written() -> None:
    by_name = {each.name: [value for value, _ in each.choices] for each in FormView(Sizes).fields}
    assert by_name == {"size": ["small", "large", "huge"], "other": ["z", "a"]}


@pytest.mark.parametrize("value", ["", "gone"])
def test_nothing_is_chosen_by_itself_when_a_form_is_shown_again(value: str) -> None:
    select = FormView.read(Sizes, sent(("size", value)))["size"]
    assert '<option value=""></option>' in select
    assert "selected" not in select
    assert '<option value=""></option>' not in FormView(Sizes, Sizes("large"))["size"]
