"""Names of fields that a client sends, to filter and to order by: only those that the program lists pass.

    query = Note.objects.filter(**only(request.query, {"title__icontains", "author"}))
    query = query.order_by(*only_orders(request.query.get("sort", ""), {"title", "created_at"}))

A lookup by any other field could read it piece by piece (`author__password__startswith`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

# Any: a lookup has a value of any type.
from typing import Any, Final

from bistro.db.model_errors import NotAllowed
from bistro.ground.text import did_you_mean

ORDERS_MAX: Final = 5


def only(lookups: Mapping[str, Any], allowed: Collection[str]) -> dict[str, Any]:
    """`lookups`, all of which are in `allowed`. Raises NotAllowed, a 400, for any other."""
    for name in lookups:
        _check(name, allowed)
    return dict(lookups)


def only_orders(text: str, allowed: Collection[str]) -> list[str]:
    """The orders in a text like `-created_at,title`, all of them in `allowed`. Raises NotAllowed."""
    orders = [part.strip() for part in text.split(",", ORDERS_MAX)] if text else []
    if len(orders) > ORDERS_MAX:
        raise NotAllowed(f"more than {ORDERS_MAX} fields to order by", fix="Name fewer.")
    for order in orders:
        _check(order.removeprefix("-"), allowed)
    return orders


def _check(name: str, allowed: Collection[str]) -> None:
    if name not in allowed:
        near = did_you_mean(name, allowed)
        fix = f"Did you mean {near!r}?" if near else f"These can: {', '.join(sorted(allowed))}."
        raise NotAllowed(f"{name[:80]!r} can't be asked for", fix=fix)
