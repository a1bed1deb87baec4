"""JSON bodies: what is read, and what is said about what can't be."""

from __future__ import annotations

import enum
import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, TypedDict, TypeVar
from uuid import UUID

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from bistro.validation import UnsupportedType, ValidationFailed, encode_json, json_decoder

T = TypeVar("T")


class Kind(enum.Enum):
    BOOK = "book"
    TOY = "toy"


class Item(Struct):
    name: Annotated[str, Meta(min_length=1, max_length=40)]
    price: Annotated[Decimal, Meta(description="in euro")]
    count: Annotated[int, Meta(ge=1)] = 1
    kind: Kind = Kind.BOOK


class Order(Struct):
    customer: str
    items: list[Item]
    note: str | None = None
    prices: dict[str, float] = {}


class User(Struct):
    name: str
    age: int
    email: str
    tags: list[str]
    active: bool


@dataclass
class UserData:
    name: str
    age: int
    email: str
    tags: list[str]
    active: bool


@attrs.define
class UserAttrs:
    name: str
    age: int
    email: str
    tags: list[str]
    active: bool


class UserDict(TypedDict):
    name: str
    age: int
    email: str
    tags: list[str]
    active: bool


USER = {"name": "Ada", "age": 36, "email": "ada@example.org", "tags": ["a"], "active": True}


@pytest.mark.parametrize("type_", [User, UserData, UserAttrs, UserDict])
def test_every_kind_of_class_is_read_alike(type_: Any) -> None:
    expected = USER if type_ is UserDict else type_(**USER)

    assert json_decoder(type_)(json.dumps(USER).encode()) == expected


@pytest.mark.parametrize("type_", [User, UserData, UserAttrs, UserDict])
def test_every_kind_of_class_tells_the_same_problems(codes_of, type_: Any) -> None:
    wrong = b'{"name":1,"age":"x","tags":["a",2],"active":null}'

    assert codes_of(json_decoder(type_), wrong) == {
        "name": "type",
        "age": "type",
        "email": "missing",
        "tags[1]": "type",
        "active": "type",
    }


class Pair(NamedTuple):
    a: int
    b: str = "b"


class Page(Struct, Generic[T]):
    items: list[T]


@pytest.mark.parametrize(
    ("type_", "data", "value"),
    [
        (Any, b'{"a":[1,2.5,null,true,"x"]}', {"a": [1, 2.5, None, True, "x"]}),
        (object, b"[1]", [1]),
        (int, b" 5 ", 5),
        (float, b"1", 1.0),
        (str, rb'"a\u0000b"', "a\0b"),
        (str, rb'"\ud83d\ude00"', "😀"),
        (int | None, b"null", None),
        (int | str | list[int], b"[1]", [1]),
        (Pair, b"[1]", Pair(1)),
        (Page[int], b'{"items":[1]}', Page([1])),
        (dict[str, int], b'{"a":1,"a":2}', {"a": 2}),
        (dict[int, int], b'{"1":2}', {1: 2}),
        (datetime, b'"2024-02-29T10:30:00Z"', datetime(2024, 2, 29, 10, 30, tzinfo=UTC)),
        (date, b'"2024-02-29"', date(2024, 2, 29)),
        (time, b'"10:30:00"', time(10, 30)),
        (timedelta, b'"PT90S"', timedelta(seconds=90)),
        (Decimal, b'"12.50"', Decimal("12.50")),
        (Decimal, b"12.50", Decimal("12.50")),
        (bytes, b'"aGk="', b"hi"),
        (UUID, b'"12345678-1234-1234-1234-123456789abc"', UUID("12345678-1234-1234-1234-123456789abc")),
        (Literal["a", 2], b"2", 2),
        (set[int], b"[1,1]", {1}),
        (Item, b'{"name":"x","price":"1.5","unknown":[[[[]]]]}', Item("x", Decimal("1.5"))),
    ],
)
def test_json_becomes_the_value(type_: Any, data: bytes, value: Any) -> None:
    assert json_decoder(type_)(data) == value


