"""pydantic models and dataclasses, which sites may bring."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from typing import Annotated, Any, Literal

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from bistro.ground.multidict import MultiDict
from bistro.validation import (
    OutputMismatch,
    UnsupportedType,
    ValidationFailed,
    encode_json,
    json_decoder,
    output_converter,
    struct_converter,
)


class Item(pydantic.BaseModel):
    name: str = pydantic.Field(min_length=1, max_length=40)
    count: int = pydantic.Field(default=1, ge=1)
    kind: Literal["book", "toy"] = "book"
    day: date | None = None
    on_sale: bool = pydantic.Field(default=False, alias="onSale")


class Order(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")
    items: list[Item]
    weight: float = 0


class StrictModel(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)
    day: date


class Holder(Struct):
    item: Item
    others: dict[str, Item] = {}
    strict: StrictModel | None = None


class Basket(Struct):
    items: list[Item]


@pydantic.dataclasses.dataclass
class Size:
    width: int = pydantic.Field(gt=0)


class Search(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")
    text: str
    page: int = 1
    tags: list[int] = []
    mail: Annotated[str, pydantic.AfterValidator(str.lower)] = pydantic.Field(
        default="", validation_alias=pydantic.AliasChoices("mail", "email")
    )
    url: pydantic.HttpUrl | None = None


class Even(pydantic.BaseModel):
    number: int

    @pydantic.field_validator("number")
    @classmethod
    def _is_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("is odd\x1b")
        return value


def test_model_is_read_from_json() -> None:
    assert json_decoder(Item)(b'{"name":"x","day":"2024-02-29","onSale":true}') == Item(
        name="x", day=date(2024, 2, 29), onSale=True
    )


def test_every_problem_has_the_house_s_place_path_and_code(problems_of) -> None:
    body = b'{"items":[{"name":"","count":0,"kind":"car","day":"x"},{}],"weight":"x","other":1}'

    assert [
        (problem.place, problem.path, problem.code) for problem in problems_of(json_decoder(Order), body)
    ] == [
        ("body", "items[0].name", "too-short"),
        ("body", "items[0].count", "too-small"),
        ("body", "items[0].kind", "choice"),
        ("body", "items[0].day", "format"),
        ("body", "items[1].name", "missing"),
        ("body", "weight", "type"),
        ("body", "other", "unknown-field"),
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "missing"),
        (b'{"items":[],"weight":NaN}', "malformed"),
        (b'{"items":[],"weight":Infinity}', "malformed"),
        (b'{"items":[],"weight":1e400}', "out-of-range"),
        (b'{"items":[],"x":99999999999999999999}', "out-of-range"),
        (b"[" * 70 + b"]" * 70, "too-deep"),
        (rb'{"items":[{"name":"\ud800"}]}', "malformed"),
        (b"\xef\xbb\xbf{}", "encoding"),
    ],
)
def test_json_is_read_as_strictly_as_for_any_other_type(problems_of, data: bytes, code: str) -> None:
    assert problems_of(json_decoder(Order), data)[0].code == code


def test_flood_of_problems_is_counted_instead_of_listed(problems_of) -> None:
    (problem,) = problems_of(json_decoder(Order), b'{"items":[' + b"1," * 5000 + b"1]}")

    assert problem.message == "has 5,001 problems"


def test_words_of_a_validator_are_escaped(problems_of) -> None:
    (problem,) = problems_of(json_decoder(Even), b'{"number":1}')

    assert problem.message == "Value error, is odd\\x1b"


def test_models_inside_other_types_are_read_and_tell_all_their_problems(codes_of) -> None:
    decode = json_decoder(Holder)

    assert decode(b'{"item":{"name":"x"},"strict":{"day":"2024-02-29"}}') == Holder(
        Item(name="x"), {}, StrictModel(day=date(2024, 2, 29))
    )
    assert codes_of(decode, b'{"item":{"name":"","count":"x"},"others":{"a b":{}}}') == {
        "item.name": "too-short",
        "item.count": "type",
        'others["a b"].name': "missing",
    }
    assert codes_of(json_decoder(list[Item] | None), b'[{"name":"x"},{"name":1}]') == {"[1].name": "type"}


def test_models_inside_an_output_are_validated() -> None:
    convert = output_converter(Holder)

    assert convert({"item": {"name": "x"}}) == Holder(Item(name="x"))
    with pytest.raises(OutputMismatch, match=r"item\.name"):
        convert({"item": {"name": ""}})


def test_name_of_a_validator_s_own_problem_is_kept(codes_of) -> None:
    assert codes_of(json_decoder(dict[str, Even]), b'{"a":{"number":1}}') == {"a.number": "invalid"}


class Nested(pydantic.BaseModel):
    item: Item


def test_model_inside_a_model_fits_no_query() -> None:
    with pytest.raises(UnsupportedType, match=r"Nested\.item"):
        struct_converter(Nested)


def test_dataclass_of_pydantic_is_validated_by_pydantic(codes_of) -> None:
    assert json_decoder(Size)(b'{"width":1}') == Size(width=1)
    assert codes_of(json_decoder(Size), b'{"width":0}') == {"width": "too-small"}
    assert struct_converter(Size)(MultiDict([("width", "2")])) == Size(width=2)


def test_dataclass_of_pydantic_inside_another_type_is_refused_at_freeze() -> None:
    with pytest.raises(UnsupportedType, match="Size"):
        json_decoder(list[Size])


def test_model_is_filled_from_a_query() -> None:
    result = struct_converter(Search)(
        MultiDict(
            [
                ("text", "a"),
                ("page", ""),
                ("tags", "1"),
                ("tags", "2"),
                ("mail", "A@B"),
                ("url", "http://x.example/"),
            ]
        )
    )

    assert result.model_dump(mode="json") == {
        "text": "a",
        "page": 1,
        "tags": [1, 2],
        "mail": "a@b",
        "url": "http://x.example/",
    }


def test_problems_of_a_query_are_told_at_once(codes_of) -> None:
    wrong = MultiDict([("page", "１"), ("tags", "1"), ("tags", "nan"), ("evil", "1")])

    assert codes_of(struct_converter(Search), wrong) == {
        "text": "missing",
        "page": "type",
        "tags[1]": "type",
        "evil": "unknown-field",
    }


def test_what_pydantic_itself_finds_in_a_query_is_told(codes_of) -> None:
    assert codes_of(struct_converter(Search), MultiDict([("text", "a"), ("url", "::")])) == {"url": "format"}
    assert codes_of(struct_converter(Even), MultiDict([("number", "3")])) == {"number": "invalid"}


def test_models_are_encoded_under_their_aliases_anywhere() -> None:
    item = Item(name="x", day=date(2024, 2, 29))
    expected = b'{"name":"x","count":1,"kind":"book","day":"2024-02-29","onSale":false}'

    assert encode_json(item) == expected
    assert encode_json({"a": [item]}) == b'{"a":[' + expected + b"]}"
    assert encode_json(Basket([item])) == b'{"items":[' + expected + b"]}"


def test_subclass_in_a_field_of_a_model_is_sent_as_declared() -> None:
    class Secret(Item):
        password: str = "secret"

    assert b"secret" not in encode_json(Order(items=[Secret(name="x")]))


@given(
    st.builds(
        lambda name, count, sale: Item(name=name, count=count, onSale=sale),
        st.text(min_size=1, max_size=40),
        st.integers(1, 2**63 - 1),
        st.booleans(),
    )
)
def test_every_model_comes_back(item: Item) -> None:
    assert json_decoder(Item)(encode_json(item)) == item


@given(
    st.recursive(
        st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["items", "name", "x"]), inner),
        max_leaves=8,
    )
)
def test_no_json_raises_anything_but_a_refusal(value: Any) -> None:
    for type_ in (Order, Holder, Size, list[Item]):
        decode = json_decoder(type_) if type_ is not Size else json_decoder(Size)
        try:
            decode(encode_json(value))
        except ValidationFailed as error:
            assert error.problems


def test_pydantic_is_not_imported_by_this_room() -> None:
    code = "import sys, bistro.validation as v; v.json_decoder(dict); v.encode_json([1]); sys.exit('pydantic' in sys.modules or 'attrs' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
