"""Who may do what with which object, in one place.

How it works. A rule is a function of the user (None for a visitor), in one of two forms. With the
object as its second parameter it says yes or no; the object was loaded before. Without, it gives a
condition on the rows, as `filter` takes it, or True or False for all of them: so the same rule finds
one object and narrows a list, in the database. One action may have a rule of each form; then both
must agree, and the first is asked where there is an object at hand, as in templates.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast  # Any: rules are about models of every kind

from msgspec import Struct

from bistro.db import Predicate, Query
from bistro.ground import SetupError, did_you_mean, find_origin

RuleFunction = TypeVar("RuleFunction", bound=Callable[..., Any])


class PolicyError(SetupError):
    """A rule that is missing, or that can't be one.

    If you see this: a handler or template asks for an action for which there is no rule, there are two
    of one form, or the rule has other parameters than the user and the object.
    """

    code = "B964"


class Rule(Struct):
    """What is known of one action on one model."""

    of_object: Callable[[Any, Any], bool] | None = None
    of_rows: Callable[[Any], Predicate | bool] | None = None


class Policies:
    """The rules of a site; `Accounts(policies=policy)` puts them into force.

    policy = Policies()

    @policy(Note, "edit")
    def may_edit(user: User | None) -> Predicate | bool:
        return user is not None and Note.author == user
    """

    def __init__(self) -> None:
        self._rules: dict[tuple[type[Any], str], Rule] = {}

    def __call__(self, model: type[Any], action: str) -> Callable[[RuleFunction], RuleFunction]:
        """The decorated function says who may do `action` with a `model`. Raises `PolicyError`."""

        def record(function: RuleFunction) -> RuleFunction:
            rule = self._rules.setdefault((model, action), Rule())
            count = len(inspect.signature(function).parameters)
            form = {1: "of_rows", 2: "of_object"}.get(count)
            if form is None or getattr(rule, form) is not None:
                what = "two rules of one form" if form else f"a rule with {count} parameters"
                raise PolicyError(
                    f"{what} for {action!r} on {model.__name__}",
                    where=(find_origin(function),),
                    fix="Write (user) for a condition on rows, or (user, object) for yes or no.",
                )
            setattr(rule, form, function)
            return function

        return record

    def get(self, model: type[Any], action: str) -> Rule:
        """The rule. Raises `PolicyError` where there is none."""
        rule = self._rules.get((model, action))
        if rule is None:
            known = [name for kind, name in self._rules if kind is model]
            near = did_you_mean(action, known)
            raise PolicyError(
                f"there is no rule for {action!r} on {model.__name__}",
                fix=f"Did you mean {near}?" if near else f'Write one: @policy({model.__name__}, "{action}").',
            )
        return rule

    def may(self, user: Any, action: str, thing: Any) -> bool:
        """Whether the user may do it with this object. Raises `PolicyError` for a rule on rows alone."""
        rule = self.get(type(thing), action)
        if user is not None and user.is_superuser:
            return True
        if rule.of_object is not None:
            return bool(rule.of_object(user, thing))
        assert rule.of_rows is not None
        condition = rule.of_rows(user)
        if isinstance(condition, bool):
            return condition
        raise PolicyError(
            f"the rule for {action!r} on {type(thing).__name__} is a condition on rows",
            fix="Ask the database, access.query(…), or write a second rule with (user, object) beside it.",
        )

    def query(self, user: Any, action: str, model: type[Any]) -> Query[Any]:
        """The rows with which the user may do it. Raises `PolicyError` for a rule on objects alone."""
        rule = self.get(model, action)
        rows: Query[Any] = model.objects
        if user is not None and user.is_superuser:
            return rows
        if rule.of_rows is None:
            raise PolicyError(
                f"the rule for {action!r} on {model.__name__} needs an object",
                fix="Write a second rule beside it that takes the user alone and gives a condition.",
            )
        condition = rule.of_rows(user)
        if condition is True:
            return rows
        if condition is False:  # a query for nothing, which still can be narrowed, ordered and counted
            key = model.__table_info__.key[0].field
            condition = cast("Predicate", getattr(model, key).in_([]))
        return rows.filter(condition)
