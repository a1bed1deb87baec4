"""Claims and clashes: each told with both places, all of them at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.ground.claims import Claim, ConflictError, Registry
from bistro.ground.errors import SetupError
from bistro.ground.registry import Origin

SHOP = Origin("shop.py", 14, "seed", "Shop")
BLOG = Origin("blog.py", 30, "seed", "Blog")
ADMIN = Origin("admin.py", 7, "seed", "Admin")


class Session:
    pass


@pytest.fixture
def registry() -> Registry:
    return Registry()


def test_claims_of_different_keys_or_kinds_do_not_clash(registry: Registry):
    registry.claim("command", "seed", SHOP)
    registry.claim("command", "grow", BLOG)
    registry.claim("template", "seed", BLOG)

    registry.raise_conflicts()

    assert registry.conflicts() == []


def test_clash_names_the_thing_both_places_and_the_ways_out(registry: Registry):
    registry.claim("command", "seed", SHOP)
    registry.claim("command", "seed", BLOG)

    with pytest.raises(ConflictError) as caught:
        registry.raise_conflicts()

    assert str(caught.value) == (
        "ConflictError (B102): two claims of command 'seed'\n"
        "  shop.py:14   seed   (Shop)\n"
        "  blog.py:30   seed   (Blog)\n"
        "Remove or rename all but one, or pass override=True where it should replace the others."
    )
    assert isinstance(caught.value, SetupError)
    assert caught.value.where == (SHOP, BLOG)


def test_all_clashes_are_told_at_once(registry: Registry):
    for key in ("seed", "grow"):
        for origin in (SHOP, BLOG, ADMIN):
            registry.claim("command", key, origin)

    with pytest.raises(ConflictError) as caught:
        registry.raise_conflicts()

    assert "three claims of command 'seed'" in str(caught.value)
    assert "three claims of command 'grow'" in str(caught.value)
    assert len(caught.value.conflicts) == 2


def test_claiming_is_not_refused_before_all_is_known(registry: Registry):
    registry.claim("command", "seed", SHOP)
    registry.claim("command", "seed", BLOG)
    registry.claim("command", "seed", ADMIN, override=True)

    registry.raise_conflicts()


@pytest.mark.parametrize("first", [True, False])
def test_override_wins_in_whatever_order(registry: Registry, first: bool):
    registry.claim("command", "seed", SHOP, override=first)
    registry.claim("command", "seed", BLOG, override=not first)

    registry.raise_conflicts()

    assert registry.entries() == [Claim("command", "seed", SHOP if first else BLOG, override=True)]


def test_two_overrides_clash_with_each_other_and_not_with_the_replaced(registry: Registry):
    registry.claim("command", "seed", SHOP)
    registry.claim("command", "seed", BLOG, override=True)
    registry.claim("command", "seed", ADMIN, override=True)

    ((one, two),) = registry.conflicts()

    assert (one.origin, two.origin) == (BLOG, ADMIN)


def test_the_same_place_claiming_twice_is_one_claim(registry: Registry):
    registry.claim("command", "seed", SHOP)
    registry.claim("command", "seed", SHOP)

    registry.raise_conflicts()

    assert len(registry.history("command", "seed")) == 1


def test_a_type_is_shown_by_its_name(registry: Registry):
    registry.claim("provider", Session, SHOP)
    registry.claim("provider", Session, BLOG)

    with pytest.raises(ConflictError, match="two claims of provider Session\n"):
        registry.raise_conflicts()


def test_entries_can_be_listed_by_kind_and_found_by_key(registry: Registry):
    registry.claim("command", "seed", SHOP)
    registry.claim("provider", Session, BLOG)
    registry.claim("command", "grow", BLOG)

    assert registry.kinds() == ["command", "provider"]
    assert [entry.key for entry in registry.entries("command")] == ["seed", "grow"]
    assert [entry.key for entry in registry.entries()] == ["seed", Session, "grow"]
    assert registry.find("provider", Session) == Claim("provider", Session, BLOG)
    assert registry.find("provider", str) is None


def test_history_keeps_what_was_replaced(registry: Registry):
    registry.claim("command", "seed", SHOP)
    registry.claim("command", "seed", BLOG, override=True)

    assert [claim.origin for claim in registry.history("command", "seed")] == [SHOP, BLOG]
    assert registry.history("command", "none") == []


def test_lists_that_are_given_out_can_be_changed_without_harm(registry: Registry):
    registry.claim("command", "seed", SHOP)

    registry.entries().clear()
    registry.history("command", "seed").clear()

    assert len(registry.entries()) == 1


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 3), st.booleans()), max_size=12))
def test_a_key_clashes_exactly_if_two_places_of_equal_right_claim_it(claims: list[tuple[str, int, bool]]):
    registry = Registry()
    for key, line, override in claims:
        registry.claim("route", key, Origin("x.py", line), override=override)

    clashing = {group[0].key for group in registry.conflicts()}

    for key in {key for key, _, _ in claims}:
        overriding = {line for name, line, override in claims if name == key and override}
        plain = {line for name, line, override in claims if name == key and not override}
        assert (key in clashing) == (len(overriding or plain) > 1)
