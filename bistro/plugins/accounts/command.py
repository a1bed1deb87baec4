"""`bistro create-user ann@example.com`: an account without the pages, such as the first one."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Awaitable, Callable, Collection
from typing import Annotated

from bistro.db import Database, UniqueViolation
from bistro.ground import did_you_mean
from bistro.plugins.accounts.site import AccountSite


def make_command(site: AccountSite, roles: Collection[str] = ()) -> Callable[..., Awaitable[None]]:
    """The command of one site, whose users may have these roles."""

    async def create_user(
        email: str,
        database: Database,  # noqa: ARG001 - who asks for it has it as the current one
        *,
        name: str = "",
        superuser: bool = False,
        role: Annotated[list[str] | None, "one of Accounts(roles=…); may be repeated"] = None,
    ) -> None:
        """Make a user, and ask for the password.

        The password comes from the terminal, or, where there is none, from the first line of the input:
        never from the command line, which others can see.
        """
        for each in role or []:
            if each not in roles:
                raise SystemExit(f"There is no role {each}. {_advise(each, roles)}")
        password = read_password()
        faults = await site.rules.find_faults(password, (email, name))
        if faults:
            raise SystemExit(f"The password {' and '.join(faults)}.")
        try:
            user = await site.create_user(
                email, password, name=name, is_superuser=superuser, roles=role or []
            )
        except ValueError as error:
            raise SystemExit(f"No user was made: {error}.") from None
        except UniqueViolation:
            raise SystemExit("There is a user of this name or address already.") from None
        sys.stdout.write(f"made user {user.id}\n")

    return create_user


def _advise(name: str, roles: Collection[str]) -> str:
    near = did_you_mean(name, roles)
    if near:
        return f"Did you mean {near}?"
    return f"There are {', '.join(sorted(roles))}." if roles else "Name them: Accounts(roles={…})."


def read_password() -> str:
    """A password that is typed twice, or comes in by a pipe once."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise SystemExit("They are not the same.")
    return password
