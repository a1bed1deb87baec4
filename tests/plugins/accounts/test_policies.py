"""Rules and groups, asked without a request."""

from __future__ import annotations

from typing import Any

import pytest

from bistro.db import Field, Model, Predicate, RowNotFound, auto
from bistro.plugins.accounts import Policies, PolicyError, User
from bistro.plugins.accounts.groups import (
    Group,
    Membership,
    add_to_group,
    leave_all_groups,
    remove_from_group,
    roles_by_groups,
)
from tests.plugins.accounts.support import with_tables

ANN = User(email="ann@example.com", email_key="ann@example.com")
ROOT = User(email="root@example.com", email_key="root@example.com", is_superuser=True)


class Page(Model):
    id: Field[int] = auto()
    title: Field[str]


policy = Policies()


@policy(Page, "read")
def may_read(user: User | None) -> Predicate | bool:
    return True if user is not None else Page.title == "news"


@policy(Page, "print")
def may_print(user: User | None) -> Predicate | bool:
    return user is not None


@policy(Page, "sign")
def may_sign(user: User | None, page: Page) -> Any:
    return user and page.title  # what is true, and no bool


def test_rule_on_rows_narrows_to_a_condition_to_all_or_to_nothing() -> None:
    async def find() -> list[list[str]]:
        for title in ("news", "plans"):
            await Page.objects.create(title=title)
        asked = [(None, "read"), (ANN, "read"), (None, "print"), (ANN, "print"), (ROOT, "sign")]
        return [
            [each.title for each in await policy.query(user, action, Page).order_by(Page.id)]
            for user, action in asked
        ]

    both = ["news", "plans"]
    assert with_tables(Page, do=find) == [["news"], both, [], both, both]


def test_rule_that_says_yes_or_no_of_all_rows_says_it_of_each() -> None:
    page = Page(title="news")
    assert [policy.may(user, "print", page) for user in (None, ANN, ROOT)] == [False, True, True]
    assert policy.may(ANN, "read", page) is True
    with pytest.raises(PolicyError, match="condition on rows"):
        policy.may(None, "read", page)


def test_answer_of_a_rule_on_objects_is_yes_or_no() -> None:
    shut, signed = Page(title=""), Page(title="plans")
    assert [policy.may(ANN, "sign", page) for page in (shut, signed)] == [False, True]
    assert [policy.may(user, "sign", shut) for user in (None, ROOT)] == [False, True]
    with pytest.raises(PolicyError, match="needs an object"):
        policy.query(ANN, "sign", Page)


def test_even_a_superuser_needs_a_rule_to_ask_for() -> None:
    for ask in (lambda: policy.may(ROOT, "raed", Page(title="")), lambda: policy.query(ROOT, "raed", Page)):
        with pytest.raises(PolicyError, match="no rule for 'raed' on Page") as missing:
            ask()
        assert missing.value.fix == "Did you mean read?"
    with pytest.raises(PolicyError) as missing:
        policy.get(Group, "read")  # a rule of another model is no help
    assert missing.value.fix == 'Write one: @policy(Group, "read").'


def test_user_has_the_roles_of_all_own_groups_once() -> None:
    async def story() -> list[object]:
        for name, roles in (("press", ["writer", "reader"]), ("board", ["chief", "reader"]), ("empty", [])):
            await Group.objects.create(name=name, roles=roles)
            await add_to_group("ann", name)
            await add_to_group("ann", name)
        await add_to_group("bob", "press")
        said: list[object] = [await Membership.objects.count(), await roles_by_groups("ann")]
        await remove_from_group("ann", "press")
        said += [await roles_by_groups("ann"), await roles_by_groups("bob")]
        await leave_all_groups("ann")
        said += [await roles_by_groups("ann"), await roles_by_groups("bob"), await Membership.objects.count()]
        for change in (add_to_group, remove_from_group):
            with pytest.raises(RowNotFound):
                await change("ann", "nowhere")
        return said

    writers = {"writer", "reader"}
    assert with_tables(Group, Membership, do=story) == [
        4,
        writers | {"chief"},
        {"chief", "reader"},
        writers,
        set(),
        writers,
        1,
    ]
