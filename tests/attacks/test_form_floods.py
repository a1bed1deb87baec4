"""Attacks with forms on memory and time: deep buttons, floods of rows, every choice of every row."""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from typing import Annotated

import pytest
from msgspec import Meta, Struct

from bistro import App
from bistro.forms import Form, FormView
from bistro.forms.markup import KEPT_OF_A_ROW, make_leaf
from bistro.forms.receive import FormTaker
from bistro.forms.rows import Action, change_rows
from bistro.forms.sent import SentTree
from bistro.ground import MultiDict
from bistro.http import FormData
from bistro.testing import Client

COUNTRIES = [f"Country number {number} of the world" for number in range(250)]
Country = StrEnum("Country", {f"COUNTRY_{number}": name for number, name in enumerate(COUNTRIES)})  # type: ignore[misc]


class Line(Struct):
    country: Country
    name: str = ""


class Order(Struct):
    lines: list[Line] = []


class ShortOrder(Struct):
    lines: Annotated[list[Line], Meta(max_length=3)] = []


DEEP = [
    "add:" + "a." * 200_000 + "lines",
    "add:lines[0]" + ".a" * 200_000 + ".lines",
    "remove:" + "lines[0]." * 9 + "lines[0]",
]


@pytest.mark.parametrize("action", DEEP)
def test_button_for_a_field_that_is_none_makes_nothing(action: str) -> None:
    tree = SentTree.of(FormData(MultiDict([("lines[0].name", "")])))
    verb, _, path = action.partition(":")
    fields = FormTaker(Order)._reader.fields  # type: ignore[union-attr]
    assert change_rows(fields, tree, Action(verb, path)) is None
    assert tree.group("a").is_new
    assert tree.all_rows("lines")[0].group("a").is_new


@pytest.mark.timed
@pytest.mark.parametrize("action", DEEP)
def test_long_path_of_a_button_takes_no_time(action: str) -> None:
    app = App()

    @app.post("/")
    async def take(form: Form[Order]) -> int:
        return len(form.value.lines)

    client = Client(app)
    began = time.perf_counter()
    answer = client.post("/", data={"_action": action, "lines[0].name": ""})
    assert answer.status == 200
    assert time.perf_counter() - began < 0.5


def test_rows_beyond_the_limit_are_neither_read_nor_shown() -> None:
    rows = [(f"lines[{number}].country", "nowhere") for number in range(900)]
    form: FormView[ShortOrder] = FormView.read(ShortOrder, MultiDict(rows))
    assert [each.path for each in form.problems if each.path == "lines"] == ["lines"]
    assert str(form.html).count("<select") == 4  # one too many, so that it can be told


def test_empty_rows_beyond_the_limit_are_not_shown_either() -> None:
    rows = [(f"lines[{number}].name", "") for number in range(900)]
    form: FormView[ShortOrder] = FormView.read(ShortOrder, MultiDict(rows))
    assert str(form.html).count("<select") <= 4


def test_every_choice_of_every_row_is_not_kept_for_ever() -> None:
    field = FormTaker(Order)._reader.fields[0].fields[0]  # type: ignore[union-attr]
    leaf = make_leaf(field, "lines[77].country", "f-lines-77-country")
    pages = [leaf([country]) for country in COUNTRIES]
    assert len(set(pages)) == len(COUNTRIES)
    (kept,) = [cell.cell_contents for cell in leaf.__closure__ or () if isinstance(cell.cell_contents, dict)]
    assert sum(map(len, kept.values())) <= KEPT_OF_A_ROW
    assert sys.getsizeof(kept) < 10_000


def test_chosen_option_is_the_only_one_that_is_selected() -> None:
    field = FormTaker(Order)._reader.fields[0].fields[0]  # type: ignore[union-attr]
    for country in (COUNTRIES[0], COUNTRIES[100], COUNTRIES[-1]):
        html = make_leaf(field, "lines[0].country", "x")([country])
        assert html.count(" selected=") == 1
        assert f'<option value="{country}" selected="selected">' in html
    assert "selected" not in make_leaf(field, "lines[0].country", "x")(["nowhere"])


@pytest.mark.timed
def test_page_with_hundreds_of_rows_of_hundreds_of_choices_is_quick() -> None:
    rows = MultiDict([(f"lines[{number}].country", "nowhere") for number in range(200)])
    form: FormView[Order] = FormView.read(Order, rows)
    began = time.perf_counter()
    assert len(str(form.html)) > 1_000_000
    assert time.perf_counter() - began < 0.3
