"""The tables of second factors, which passkeys share for their recovery codes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bistro.app import Setup
from bistro.plugins.accounts.recovery import RecoveryCode, RecoveryStore
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.two_factor.models import TotpDevice

PACKAGE: Final = "two_factor"
MIGRATIONS: Final = Path(__file__).with_name("migrations")


def add_tables(setup: Setup, site: AccountSite) -> RecoveryStore:
    """Have the site keep second factors, once for all who need them; the recovery codes among them."""
    recovery = RecoveryStore()
    if not any(each.name == PACKAGE for each in setup.model_packages):
        setup.models(TotpDevice, RecoveryCode, package=PACKAGE, migrations=MIGRATIONS)
        site.forgetters.append(recovery.forget)
    return recovery
