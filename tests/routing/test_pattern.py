from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from bistro.ground.registry import Origin
from bistro.routing import Pattern, WrongUrlParameter

HERE = Origin("shop.py", 14, "show", "Shop")


def test_parameters_are_in_the_order_of_the_path() -> None:
    pattern = Pattern.parse("/{b:int}/x/{a}/{c:date}")
    assert [(name, each.python_type) for name, each in pattern.parameters.items()] == [
        ("b", int),
        ("a", str),
        ("c", date),
    ]


def test_parameters_can_not_be_changed() -> None:
    with pytest.raises(TypeError):
        Pattern.parse("/{a}").parameters["b"] = None  # type: ignore[index]


def test_a_pattern_without_parameters_is_static() -> None:
    assert Pattern.parse("/a/b").is_static
    assert not Pattern.parse("/a/{b}").is_static


def test_the_root_does_not_count_as_ending_with_a_slash() -> None:
    assert Pattern.parse("/a/").ends_with_slash
    assert not Pattern.parse("/").ends_with_slash


def test_only_a_path_parameter_takes_the_rest() -> None:
    assert Pattern.parse("/{x:path}").ends_with_rest
    assert not Pattern.parse("/{x}").ends_with_rest


@pytest.mark.parametrize(
    ("text", "values", "path"),
    [
        ("/", {}, "/"),
        ("/a/", {}, "/a/"),
        ("/café", {}, "/caf%C3%A9"),
        ("/items/{id:int}", {"id": -5}, "/items/-5"),
        ("/{name}", {"name": "a/b"}, "/a%2Fb"),
        ("/{name}", {"name": "//evil.example"}, "/%2F%2Fevil.example"),
        ("/{name}", {"name": "\\evil"}, "/%5Cevil"),
        ("/{name}", {"name": "a\r\nX: 1"}, "/a%0D%0AX:%201"),
        ("/{name}", {"name": "100%"}, "/100%25"),
        ("/files/{rest:path}", {"rest": "a b/c"}, "/files/a%20b/c"),
        (
            "/{when:date}/{key:uuid}",
            {"when": date(2024, 2, 29), "key": UUID(int=5)},
            f"/2024-02-29/{UUID(int=5)}",
        ),
        ("/v{version:int}/x", {"version": 3}, "/v3/x"),
    ],
)
def test_paths_are_built_with_their_values_quoted(text: str, values: dict[str, object], path: str) -> None:
    assert Pattern.parse(text).build(values) == path


@pytest.mark.parametrize("value", ["/evil.example", "../x", "a/../../b", ""])
def test_a_path_value_can_not_lead_elsewhere(value: str) -> None:
    with pytest.raises(WrongUrlParameter):
        Pattern.parse("/{rest:path}").build({"rest": value})


def test_a_missing_value_is_named_with_pattern_and_place() -> None:
    with pytest.raises(WrongUrlParameter) as caught:
        Pattern.parse("/items/{id:int}").build({}, where=(HERE,))
    assert str(caught.value) == (
        "WrongUrlParameter (B206): /items/{id:int} needs a value for 'id'\n  shop.py:14   show   (Shop)"
    )


def test_an_unknown_parameter_comes_with_a_suggestion() -> None:
    with pytest.raises(WrongUrlParameter, match="Did you mean 'item_id'"):
        Pattern.parse("/{item_id:int}").build({"item_id": 1, "itemid": 2})


def test_an_unknown_parameter_comes_with_the_known_ones() -> None:
    with pytest.raises(WrongUrlParameter, match="Its parameters: none"):
        Pattern.parse("/").build({"page": 2})


def test_a_value_of_another_type_is_told_with_the_type_wanted() -> None:
    with pytest.raises(WrongUrlParameter) as caught:
        Pattern.parse("/items/{id:int}").build({"id": "5"})
    assert "{id:int} takes int values" in str(caught.value)


def test_a_huge_value_is_not_repeated_in_full() -> None:
    with pytest.raises(WrongUrlParameter) as caught:
        Pattern.parse("/{name:slug}").build({"name": "!" * 100_000})
    assert len(str(caught.value)) < 1000
