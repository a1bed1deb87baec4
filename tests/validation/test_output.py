"""A declared return type filters what leaves the site."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, NotRequired, TypedDict

import attrs
import pydantic
import pytest
from msgspec import UNSET, Struct, UnsetType

from bistro.validation import OutputMismatch, encode_json, output_converter, unchanged


class User(Struct):
    name: str
    born: date | None = None


class PrivateUser(User):
    password: str = "secret"


class Team(Struct, frozen=True):
    lead: User
    members: list[User] = []
    by_role: dict[str, User | None] = {}
    pair: tuple[User, int] | None = None
    extra: User | UnsetType = UNSET


class Tree(Struct):
    user: User
    children: list[Tree] = []


@dataclass
class Account:
    user: User
    limits: list[int] = field(default_factory=list)


@dataclass
class PrivateAccount(Account):
    password: str = "secret"


@dataclass(frozen=True, slots=True)
class FrozenAccount:
    user: User


@attrs.frozen
class AttrsAccount:
    user: User


class UserRow(TypedDict):
    name: str
    friend: NotRequired[User]


class Pair(NamedTuple):
    user: User
    number: int


class Model(pydantic.BaseModel):
    name: str
    user: str = pydantic.Field(default="u", alias="userName")


class PrivateModel(Model):
    password: str = "secret"


class Holder(Struct):
    model: Model


class Record:
    """As a row of a database may look: attributes, and more than are wanted."""

    def __init__(self) -> None:
        self.name = "Ada"
        self.born = date(1815, 12, 10)
        self.password = "secret"


private = PrivateUser("Ada")
LEAKS: list[tuple[Any, Callable[[], Any]]] = [
    (User, lambda: private),
    (User, Record),
    (User, lambda: {"name": "Ada", "password": "secret"}),
    (User, lambda: UserDict({"name": "Ada", "password": "secret"})),
    (User | None, lambda: private),
    (User | Team, lambda: private),
    (Team | User | None, lambda: Team(private)),
    (list[User], lambda: [private, User("B")]),
    (list[User] | None, lambda: [private]),
    (list[User] | User, lambda: private),
    (list[User] | User, lambda: [private]),
    (list[User], lambda: (user for user in [private])),
    (set[str] | User, lambda: private),
    (dict[str, User], lambda: {"a": private}),
    (dict[str, list[User | None]], lambda: {"a": [private, None]}),
    (tuple[User, int], lambda: (private, 1)),
    (Team, lambda: Team(private, [private], {"a": private, "b": None}, (private, 1), private)),
    (list[Team], lambda: [Team(User("x"), [private])]),
    (Tree, lambda: Tree(private, [Tree(User("x"), [Tree(private)])])),
    (Account, lambda: Account(private)),
    (Account, lambda: PrivateAccount(private)),
    (FrozenAccount, lambda: FrozenAccount(private)),
    (AttrsAccount, lambda: AttrsAccount(private)),
    (UserRow, lambda: {"name": "Ada", "password": "secret", "friend": private}),
    (UserRow, Record),
    (Pair, lambda: Pair(private, 1)),
    (Model, lambda: PrivateModel(name="Ada")),
    (Model, Record),
    (Model, lambda: {"name": "Ada", "password": "secret"}),
    (list[Model], lambda: [PrivateModel(name="Ada")]),
    (Holder, lambda: Holder(PrivateModel(name="Ada"))),
    (Holder | None, lambda: {"model": {"name": "Ada", "password": "secret"}}),
]


@pytest.mark.parametrize(("type_", "make"), LEAKS)
def test_what_the_declared_type_does_not_have_is_never_sent(type_: Any, make: Callable[[], Any]) -> None:
    sent = encode_json(output_converter(type_)(make()))

    assert b"secret" not in sent
    assert b"name" in sent


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (User, User("Ada")),
        (User | None, None),
        (Team, Team(User("Ada"), [], {"a": User("B")})),
        (Account, Account(User("Ada"))),
        (Model, Model(name="Ada")),
        (User | str, "text"),
        (User | list[int], [1, 2]),
        (Tree, Tree(User("x"))),
    ],
)
def test_exactly_the_declared_is_sent_as_it_is(type_: Any, value: Any) -> None:
    assert output_converter(type_)(value) == value


def test_object_of_the_declared_class_is_not_copied() -> None:
    user = User("Ada")

    assert output_converter(User)(user) is user


def test_object_that_was_narrowed_inside_is_a_copy() -> None:
    team = Team(private)
    output_converter(Team)(team)

    assert team.lead is private


@pytest.mark.parametrize(
    "type_", [Any, object, int, str, list[int], dict[str, Any], int | None, tuple[int, str], date]
)
def test_type_without_fields_needs_no_narrowing(type_: Any) -> None:
    assert output_converter(type_) is unchanged


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (User, 3),
        (User, None),
        (User, {}),
        (User, {"name": 3}),
        (list[User], User("Ada")),
        (list[User], {"a": User("Ada")}),
        (list[User], "text"),
        (list[User], [None]),
        (dict[str, User], [User("Ada")]),
        (tuple[User, int], (User("Ada"),)),
        (User | Team, {"x": 1}),
        (Model, {"x": 1}),
        (Model, object()),
        (UserRow, {"born": 1}),
    ],
)
def test_return_value_that_does_not_fit_is_the_site_s_mistake(type_: Any, value: Any) -> None:
    with pytest.raises(OutputMismatch) as caught:
        output_converter(type_)(value)

    assert caught.value.code == "B604"
    assert caught.value.fix


class Renamed(Struct, rename="camel"):
    first_name: str


def test_renamed_fields_are_taken_by_their_name_in_python() -> None:
    class Person:
        first_name = "Ada"
        last_name = "L"

    assert encode_json(output_converter(Renamed)(Person())) == b'{"firstName":"Ada"}'
