"""The table of identities, which several ways to log in share."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bistro.app import Setup
from bistro.plugins.accounts.identities.models import Identity
from bistro.plugins.accounts.site import AccountSite

PACKAGE: Final = "identities"
MIGRATIONS: Final = Path(__file__).with_name("migrations")


def add_identities(setup: Setup, site: AccountSite) -> None:
    """Have the site keep identities, once for all who need them."""
    if any(each.name == PACKAGE for each in setup.model_packages):
        return
    setup.models(Identity, package=PACKAGE, migrations=MIGRATIONS)
    site.forgetters.append(forget)


async def forget(user_key: str) -> None:
    """Delete those of a user who is deleted."""
    await Identity.objects.filter(Identity.user_key == user_key).delete()
