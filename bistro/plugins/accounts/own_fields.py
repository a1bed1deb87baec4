"""Fields of a site's own model of users: those that the sign-up page asks for too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any  # Any: a field's type and default are of every kind

import msgspec
from msgspec import NODEFAULT, UNSET
from msgspec.structs import FieldInfo

from bistro.db import Index, Unique
from bistro.forms import FormTypeError, FormView
from bistro.ground import did_you_mean
from bistro.http import FormData
from bistro.plugins.accounts.errors import AccountsError
from bistro.plugins.accounts.users import AbstractUser, User


def find_required(model: type[AbstractUser], asked: Sequence[str]) -> str:
    """A field that a new user must be given a value for, and that is not asked for; empty for none."""
    known = {*User.__table_info__.columns, *asked}
    for name, column in model.__table_info__.columns.items():
        options = column.options
        has_default = options.default is not UNSET or options.default_factory is not None
        if name not in known and not (column.nullable or has_default or options.made_elsewhere):
            return name
    return ""


def own_fields(model: type[AbstractUser], names: Sequence[str]) -> list[tuple[Any, ...]]:
    """These fields of `model`, as `msgspec.defstruct` takes them. Raises `AccountsError` (B960).

    They are those of `Create`: private ones are for nobody who signs up (ASVS 5.0, 15.3.3).
    """
    of_everybody = User.__struct_fields__
    fields = {
        each.name: each for each in msgspec.structs.fields(model.Create) if each.name not in of_everybody
    }
    found: list[tuple[Any, ...]] = []
    for name in names:
        each = fields.get(name)
        if each is None:
            near = did_you_mean(name, fields)
            fix = (
                f"Did you mean {near}?" if near else f"Name own fields of {model.__name__}, no private ones."
            )
            raise AccountsError(f"the sign-up page can't ask for {name}: users have no such field", fix=fix)
        if is_unique(model, name):
            # Whether it is taken would be told to those alone whose address has no account.
            raise AccountsError(
                f"the sign-up page can't ask for {name}, which is unique: that would tell who has an account",
                fix='Let users log in by a name, Accounts(log_in_with="either"), or ask for it later.',
            )
        found.append((name, each.type) if each.required else (name, each.type, default_of(each)))
    try:
        FormView.read(msgspec.defstruct("OwnFields", found, kw_only=True), FormData())
    except FormTypeError as error:
        raise AccountsError(
            f"the sign-up page can't ask for {', '.join(names)}: some are looked up in the database",
            fix="Ask for those later, on a page that takes a Form[…].",
        ) from error
    return found


def is_unique(model: type[AbstractUser], name: str) -> bool:
    """Whether the database refuses a value that another user has."""
    table = model.__table_info__
    if table.columns[name].options.unique:
        return True
    rules = [*table.constraints, *table.indexes]
    return any(
        isinstance(each, Unique) or (isinstance(each, Index) and each.unique)
        for each in rules
        if name in getattr(each, "fields", ())
    )


def default_of(each: FieldInfo) -> Any:
    """The default of a field, as `msgspec.defstruct` takes it."""
    if each.default is not NODEFAULT:
        return each.default
    return msgspec.field(default_factory=each.default_factory)
