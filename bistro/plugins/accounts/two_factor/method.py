"""`TwoFactor`: a code of an app behind the password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bistro.app import Setup
from bistro.ground import find_keyring
from bistro.plugins.accounts.demand import add_demand
from bistro.plugins.accounts.extras import require_extra
from bistro.plugins.accounts.second_factor import add_second_factor
from bistro.plugins.accounts.site import AccountSite, Link
from bistro.plugins.accounts.two_factor.pages import TwoFactorPages, TwoFactorStep
from bistro.plugins.accounts.two_factor.store import TwoFactorStore
from bistro.plugins.accounts.two_factor.tables import add_tables
from bistro.routing import Routes

FORM_SIZE_MAX: Final = 64 * 1024
HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class TwoFactor:
    """Let users add a second factor: `Accounts(methods=[TwoFactor()])`.

    An app makes codes of six digits (TOTP, RFC 6238); ten recovery codes stand in for it. `issuer` is
    what the app calls the site, by default its host. With `required` everybody has to set up a second
    factor before they get anywhere, by this or another method; with a list of permissions, who has one
    of them by their roles, superusers among them. Needs `pip install 'bistro[two-factor]'`.
    """

    issuer: str = ""
    required: bool | Sequence[str] = False

    def install(self, setup: Setup, site: AccountSite) -> None:
        """Add the pages and the step. Raises `MissingAccountsExtra` (B980) and `AccountsError` (B960)."""
        require_extra("TwoFactor", "two-factor", "pyotp", "segno")
        store = TwoFactorStore(find_keyring(setup.folder), site.clock, add_tables(setup, site))
        step = TwoFactorStep(store)
        add_demand(setup, site, self.required)
        setup.templates(HERE / "templates")
        routes = Routes(name="two_factor", by="TwoFactor", atomic=False, body_size_max=FORM_SIZE_MAX)
        TwoFactorPages(site, store, step, self.issuer).add_to(routes)
        setup.routes.include(routes, at=site.at)
        site.forgetters.append(store.forget)
        add_second_factor(site, step)
        site.account_links.append(Link("Second factor", lambda request: request.url_for("two_factor.show")))
