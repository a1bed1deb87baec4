"""Forms as HTML means them: boxes, empty inputs, several values, moments, groups and rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, TypedDict
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType, field

from bistro.forms import FormTypeError, FormView, Widget, find_fields, in_steps
from bistro.ground import MultiDict

BERLIN = ZoneInfo("Europe/Berlin")


class Line(Struct):
    name: Annotated[str, Meta(min_length=1)]
    count: Annotated[int, Meta(ge=1)] = 1


class Address(Struct):
    street: Annotated[str, Meta(min_length=1)]
    city: str = ""


class Order(Struct, kw_only=True):
    title: Annotated[str, Meta(min_length=1)]
    address: Address
    lines: Annotated[list[Line], Meta(min_length=1, max_length=3)]


def read(kind: Any, *pairs: tuple[str, str], zone: Any = UTC) -> FormView[Any]:
    return FormView.read(kind, MultiDict(pairs), zone=zone)


def faults(view: FormView[Any]) -> dict[str, str]:
    return {each.path: each.code for each in view.problems}


ORDER = (("title", "Tea"), ("address.street", "Elm"), ("lines[0].name", "a"))


def test_groups_and_rows_become_nested_values() -> None:
    view = read(Order, *ORDER, ("lines[7].name", "b"), ("lines[7].count", "2"))
    assert view.value == Order(title="Tea", address=Address("Elm"), lines=[Line("a"), Line("b", 2)])


def test_problems_stand_at_the_paths_that_json_has() -> None:
    view = read(Order, ("title", "Tea"), ("lines[0].name", "a"), ("lines[4].count", "0"))
    assert faults(view).keys() == {"address.street", "lines[1].name", "lines[1].count"}


def test_row_in_which_nothing_was_filled_in_does_not_count() -> None:
    view = read(Order, *ORDER, ("lines[1].name", ""), ("lines[1].count", ""))
    assert view.value.lines == [Line("a")]


@pytest.mark.parametrize(("count", "is_right"), [(0, False), (1, True), (3, True), (4, False)])
def test_number_of_rows_is_limited_by_the_type(count: int, is_right: bool) -> None:
    rows = [(f"lines[{index}].name", "x") for index in range(count)]
    view = read(Order, ("title", "t"), ("address.street", "s"), *rows)
    assert (view.value is not None) is is_right
    assert faults(view).keys() == (set() if is_right else {"lines"})


@pytest.mark.parametrize(
    "name",
    [
        "lines[-1].name",
        "lines[x].name",
        "lines[99999].name",
        "lines[٣].name",
        "lines[0.name",
        "lines.name",
        "lines[0]x.name",
    ],
)
def test_odd_numbers_of_rows_belong_to_no_field(name: str) -> None:
    assert read(Order, *ORDER, (name, "odd")).value.lines == [Line("a")]


def test_rows_shown_again_have_their_texts_and_messages() -> None:
    view = read(Order, *ORDER, ("lines[5].name", "<b>"), ("lines[5].count", "many"))
    assert 'name="lines[1].name" required="required" value="&lt;b&gt;"' in view["lines"]
    assert 'id="f-lines-1-count-error"' in view["lines"]
    assert '<a href="#f-lines-1-count">Lines 2: Count: must be a whole number</a>' in view.summary


def test_form_shows_as_many_rows_as_it_needs() -> None:
    assert FormView(Order)["lines"].count('class="row"') == 1


def test_initial_values_fill_groups_and_rows() -> None:
    html = FormView(Order, Order(title="T", address=Address("Elm"), lines=[Line("a"), Line("b")])).html
    for part in ('name="address.street" required="required" value="Elm"', 'value="a"', 'value="b"'):
        assert part in html


class Range(Struct):
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("Low is above high")


class Plan(Struct):
    ranges: list[Range]


def test_whole_form_check_inside_of_a_row_is_told_at_the_row() -> None:
    view = read(
        Plan, ("ranges[0].low", "1"), ("ranges[0].high", "2"), ("ranges[1].low", "3"), ("ranges[1].high", "2")
    )
    assert [(each.path, each.message) for each in view.problems] == [("ranges[1]", "Low is above high")]
    assert "Low is above high" in view["ranges"]


class Boxes(Struct, kw_only=True):
    is_on: bool = True
    tags: list[Literal["a", "b"]] = field(default_factory=lambda: ["a"])
    stars: int = 3
    due: date | None = date(2026, 1, 1)
    nick: str | None = None


def test_box_that_is_not_ticked_is_false_whatever_the_default() -> None:
    value = read(Boxes).value
    assert (value.is_on, value.tags) == (False, [])


def test_empty_input_is_none_where_that_is_a_value_and_the_default_elsewhere() -> None:
    value = read(Boxes, ("due", ""), ("nick", ""), ("stars", "")).value
    assert (value.due, value.nick, value.stars) == (None, None, 3)


def test_line_breaks_of_browsers_count_as_one_character() -> None:
    class Text(Struct):
        body: Annotated[str, Meta(max_length=3), Widget(kind="textarea")]

    assert read(Text, ("body", "a\r\nb")).value.body == "a\nb"
    assert read(Text, ("body", "a\rb")).value.body == "a\nb"


class Update(Struct, kw_only=True):
    title: Annotated[str, Meta(min_length=1)] | UnsetType = UNSET
    is_on: bool | UnsetType = UNSET
    tags: list[Literal["a", "b"]] | UnsetType = UNSET
    due: date | UnsetType | None = UNSET
    count: int | UnsetType = UNSET


def test_field_that_was_not_shown_stays_unset() -> None:
    value = read(Update, ("title", "new")).value
    assert value == Update(title="new")


def test_box_that_was_shown_says_so_beside_itself() -> None:
    html = FormView(Update).html
    assert '<input type="hidden" name="is_on" value="false"><input type="checkbox" value="true"' in html
    assert '<input type="hidden" name="tags" value="">' in html
    assert read(Update, ("is_on", "false"), ("tags", "")).value == Update(is_on=False, tags=[])
    assert read(Update, ("is_on", "false"), ("is_on", "true")).value == Update(is_on=True)


def test_shown_input_that_was_emptied_is_none_or_a_problem() -> None:
    assert read(Update, ("due", "")).value == Update(due=None)
    assert faults(read(Update, ("count", ""), ("title", ""))) == {"title": "missing", "count": "missing"}


class Event(Struct):
    at: datetime
    until: datetime | None = None


def test_moment_is_meant_and_shown_in_the_zone_of_the_visitor() -> None:
    value = read(Event, ("at", "2026-07-01T12:30"), zone=BERLIN).value
    assert value.at == datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
    view = FormView(Event, value, zone=BERLIN)
    assert 'value="2026-07-01T12:30"' in view["at"]


def test_hour_that_the_clocks_jump_over_is_refused() -> None:
    view = read(Event, ("at", "2026-03-29T02:30"), zone=BERLIN)
    assert "clocks are put forward" in view.messages("at")[0]
    assert 'value="2026-03-29T02:30"' in view["at"]


def test_hour_that_comes_twice_is_the_first() -> None:
    value = read(Event, ("at", "2026-10-25T02:30"), zone=BERLIN).value
    assert value.at.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2060, 1, 1), timezones=st.just(UTC)))
def test_moment_that_was_shown_comes_back_as_itself(moment: datetime) -> None:
    shown = FormView(Event, Event(moment)).html
    text = shown.partition('value="')[2].partition('"')[0]
    assert read(Event, ("at", text)).value.at == moment


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC"])
def test_time_without_a_zone_stays_without_where_the_type_says_so(zone: str) -> None:
    class Naive(Struct):
        at: Annotated[datetime, Meta(tz=False)]

    assert read(Naive, ("at", "2026-03-29T02:30"), zone=ZoneInfo(zone)).value.at == datetime(
        2026, 3, 29, 2, 30
    )


@dataclass
class Point:
    x: int
    y: int = 0


class Named(TypedDict):
    name: str


@pytest.mark.parametrize(
    ("kind", "sent", "value"), [(Point, (("x", "1"),), Point(1)), (Named, (("name", "n"),), {"name": "n"})]
)
def test_dataclasses_and_typed_dicts_are_forms_too(kind: Any, sent: Any, value: Any) -> None:
    assert read(kind, *sent).value == value


class Tree(Struct):
    name: str
    children: list[Tree] = []


def test_type_that_holds_itself_is_refused() -> None:
    with pytest.raises(FormTypeError, match="holds itself"):
        find_fields(Tree)


def test_wizard_of_single_fields_is_refused() -> None:
    class Flat(Struct):
        name: str

    with pytest.raises(FormTypeError, match="no step"):
        find_fields(in_steps(Flat))


class First(Struct):
    secret: Annotated[str, Widget(kind="password")]


class Both(Struct):
    first: First
    second: Address


def test_password_before_the_last_step_is_refused() -> None:
    with pytest.raises(FormTypeError, match="must come last"):
        find_fields(in_steps(Both))


names = st.text(alphabet="ab.[]0129_:", max_size=12)


@given(
    st.lists(
        st.tuples(names | st.sampled_from(["lines[0].name", "address.street", "title"]), st.text(max_size=5)),
        max_size=12,
    )
)
def test_whatever_names_are_sent_the_answer_is_a_value_or_problems(pairs: list[tuple[str, str]]) -> None:
    view = read(Order, *pairs)
    assert (view.value is None) == bool(view.problems)
    assert view.html.count("<form") == 0


@given(
    st.builds(
        Order,
        title=st.text(min_size=1, max_size=8).filter(lambda text: "\r" not in text),
        address=st.builds(Address, st.text("abc&<", min_size=1), st.text("abc\"'")),
        lines=st.lists(
            st.builds(Line, st.text("xyz ", min_size=1), st.integers(1, 99)), min_size=1, max_size=3
        ),
    )
)
def test_what_a_form_shows_is_what_it_reads(order: Order) -> None:
    """Round trip: every input of the page, sent as a browser would, gives the same value."""
    from html.parser import HTMLParser

    class Inputs(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.pairs: list[tuple[str, str]] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            if tag == "input" and given.get("name"):
                self.pairs.append((given["name"] or "", given.get("value") or ""))

    inputs = Inputs()
    inputs.feed(FormView(Order, order).html)
    assert read(Order, *inputs.pairs).value == order


class Tags(Struct):
    tags: Annotated[list[Literal["b", "a"]], Widget(kind="select")] = []


class TagsUpdate(Struct):
    tags: Annotated[list[Literal["b", "a"]], Widget(kind="select")] | UnsetType = UNSET


def test_several_choices_may_stand_in_one_select() -> None:
    shown = FormView(Tags, Tags(["a"]))["tags"]
    assert '<select id="f-tags" name="tags" multiple="multiple"><option value="b">B</option>' in shown
    assert '<option value="a" selected="selected">' in shown
    assert read(Tags, ("tags", "a"), ("tags", "b")).value.tags == ["a", "b"]
    assert read(Tags).value.tags == []


def test_select_of_several_that_was_emptied_says_so() -> None:
    assert '<input type="hidden" name="tags" value="">' in FormView(TagsUpdate)["tags"]
    assert read(TagsUpdate, ("tags", "")).value == TagsUpdate(tags=[])
    assert read(TagsUpdate).value == TagsUpdate()
