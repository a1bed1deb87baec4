"""Where a token that is limited to scopes is let in: on routes that ask for one of them, and nowhere else."""

from __future__ import annotations

from typing import get_args, get_type_hints

from msgspec.structs import force_setattr

from bistro.app import Setup
from bistro.http import Forbidden
from bistro.plugins.accounts.access import Allowed
from bistro.plugins.accounts.identity import Identity
from bistro.routing import Route


def keep_to_scopes(setup: Setup) -> None:
    """Refuse limited tokens of every kind on routes where nobody has said what they may do there."""
    setup.before(refuse_limited, only_for=lambda route: has_no_scope(route) and not is_public(route))
    # Where visitors may come it is asked only if the route looks at who it is.
    setup.before(
        refuse_limited,
        only_for=lambda route: has_no_scope(route) and is_public(route),
        only_if_used=Identity,
    )
    # The template of a public page may look at who it is, which no hook before it can know.
    setup.before(let_in, only_for=lambda route: not has_no_scope(route))


def has_no_scope(route: Route) -> bool:
    """Whether nothing of a route asks for a scope: no hook, and no parameter with `Allowed`."""
    hooks = [
        *route.options.get("before", ()),
        *(each.function for group in route.groups for each in group.hooks),
    ]
    return not any(hasattr(each, "scope") for each in hooks) and not has_allowed(route.handler)


def is_public(route: Route) -> bool:
    """Whether a route lets visitors in."""
    return bool(route.options.get("public", False))


def has_allowed(handler: object) -> bool:
    """Whether a parameter of a handler is annotated with `Allowed`, which asks for its scope itself."""
    try:
        hints = get_type_hints(handler, include_extras=True)
    except (NameError, TypeError):
        return False
    return any(isinstance(note, Allowed) for hint in hints.values() for note in get_args(hint)[1:])


def refuse_limited(identity: Identity) -> None:
    """Let in no limited token where nobody has said what it may do."""
    if not identity.has_scope("*"):
        raise Forbidden("The token is not for this.")


def let_in(identity: Identity) -> None:
    """Let the templates of this route see the user of a limited token."""
    force_setattr(identity, "is_let_in", True)