def test_every_problem_is_told_with_its_path_message_and_code(problems_of) -> None:
    body = b'{"items":[{"name":"","price":"x","count":0},{"price":1,"count":1.5,"kind":"car"},5],"note":3,"prices":{"a b":"x","c":1}}'
    told = [
        (problem.path, problem.message, problem.code) for problem in problems_of(json_decoder(Order), body)
    ]

    assert told == [
        ("customer", "is required", "missing"),
        ("items[0].name", "must have at least 1 character", "too-short"),
        ("items[0].price", "must be a decimal number", "format"),
        ("items[0].count", "must be at least 1", "too-small"),
        ("items[1].name", "is required", "missing"),
        ("items[1].count", "must be a whole number", "type"),
        ("items[1].kind", "must be one of: book, toy", "choice"),
        ("items[2]", "must be an object", "type"),
        ("note", "must be a text", "type"),
        ('prices["a b"]', "must be a number", "type"),
    ]


def test_place_of_every_problem_is_the_body(problems_of) -> None:
    assert {problem.place for problem in problems_of(json_decoder(Order), b"{}")} == {"body"}


def test_at_most_100_problems_are_told(problems_of) -> None:
    assert len(problems_of(json_decoder(list[int]), encode_json(["x"] * 500))) == 100


def test_of_a_large_body_only_the_first_problem_is_told(problems_of) -> None:
    body = encode_json([1] * 40_000 + ["x", "y"])

    assert [problem.path for problem in problems_of(json_decoder(list[int]), body)] == ["[40000]"]


@pytest.mark.parametrize(
    ("type_", "data", "path", "code"),
    [
        (int, b'"5"', "", "type"),
        (int, b"5.0", "", "type"),
        (int, b"true", "", "type"),
        (str, b"5", "", "type"),
        (bool, b"1", "", "type"),
        (bool, b'"true"', "", "type"),
        (float, b'"1.0"', "", "type"),
        (None, b"0", "", "type"),
        (list[int], b"{}", "", "type"),
        (dict[str, int], b"[]", "", "type"),
        (dict[str, int], b'{"a":{"b":1}}', "a", "type"),
        (Annotated[list[int], Meta(max_length=1)], b"[1,2]", "", "too-long"),
        (Annotated[dict[str, int], Meta(min_length=1)], b"{}", "", "too-short"),
        (Annotated[str, Meta(pattern="^a$")], b'"b"', "", "pattern"),
        (Annotated[bytes, Meta(max_length=1)], b'"aGk="', "", "too-long"),
        (Annotated[datetime, Meta(tz=True)], b'"2024-02-29T10:30:00"', "", "format"),
        (date, b'"2024-02-30"', "", "format"),
        (date, b"5", "", "type"),
        (timedelta, b'"P99999999999D"', "", "format"),
        (UUID, b'"x"', "", "format"),
        (bytes, b'"?"', "", "format"),
        (Kind, b'"x"', "", "choice"),
        (Literal["a", 2], b"3", "", "choice"),
        (tuple[int, str], b"[1]", "", "length"),
        (tuple[int, str], b'["x",1]', "[0]", "type"),
        (Pair, b"[]", "", "too-short"),
        (Pair, b'["x"]', "[0]", "type"),
        (Pair, b"{}", "", "type"),
        (int | None, b'"x"', "", "type"),
        (Item | None, b'{"name":"x"}', "price", "missing"),
        (int | list[int], b'["x"]', "[0]", "type"),
        (int | str, b"[]", "", "type"),
        (dict[str, Item] | None, b'{"a":{"name":1,"price":1}}', "a.name", "type"),
        (set[Any], b"[[1]]", "", "type"),
        (float, b"1e400", "", "out-of-range"),
        (dict[str, float], b'{"a":-1e400}', "a", "out-of-range"),
        (Any, b'{"a":[1e400]}', "a[0]", "out-of-range"),
        (dict[int, int], b'{"x":1}', "", "invalid"),
    ],
)  # fmt: skip
def test_json_that_does_not_fit_is_refused(codes_of, type_: Any, data: bytes, path: str, code: str) -> None:
    assert codes_of(json_decoder(type_), data).get(path) == code


