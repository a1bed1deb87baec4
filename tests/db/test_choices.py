"""Rows as the choices of a form, on SQLite and PostgreSQL."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from msgspec import Struct, inspect

from bistro.db import Database, Field, ForeignKey, Model, ModelChoices, auto, create_tables, field
from bistro.db.model_errors import ModelError
from bistro.forms import find_fields


class ChoiceWriter(Model):
    id: Field[int] = auto()
    secret: Field[str] = field(private=True, default="s")
    name: Field[str] = field(max_length=50)
    active: Field[bool] = field(default=True)


class ChoiceShelf(Model):
    id: Field[UUID] = field(primary_key=True)
    room: Field[int] = field(default=1)


class ChoiceTome(Model):
    id: Field[int] = auto()
    writer: ForeignKey[ChoiceWriter]
    shelf: ForeignKey[ChoiceShelf | None]
    text: Field[str] = field(default="", multiline=True, label="Whole text", help="All of it")


class ChoicePair(Model):
    left: Field[int] = field(primary_key=True)
    right: Field[int] = field(primary_key=True)


NAMES = ("Ann", "50% off", "bob_by", "Bobby")
ALL = ModelChoices(ChoiceWriter.objects)


async def fill() -> None:
    await create_tables(ChoiceWriter, ChoiceShelf, ChoiceTome)
    for name in NAMES:
        await ChoiceWriter.objects.create(name=name)


async def test_rows_are_shown_by_their_first_public_text(database: Database) -> None:
    await fill()
    assert sorted(await ALL.find_choices("", 10)) == [
        ("1", "Ann"), ("2", "50% off"), ("3", "bob_by"), ("4", "Bobby"),
    ]  # fmt: skip
    assert len(await ALL.find_choices("", 2)) == 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("BOB", {"bob_by", "Bobby"}),
        ("%", {"50% off"}),
        ("_", {"bob_by"}),
        ("'; drop table x; --", set()),
        ("\\", set()),
    ],
)
async def test_text_is_looked_for_as_it_is(database: Database, text: str, found: set[str]) -> None:
    await fill()
    assert {shown for _, shown in await ALL.find_choices(text, 10)} == found


@pytest.mark.parametrize(
    "values",
    [
        ["99"],
        ["1 or 1=1"],
        [""],
        ["９"],
        ["1" * 30],
        ["-1"],
        ["9223372036854775808"],
        ["\0"],
        ["Ann"],
        ["1.0"],
        [],
    ],
)
async def test_what_is_no_key_is_no_choice(database: Database, values: list[str]) -> None:
    await fill()
    assert list(await ALL.get_choices(values)) == []
    assert list(await ALL.get_choices([*values, "1"])) == [("1", "Ann")]


async def test_only_rows_of_the_query_can_be_chosen(database: Database) -> None:
    await fill()
    await ChoiceWriter.objects.filter(ChoiceWriter.name == "Ann").update(active=False)
    active = ModelChoices(ChoiceWriter.objects.filter(ChoiceWriter.active == True), label=ChoiceWriter.name)  # noqa: E712 - SQL
    assert list(await active.get_choices(["1", "2"])) == [("2", "50% off")]
    assert "Ann" not in {shown for _, shown in await active.find_choices("", 10)}


async def test_keys_may_be_uuids_and_rows_without_a_text_show_their_key(database: Database) -> None:
    await fill()
    shelf = await ChoiceShelf.objects.create(id=uuid4())
    choices = ModelChoices(ChoiceShelf.objects)
    shown = [(str(shelf.id), str(shelf.id))]
    assert list(await choices.find_choices("", 10)) == shown
    assert list(await choices.get_choices([str(shelf.id), "no uuid"])) == shown
    assert list(await choices.find_choices(str(shelf.id), 10)) == shown
    assert list(await choices.find_choices("no uuid", 10)) == []


async def test_rows_with_a_key_of_several_columns_can_not_be_choices(database: Database) -> None:
    with pytest.raises(ModelError, match="several columns"):
        await ModelChoices(ChoicePair.objects).find_choices("", 10)


def test_form_of_a_model_says_what_its_fields_say() -> None:
    fields = {each.name: each for each in find_fields(ChoiceTome.Create)}
    assert (fields["text"].kind, fields["text"].label, fields["text"].help) == (
        "textarea",
        "Whole text",
        "All of it",
    )
    assert (fields["writer_id"].kind, fields["writer_id"].label, fields["writer_id"].is_required) == (
        "select",
        "Writer",
        True,
    )
    assert not fields["shelf_id"].is_required
    assert isinstance(fields["writer_id"].source, ModelChoices)


def test_notes_for_forms_change_nothing_of_what_json_may_send() -> None:
    node = inspect.type_info(ChoiceTome.Create)
    assert isinstance(node, inspect.StructType)
    kinds = {each.name: type(each.type).__name__ for each in node.fields}
    assert kinds == {"writer_id": "IntType", "shelf_id": "UnionType", "text": "StrType"}
    assert issubclass(ChoiceTome.Create, Struct)
