"""What is logged and shown: masked, on one line, bounded, and always fit for JSON."""

from __future__ import annotations

import dataclasses
import enum
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.ground.redaction import (
    DEPTH_MAX,
    ITEMS_MAX,
    TEXT_LENGTH_MAX,
    clean_text,
    redact,
    redact_arguments,
    redact_text,
)
from bistro.ground.secret import Secret


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Login:
    user: str
    password: str


class Payment(msgspec.Struct):
    amount: int
    credit_card: str


class Level(enum.IntEnum):
    HIGH = 3


class Path(str):
    __slots__ = ()


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()) | st.integers(), inner),
    max_leaves=30,
)


def test_values_under_sensitive_names_are_masked_at_any_depth():
    value = {"user": "ada", "form": {"items": [{"Password": "hunter2", "age": 36}]}}

    assert redact(value) == {"user": "ada", "form": {"items": [{"Password": "***", "age": 36}]}}


def test_everything_below_a_sensitive_name_is_masked():
    assert redact({"cookies": {"a": "1"}, "tokens": ["x", "y"]}) == {"cookies": "***", "tokens": "***"}


def test_secret_is_masked_under_any_name():
    assert redact({"mail": [Secret("hunter2")]}) == {"mail": ["***"]}


def test_fields_of_dataclasses_and_structs_are_masked_by_name():
    assert redact(Login("ada", "hunter2")) == {"user": "ada", "password": "***"}
    assert redact([Payment(3, "4111111111111111")]) == [{"amount": 3, "credit_card": "***"}]


def test_usual_values_keep_their_meaning():
    moment = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    value = [
        1,
        1.5,
        True,
        None,
        "text",
        moment,
        date(2026, 1, 2),
        timedelta(seconds=90),
        Decimal("1.10"),
        Colour.RED,
    ]

    assert redact(value) == [
        1, 1.5, True, None, "text", "2026-11-22T08:00:00+00:00", "2026-01-02", "0:01:30", "1.10", "red",
    ]  # fmt: skip


def test_subclasses_of_text_and_numbers_become_plain():
    plain = redact([Path("a\n"), Level.HIGH])

    assert plain == ["a\\n", 3]
    assert [type(value) for value in plain] == [str, int]


def test_ids_and_bytes_become_text():
    assert redact(uuid.UUID(int=1)) == "00000000-0000-0000-0000-000000000001"
    assert redact(b"ab\n") == "b'ab\\n'"


def test_numbers_that_json_has_no_form_for_become_text():
    assert redact([float("nan"), float("inf"), 2**63, 10**30]) == ["nan", "inf", hex(2**63), hex(10**30)]


def test_integer_of_a_million_digits_is_cut_and_quick(assert_linear):
    assert len(redact(1 << 4_000_000)) < TEXT_LENGTH_MAX + 100
    assert_linear(redact, lambda n: 1 << (8 * n))


def test_control_characters_are_escaped_in_names_and_values():
    assert redact({"a\n": "b\x1b[0m"}) == {"a\\n": "b\\x1b[0m"}


def test_depth_is_bounded_also_for_a_value_that_holds_itself():
    loop: list[object] = []
    loop.append(loop)

    shown = redact(loop)

    for _ in range(DEPTH_MAX):
        assert len(shown) == 1
        shown = shown[0]
    assert shown == "…"


def test_number_of_items_is_bounded_in_all():
    assert len(redact(list(range(100_000)))) == ITEMS_MAX + 1
    wide = redact([[0] * 100 for _ in range(100_000)])
    assert sum(len(row) for row in wide) <= ITEMS_MAX + 50
    assert len(redact({str(n): n for n in range(100_000)})) == ITEMS_MAX + 1


def test_endless_mapping_is_cut():
    class Endless(dict):  # type: ignore[type-arg]  # a broken type on purpose
        def items(self) -> Iterator[tuple[str, int]]:  # type: ignore[override]
            n = 0
            while True:
                yield str(n), n
                n += 1

    assert len(redact(Endless())) == ITEMS_MAX + 1


def test_long_text_is_cut_and_tells_how_much_is_missing():
    text = redact("a" * (TEXT_LENGTH_MAX + 5))

    assert text == "a" * TEXT_LENGTH_MAX + "… (5 characters more)"


def test_value_whose_repr_fails_is_shown_by_its_type():
    assert redact({"value": Broken()}) == {"value": "<Broken>"}