class Circle(Struct, tag="circle"):
    radius: float


class Square(Struct, tag="square"):
    side: float


class Row(Struct, array_like=True):
    id: int
    name: str = ""


class CircleRow(Struct, tag="circle", array_like=True):
    radius: float


class SquareRow(Struct, tag="square", array_like=True):
    side: float


@pytest.mark.parametrize(
    ("type_", "data", "told"),
    [
        (Circle | Square, b'{"type":"oval"}', {"type": "choice"}),
        (Circle | Square, b"{}", {"type": "missing"}),
        (Circle | Square, b'{"type":"square","side":"x"}', {"side": "type"}),
        (Circle | Square | None, b'{"type":"circle"}', {"radius": "missing"}),
        (list[Circle | Square], b'[{"type":"circle","radius":1},{"type":"x"}]', {"[1].type": "choice"}),
        (Row, b'["x",1]', {"[0]": "type", "[1]": "type"}),
        (Row, b"[]", {"": "too-short"}),
        (CircleRow | SquareRow, b'["square","x"]', {"[1]": "type"}),
        (CircleRow | SquareRow, b'["oval",1]', {"": "type"}),
    ],
)
def test_problem_of_a_union_is_that_of_the_member_that_was_meant(
    codes_of, type_: Any, data: bytes, told: dict[str, str]
) -> None:
    assert codes_of(json_decoder(type_), data) == told


Positive = Annotated[int, Meta(ge=1)]


@pytest.mark.parametrize(
    ("type_", "data", "told"),
    [
        (dict[str, Positive | str], b'{"a":0,"b":"x","c":2}', {"a": "too-small"}),
        (dict[str, Positive | str | None], b'{"a":null,"b":[]}', {"b": "type"}),
        (dict[str, Kind | int], b'{"a":"book","b":"car","c":1}', {"b": "type"}),
        (
            dict[str, int | list[Positive] | dict[str, int]],
            b'{"a":[0],"b":{"c":"x"},"d":1}',
            {"a[0]": "too-small", "b.c": "type"},
        ),
        (dict[str, bool | float], b'{"a":true,"b":"x"}', {"b": "type"}),
        (Order, b'{"items":[],"note":null}', {"customer": "missing"}),
    ],
)
def test_right_members_of_a_union_are_not_blamed(
    codes_of, type_: Any, data: bytes, told: dict[str, str]
) -> None:
    assert codes_of(json_decoder(type_), data) == told


class Strict(Struct, forbid_unknown_fields=True, rename="camel"):
    first_name: str


def test_unknown_fields_are_told_where_they_are_forbidden(codes_of) -> None:
    assert codes_of(json_decoder(Strict), b'{"first_name":"x","is admin":1}') == {
        "firstName": "missing",
        "first_name": "unknown-field",
        '["is admin"]': "unknown-field",
    }


class Range(Struct):
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("The low end is above the high one.")


def test_checks_of_the_whole_are_told_beside_the_others(problems_of) -> None:
    problems = problems_of(
        json_decoder(list[Range]), b'[{"low":1,"high":2},{"low":3,"high":2},{"low":"x","high":1}]'
    )

    assert [(problem.path, problem.code) for problem in problems] == [("[1]", "invalid"), ("[2].low", "type")]
    assert problems[0].message == "The low end is above the high one."


@attrs.define
class Bounded:
    size: int = attrs.field(validator=attrs.validators.lt(10))


def test_validators_of_attrs_classes_are_told_with_their_path(codes_of) -> None:
    assert codes_of(json_decoder(dict[str, Bounded]), b'{"a":{"size":10}}') == {"a": "invalid"}


