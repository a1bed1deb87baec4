"""The five fields, checked by hand, for peers that bring nothing for it."""

from __future__ import annotations


def check_item(item) -> bool:
    return (
        isinstance(item, dict)
        and isinstance(item.get("name"), str)
        and isinstance(item.get("price"), (int, float))
        and isinstance(item.get("quantity"), int)
        and isinstance(item.get("tags"), list)
        and all(isinstance(tag, str) for tag in item["tags"])
        and isinstance(item.get("active"), bool)
    )
