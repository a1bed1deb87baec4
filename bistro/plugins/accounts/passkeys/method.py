"""`Passkeys`: log in without a password, or with one and a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bistro.app import Setup
from bistro.http import Request
from bistro.plugins.accounts.extras import require_extra
from bistro.plugins.accounts.passkeys.ceremony import Party
from bistro.plugins.accounts.passkeys.keys import PasskeyStore
from bistro.plugins.accounts.passkeys.models import Passkey
from bistro.plugins.accounts.passkeys.pages import BODY_SIZE_MAX, PasskeyPages, PasskeyStep
from bistro.plugins.accounts.passkeys.script import add_script
from bistro.plugins.accounts.site import AccountSite, Link
from bistro.routing import Routes

HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class Passkeys:
    """Let users log in by passkeys: `Accounts(methods=[Passkeys()])`.

    A passkey that has verified its holder, by a finger or a PIN, is a log-in by itself. With
    `second_factor`, who has one is asked for it behind a password too. `host` is what passkeys are
    bound to, by default the host of each request; `"example.com"` lets those of `shop.example.com` be
    used there. `origins` are where they may be used, by default that of the request; `name` is what
    devices call the site. Needs `pip install 'bistro[passkeys]'`, and JavaScript in the browser.
    """

    name: str = ""
    host: str = ""
    origins: Sequence[str] = ()
    second_factor: bool = True

    def install(self, setup: Setup, site: AccountSite) -> None:
        """Add the pages and the step. Raises `MissingAccountsExtra` (B980)."""
        require_extra("Passkeys", "passkeys", "webauthn")
        store = PasskeyStore(site.clock)
        step = PasskeyStep(store)
        setup.models(Passkey, package="passkeys", migrations=HERE / "migrations")
        setup.templates(HERE / "templates")
        routes = Routes(name="passkeys", by="Passkeys", atomic=False, body_size_max=BODY_SIZE_MAX)
        add_script(routes)
        PasskeyPages(site, store, step, Party(self.host, tuple(self.origins), self.name)).add_to(routes)
        setup.routes.include(routes, at=site.at)
        site.forgetters.append(store.forget)
        if self.second_factor:
            site.steps.append(step)
        site.log_in_links.append(Link("Log in with a passkey", log_in_url))
        site.account_links.append(Link("Passkeys", lambda request: request.url_for("passkeys.show")))


def log_in_url(request: Request) -> str:
    """The page that asks for a passkey, leading on to where the log-in page would."""
    wanted = request.query.get("next", "")
    return request.url_for("passkeys.log_in", query={"next": wanted[:2_000]} if wanted else {})