class Buggy(Struct):
    kind: str

    def __post_init__(self) -> None:
        if self.kind == "key":
            raise KeyError("a bug of the site")
        if self.kind == "recursion":
            self.__post_init__()


@pytest.mark.parametrize(
    ("body", "error"), [(b'{"kind":"key"}', KeyError), (b'{"kind":"recursion"}', RecursionError)]
)
def test_bug_in_a_check_is_not_blamed_on_the_client(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        json_decoder(Buggy)(body)


@pytest.mark.parametrize(
    ("data", "unreadable"),
    [
        (b"", True),
        (b"{", True),
        (b"\xff", True),
        (b"[" * 999, True),
        (b"{}", False),
        (b'{"customer":1}', False),
    ],
)
def test_unreadable_body_is_told_from_a_wrong_one(data: bytes, unreadable: bool) -> None:
    with pytest.raises(ValidationFailed) as caught:
        json_decoder(Order)(data)

    assert caught.value.is_unreadable is unreadable


class Foreign:
    pass


class Inner(Struct):
    foreign: list[Foreign]


@pytest.mark.parametrize(
    "type_", [Foreign, list[Foreign], Inner, int | str | date, dict[str, complex], "Unknown"]
)
def test_type_that_json_can_not_hold_is_refused_at_freeze(type_: Any) -> None:
    with pytest.raises(UnsupportedType) as caught:
        json_decoder(type_)

    assert caught.value.fix


class Node(Struct):
    value: int
    children: list[Node] = []


def test_recursive_type_is_read_and_its_problems_told(codes_of) -> None:
    decode = json_decoder(Node)

    assert decode(b'{"value":1,"children":[{"value":2}]}') == Node(1, [Node(2)])
    assert codes_of(decode, b'{"value":1,"children":[{"value":2,"children":[{"value":"x"}]}]}') == {
        "children[0].children[0].value": "type"
    }


class Defaults(Struct):
    a: int | msgspec.UnsetType = msgspec.UNSET
    b: int | None = None
    c: int = None  # type: ignore[assignment]  # people write that


def test_default_that_is_no_number_needs_no_range() -> None:
    assert json_decoder(Defaults)(b"{}") == Defaults()
    assert json_decoder(Defaults)(b'{"a":1,"b":2,"c":3}') == Defaults(1, 2, 3)


class Total(TypedDict):
    a: int
    b: NotRequired[int]


BIG = "9223372036854775808"
HOLDERS = [
    (User, '{"name":"","age":%s,"email":"","tags":[],"active":true}', "age"),
    (UserData, '{"name":"","age":%s,"email":"","tags":[],"active":true}', "age"),
    (UserAttrs, '{"name":"","age":%s,"email":"","tags":[],"active":true}', "age"),
    (UserDict, '{"name":"","age":%s,"email":"","tags":[],"active":true}', "age"),
    (Range, '{"low":1,"high":%s}', "high"),
    (Defaults, '{"b":%s}', "b"),
    (Total, '{"a":1,"b":%s}', "b"),
    (Node, '{"value":1,"children":[{"value":%s}]}', "children[0].value"),
    (Any, '{"a":[{"b c":%s}]}', 'a[0]["b c"]'),
    (list[int], "[1,%s]", "[1]"),
    (dict[str, Any], '{"a":{"b":%s}}', "a.b"),
    (int, "%s", ""),
    (int | str, "%s", ""),
    (Annotated[int, Meta(ge=1)], "%s", ""),
    (Pair, '[%s,"x"]', "[0]"),
    (Page[int], '{"items":[1,%s]}', "items[0]"),
]


@pytest.mark.parametrize(
    "digits", ["9223372036854775808", "18446744073709551616", "9" * 40, "-9223372036854775809"]
)
@pytest.mark.parametrize(("type_", "form", "path"), HOLDERS[:-1])
def test_integer_beyond_64_bits_is_refused_wherever_it_stands(
    codes_of, type_: Any, form: str, path: str, digits: str
) -> None:
    if digits[0] == "-" and "Annotated" in str(type_):
        pytest.skip("too small for its own limit already")

    assert codes_of(json_decoder(type_), (form % digits).encode()) == {path: "out-of-range"}


@pytest.mark.parametrize("digits", ["9223372036854775807", "-9223372036854775808"])
@pytest.mark.parametrize(
    ("type_", "form", "path"),
    [holder for holder in HOLDERS if "Annotated" not in str(holder[0]) and holder[0] is not Range],
)
def test_integer_of_64_bits_is_read_wherever_it_stands(type_: Any, form: str, path: str, digits: str) -> None:
    json_decoder(type_)((form % digits).encode())


def test_long_digits_inside_a_text_are_no_number() -> None:
    text = "1" * 5000

    assert json_decoder(dict[str, str | int])(encode_json({"a": text, text: 1})) == {"a": text, text: 1}


class Price(Struct):
    amount: Decimal


@pytest.mark.parametrize(
    "amount",
    [
        '"NaN"',
        '"sNaN"',
        '"Infinity"',
        "1e309",
        '"1e100000"',
        '"-1E-100000"',
        "1" * 400,
        '"0.%s"' % ("1" * 5000),
    ],
)
@pytest.mark.parametrize(
    ("type_", "form", "path"),
    [(Price, '{"amount":%s}', "amount"), (list[Price], '[{"amount":%s}]', "[0].amount"), (Decimal, "%s", "")],
)
def test_decimal_beyond_its_limits_is_refused_wherever_it_stands(
    codes_of, type_: Any, form: str, path: str, amount: str
) -> None:
    assert codes_of(json_decoder(type_), (form % amount).encode()) == {path: "out-of-range"}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_every_json_value_comes_back(value: Any) -> None:
    assert json_decoder(Any)(encode_json(value)) == value


@given(JSON)
def test_same_is_read_as_by_the_standard_library(value: Any) -> None:
    data = json.dumps(value).encode()

    assert json_decoder(Any)(data) == json.loads(data)


ITEMS = st.builds(
    Item,
    name=st.text(min_size=1, max_size=40),
    price=st.decimals(-(10**9), 10**9, places=2),
    count=st.integers(1, 2**63 - 1),
    kind=st.sampled_from(Kind),
)
ORDERS = st.builds(
    Order,
    customer=st.text(),
    items=st.lists(ITEMS, max_size=3),
    note=st.none() | st.text(),
    prices=st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False), max_size=3),
)


