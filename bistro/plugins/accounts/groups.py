"""Groups: roles that several users have together, changed while the site runs."""

from __future__ import annotations

from bistro.db import Field, ForeignKey, Model, Unique, auto, field


class Group(Model, table="bistro_group"):
    """Users who have the same roles."""

    id: Field[int] = auto()
    name: Field[str] = field(unique=True, max_length=100)
    roles: Field[list[str]] = field(default_factory=list, private=True)


class Membership(Model, table="bistro_membership", constraints=(Unique(("group", "user_key")),)):
    """That a user is in a group."""

    id: Field[int] = auto()
    group: ForeignKey[Group]
    user_key: Field[str] = field(max_length=32, index=True)


async def add_to_group(user_key: str, name: str) -> None:
    """Put a user into a group. Raises NotFound where there is no such group."""
    group = await Group.objects.get(Group.name == name)
    await Membership.objects.get_or_create(group_id=group.id, user_key=user_key)


async def remove_from_group(user_key: str, name: str) -> None:
    """Take a user out of a group."""
    group = await Group.objects.get(Group.name == name)
    await Membership.objects.filter(Membership.group.id == group.id, Membership.user_key == user_key).delete()


async def leave_all_groups(user_key: str) -> None:
    """Take a user out of every group, as when the account is deleted."""
    await Membership.objects.filter(Membership.user_key == user_key).delete()


async def roles_by_groups(user_key: str) -> set[str]:
    """The roles that a user has by groups, in one query."""
    found = await Membership.objects.filter(Membership.user_key == user_key).select(Membership.group.roles)
    return {role for roles in found for role in roles}
