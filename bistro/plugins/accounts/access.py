"""`Access`: what the user of a request may do, by roles, groups and policies."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, get_args, get_origin  # Any: objects of every model

from msgspec import Struct

from bistro.app import BaseApp, Finding
from bistro.db import Query
from bistro.ground import did_you_mean
from bistro.http import Forbidden, NotFound, Request
from bistro.plugins.accounts.errors import AccountsError
from bistro.plugins.accounts.groups import roles_by_groups
from bistro.plugins.accounts.identity import Identity, refusal_of
from bistro.plugins.accounts.policies import Policies
from bistro.plugins.accounts.users import AbstractUser

WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Allowed(Struct, frozen=True):
    """`note: Annotated[Note, Allowed("edit")]`: the row that the path names, if the user may edit it.

    The key is the path parameter `by`, by default `id` or `note_id`. There is a 404 where the row is
    missing or the user may not: nobody learns which. A visitor for whom the rule says no is asked to
    log in. `notes: Annotated[Query[Note], Allowed("see")]` is the query of all such rows.
    """

    action: str
    by: str = ""


class Access:
    """`access: Access` lets a handler ask what the user may do."""

    def __init__(self, identity: Identity, permissions: frozenset[str], policies: Policies) -> None:
        self.identity = identity
        self.permissions = permissions
        """Those of all the user's roles."""
        self._policies = policies

    @property
    def user(self) -> AbstractUser | None:
        """Who it is about."""
        return self.identity.user

    def may(self, action: str, thing: Any = None) -> bool:
        """Whether a permission is there, or, with an object, whether its policy allows the action."""
        if thing is not None:
            scope = scope_of(type(thing), action)
            return self.identity.has_scope(scope) and self._policies.may(self.user, action, thing)
        return self.identity.has_scope(action) and has_permission(self.user, action, self.permissions)

    def require(self, action: str, thing: Any = None) -> None:
        """Return if the user may. Raises `LogInRequired` for a visitor, else `Forbidden`."""
        if not self.may(action, thing):
            if self.user is None:
                raise refusal_of(self.identity)
            raise Forbidden("You may not do this.")

    def query(self, model: type[Any], action: str) -> Query[Any]:
        """The rows with which the user may do it: a query, to narrow, order and count."""
        if not self.identity.has_scope(scope_of(model, action)):
            raise Forbidden("The token is not for this.")
        return self._policies.query(self.user, action, model)

    async def load(self, model: type[Any], action: str, key: object) -> Any:
        """The row with this key. Raises `NotFound` where it is missing, or the user may not."""
        rule = self._policies.get(model, action)
        if not self.identity.has_scope(scope_of(model, action)):
            raise Forbidden("The token is not for this.")
        rows = self.query(model, action) if rule.of_rows is not None else model.objects
        (column,) = model.__table_info__.key
        found = await rows.find(getattr(model, column.field) == key)
        if found is not None and (rule.of_object is None or self._policies.may(self.user, action, found)):
            return found
        if self.user is None and (found is not None or is_closed(rule.of_rows)):
            raise refusal_of(self.identity)
        raise NotFound


class AccessMaker:
    """Makes the `Access` of requests, and values for `Allowed`."""

    def __init__(self, roles: Mapping[str, Sequence[str]], policies: Policies) -> None:
        self._roles = {name: frozenset(permissions) for name, permissions in roles.items()}
        self._policies = policies
        self.known = frozenset().union(*self._roles.values()) if self._roles else frozenset()

    def find_faults(self, app: BaseApp) -> list[Finding]:
        """accounts.E001, for `bistro check`: hooks that ask for a permission that no role gives."""
        found = []
        for route in app.freeze().routes:
            for hook in route.options.get("before", ()):
                permission = getattr(hook, "permission", "")
                if permission and not ({permission, f"{permission.partition('.')[0]}.*"} & self.known):
                    near = did_you_mean(permission, self.known)
                    fix = f"Did you mean {near}?" if near else "Give it to one: Accounts(roles={…})."
                    what = f"no role gives the permission {permission}"
                    found.append(Finding("accounts.E001", "error", what, (route.origin,), fix))
        return found

    async def make(self, identity: Identity) -> Access:
        """What the user may do: one query for groups, where the site has roles at all."""
        user = identity.user
        permissions: frozenset[str] = frozenset()
        if user is not None and self._roles:
            names = {*user.roles, *await roles_by_groups(user.key)}
            permissions = permissions.union(*(self._roles.get(name, frozenset()) for name in names))
        return Access(identity, permissions, self._policies)

    def make_allowed(self, kind: Any, marker: Allowed, path: Sequence[str]) -> Callable[..., Any]:
        """A provider of what is annotated with `Allowed`. Raises `PolicyError`, `AccountsError`."""
        if get_origin(kind) is Query:
            (model,) = get_args(kind)
            if self._policies.get(model, marker.action).of_rows is None:
                self._policies.query(None, marker.action, model)  # says what is missing

            def give_query(access: Access) -> Any:
                return access.query(model, marker.action)

            return give_query
        self._policies.get(kind, marker.action)
        names = [marker.by] if marker.by else ["id", f"{WORDS.sub('_', kind.__name__).lower()}_id"]
        name = next((each for each in names if each in path), None)
        if name is None:
            raise AccountsError(
                f"the path does not say which {kind.__name__} to {marker.action}",
                fix=f"Put {{{names[0]}:int}} into it, or name the parameter: Allowed(…, by=…).",
            )

        async def load(request: Request, access: Access) -> Any:
            return await access.load(kind, marker.action, request.path_parameters[name])

        return load


def permitted(permission: str) -> Callable[..., Any]:
    """A before hook: only for who has this permission by one of their roles.

    @app.post("/publish", before=[permitted("note.publish")])
    """

    def check_permission(access: Access) -> None:
        access.require(permission)

    check_permission.permission = permission  # type: ignore[attr-defined]  # for the check of all routes
    check_permission.scope = permission  # type: ignore[attr-defined]
    return check_permission


def require_scope(scope: str) -> Callable[..., Any]:
    """A before hook: of tokens, only those with this scope. Sessions have every scope."""

    def check_scope(identity: Identity) -> None:
        if not identity.has_scope(scope):
            raise Forbidden(f"The token needs the scope {scope}.", headers={
                "www-authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'
            })  # fmt: skip

    check_scope.scope = scope  # type: ignore[attr-defined]  # functions take attributes
    return check_scope


def has_permission(user: AbstractUser | None, permission: str, permissions: frozenset[str]) -> bool:
    """Whether it is among `permissions`, also as a part of `note.*`; superusers have all."""
    if user is None:
        return False
    group = f"{permission.partition('.')[0]}.*"
    return user.is_superuser or permission in permissions or group in permissions


def scope_of(model: type[Any], action: str) -> str:
    """What a token for an action on a model is limited to: `note.edit`."""
    return f"{WORDS.sub('_', model.__name__).lower()}.{action}"


def is_closed(of_rows: Callable[[Any], Any] | None) -> bool:
    """Whether a rule gives nothing at all to a visitor."""
    return of_rows is not None and of_rows(None) is False