@given(ORDERS)
def test_every_order_comes_back(order: Order) -> None:
    assert json_decoder(Order)(encode_json(order)) == order


@given(
    st.builds(
        UserData, st.text(), st.integers(-(2**63), 2**63 - 1), st.text(), st.lists(st.text()), st.booleans()
    )
)
def test_struct_dataclass_attrs_and_typed_dict_hold_the_same(user: UserData) -> None:
    data = encode_json(user)

    assert json_decoder(UserData)(data) == user
    assert encode_json(json_decoder(User)(data)) == data
    assert attrs.asdict(json_decoder(UserAttrs)(data)) == asdict(user)
    assert json_decoder(UserDict)(data) == asdict(user)


@given(
    JSON,
    st.sampled_from(
        [
            User,
            UserData,
            UserDict,
            Order,
            Node,
            Circle | Square,
            Row,
            dict[str, int],
            list[Price],
            Total,
            Pair,
        ]
    ),
)
def test_refused_is_exactly_what_msgspec_refuses(value: Any, type_: Any) -> None:
    data = encode_json(value)
    try:
        expected = msgspec.json.decode(data, type=type_)
    except msgspec.ValidationError:
        with pytest.raises(ValidationFailed) as caught:
            json_decoder(type_)(data)
        assert caught.value.problems
        assert all(
            problem.place == "body" and problem.message and problem.code for problem in caught.value.problems
        )
        encode_json(caught.value.problems)
    else:
        assert json_decoder(type_)(data) == expected
