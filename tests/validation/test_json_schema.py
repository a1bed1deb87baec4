"""JSON Schema and its shared parts."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Annotated, Any, Generic, Literal, TypedDict, TypeVar
from uuid import UUID

import attrs
import msgspec
import pydantic
import pytest
from msgspec import Meta, Struct

from bistro.validation import SchemaConflict, UnsupportedType, encode_json, json_schema

T = TypeVar("T")


class Kind(enum.Enum):
    BOOK = "book"


class Item(Struct):
    """Something to buy."""

    name: Annotated[str, Meta(min_length=1, description="shown in lists")]
    price: Decimal
    kind: Kind = Kind.BOOK


@dataclass
class Order:
    items: list[Item]
    day: date | None = None


class Row(TypedDict):
    id: UUID


@attrs.define
class Mark:
    x: int


class Page(Struct, Generic[T]):
    items: list[T]


class Node(Struct):
    children: list[Node] = []


class Model(pydantic.BaseModel):
    item_name: str = pydantic.Field(alias="itemName", max_length=5)


class Outer(pydantic.BaseModel):
    inner: Model
    computed: int = 1


class Tree(pydantic.BaseModel):
    children: list[Tree] = []


class Mixed(Struct):
    models: list[Model]


def test_shared_parts_stand_once_and_are_referred_to() -> None:
    schemas, components = json_schema([Order, list[Item], int])

    assert schemas == (
        {"$ref": "#/components/schemas/Order"},
        {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
        {"type": "integer"},
    )
    assert set(components) == {"Order", "Item", "Kind"}
    assert components["Item"]["required"] == ["name", "price"]
    assert components["Item"]["properties"]["name"] == {
        "type": "string",
        "minLength": 1,
        "description": "shown in lists",
    }
    assert components["Item"]["description"] == "Something to buy."
    assert components["Kind"]["enum"] == ["book"]


@pytest.mark.parametrize(
    ("type_", "schema"),
    [
        (date, {"type": "string", "format": "date"}),
        (Decimal, {"type": "string", "format": "decimal"}),
        (UUID, {"type": "string", "format": "uuid"}),
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (Literal["a", "b"], {"enum": ["a", "b"]}),
        (Any, {}),
        (object, {"description": "any value"}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
    ],
)
def test_plain_types_have_plain_schemas(type_: Any, schema: dict[str, Any]) -> None:
    assert json_schema([type_]) == ((schema,), {})


@pytest.mark.parametrize("type_", [Row, Mark, Page[int], Page[Item], Node, Model, Outer, Tree, Mixed])
def test_every_reference_leads_to_a_part(type_: Any) -> None:
    schemas, components = json_schema([type_])
    text = encode_json([schemas, components]).decode()

    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names
    assert names <= set(components)
    assert "$defs" not in text


def test_names_of_generic_types_may_stand_in_a_reference() -> None:
    _, components = json_schema([Page[int], Page[list[str]]])

    assert all(name.replace("_", "").isalnum() for name in components)


def test_place_of_the_parts_may_be_chosen() -> None:
    (schema,), _ = json_schema([Outer], ref_template="#/$defs/{name}")

    assert schema == {"$ref": "#/$defs/Outer"}


def test_pydantic_models_have_their_own_schema_among_the_others() -> None:
    _, components = json_schema([Mixed, Outer, Item])

    assert components["Model"]["properties"]["itemName"]["maxLength"] == 5
    assert set(components) == {"Mixed", "Model", "Outer", "Item", "Kind"}


def test_output_of_a_pydantic_model_may_differ_from_its_input() -> None:
    _, read = json_schema([Outer])
    _, written = json_schema([Outer], mode="serialization")

    assert read["Outer"]["required"] == ["inner"]
    assert "inner" in written["Outer"]["required"]


def test_two_models_of_one_name_are_refused() -> None:
    other = msgspec.defstruct("Model", [("x", int)])

    with pytest.raises(SchemaConflict, match="Model") as caught:
        json_schema([Model, other])
    assert caught.value.code == "B605"


def test_two_structs_of_one_name_keep_apart() -> None:
    one = msgspec.defstruct("Thing", [("x", int)], module="one")
    two = msgspec.defstruct("Thing", [("y", int)], module="two")

    schemas, components = json_schema([one, two])

    assert schemas[0] != schemas[1]
    assert len(components) == 2


def test_type_without_schema_is_refused() -> None:
    with pytest.raises(UnsupportedType, match="PurePosixPath"):
        json_schema([list[PurePosixPath]])


def test_pydantic_dataclass_has_its_schema() -> None:
    @pydantic.dataclasses.dataclass
    class Size:
        width: int = pydantic.Field(gt=0)

    _, components = json_schema([Size])

    assert components["Size"]["properties"]["width"]["exclusiveMinimum"] == 0
