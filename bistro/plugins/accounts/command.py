"""`bistro create-user ann@example.com`: an account without the pages, such as the first one."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Awaitable, Callable

from bistro.db import Database, UniqueViolation
from bistro.plugins.accounts.site import AccountSite


def make_command(site: AccountSite) -> Callable[..., Awaitable[None]]:
    """The command of one site."""

    async def create_user(
        email: str,
        database: Database,  # noqa: ARG001 - who asks for it has it as the current one
        *,
        name: str = "",
        superuser: bool = False,
    ) -> None:
        """Make a user, and ask for the password.

        The password comes from the terminal, or, where there is none, from the first line of the input:
        never from the command line, which others can see.
        """
        password = read_password()
        faults = await site.rules.find_faults(password, (email, name))
        if faults:
            raise SystemExit(f"The password {' and '.join(faults)}.")
        try:
            user = await site.create_user(email, password, name=name, is_superuser=superuser)
        except ValueError as error:
            raise SystemExit(f"No user was made: {error}.") from None
        except UniqueViolation:
            raise SystemExit("There is a user of this name or address already.") from None
        sys.stdout.write(f"made user {user.id}\n")

    return create_user


def read_password() -> str:
    """A password that is typed twice, or comes in by a pipe once."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise SystemExit("They are not the same.")
    return password