@given(PLAIN)
def test_anything_redacted_can_be_written_as_json(value: object):
    written = msgspec.json.encode(redact(value))

    assert b"\n" not in written
    msgspec.json.decode(written)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("password=hunter2", "password=***"),
        ("login failed: password=hunter2 for ada", "login failed: password=*** for ada"),
        ("user_password: hunter2, age: 3", "user_password: ***, age: 3"),
        ("DB_PASSWORD=hunter2", "DB_PASSWORD=***"),
        ("PASSWD = hunter2", "PASSWD = ***"),
        ("?next=/&token=abc.def&page=2", "?next=/&token=***&page=2"),
        ('{"password": "hunter \\" 2", "age": 3}', '{"password": ***, "age": 3}'),
        ("{'api_key': 'hunter2'}", "{'api_key': ***}"),
        ("Login(user='ada', password='hun ter2')", "Login(user='ada', password=***)"),
        ("{'token': b'raw bytes'}", "{'token': ***}"),
        ('secret="never closed', "secret=*** closed"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ("authorization=Basic YWRhOmh1bnRlcjI=", "authorization=Basic ***"),
        ("'authorization': 'Bearer abc'", "'authorization': 'Bearer ***'"),
        ("Authorization: abc", "Authorization: ***"),
        ('Authorization: Digest username="ada", response="6629"', "Authorization: ***"),
        ("sent bearer abc.def to the API", "sent bearer *** to the API"),
        ("BEARER abc", "BEARER ***"),
        ("Cookie: a=1; b=2", "Cookie: ***"),
        ("set-cookie: __Host-id=abc; Path=/; Secure", "set-cookie: ***"),
        ("X-CSRF-Token: abc", "X-CSRF-Token: ***"),
        ("postgres://ada:hunter2@db/shop", "postgres://ada:***@db/shop"),
        ("redis://:hunter2@cache:6379", "redis://:***@cache:6379"),
        ("postgres://ada:hun@ter:2@db/shop", "postgres://ada:***@db/shop"),
        ('{\\"password\\": \\"hunter2\\"}', '{\\"password\\": ***}'),
    ],
)
def test_secret_in_a_text_is_masked(text: str, masked: str):
    assert redact_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the password was changed",
        "the bearer of bad news",
        "GET /items?page=2 200 1.3 ms",
        "http://localhost:8000/items",
        "http://localhost:8000?mail=ada@example.com",
        "time=12:30:59 user=ada@example.com",
    ],
)
def test_ordinary_text_is_left_alone(text: str):
    # "bearer of" is indeed masked: a word after "bearer" may be a token, and a lost word is the lesser harm.
    expected = text.replace("bearer of", "bearer ***")

    assert redact_text(text) == expected


@given(st.text(st.characters(), max_size=50), st.text("abcXYZ019.-_~+/", min_size=1, max_size=30))
def test_password_behind_an_equals_sign_never_survives(before: str, password: str):
    password = f"Q{password}Q"

    assert password not in redact_text(f"{before}\npassword={password}")


def test_arguments_of_a_percent_message_are_masked_only_where_names_tell():
    assert redact_arguments({"user": "ada", "password": "x", "n": 3}) == {
        "user": "ada",
        "password": "***",
        "n": 3,
    }
    assert redact_arguments((1.5, "text", {"token": "x"})) == (1.5, "text", {"token": "***"})
    assert redact_arguments("text") == "text"


UNITS = [
    "a", "password", "password=", 'password="', "password='", 'password=" password=\' ', "password:", "password\\",
    'password="\\', 'password="\\\n', "token token", "authorization: ", "authorization:digest ", "cookie: a;",
    "cookie:a; ", "bearer ", "bearer\t\t\t\t\t\t\t\t", "://", "://a:", "://a:b", "://:@", "@", ":@", "\\", '"', "=", ":", " ", "api_key-",
    "secret" + "-" * 64, "\x1b", "a" * 255 + ":",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_masking_a_text_is_linear(unit: str, assert_linear):
    assert_linear(redact_text, lambda n: (unit * n)[:n])
    assert_linear(clean_text, lambda n: (unit * n)[:n])


def test_masking_a_large_value_is_linear(assert_linear):
    assert_linear(redact, lambda n: ["password=" * 10] * (n // 90))
