"""`Passkeys`: log in without a password, or with one and a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bistro.app import Setup
from bistro.ground import Markup
from bistro.http import Request
from bistro.plugins.accounts.demand import add_demand
from bistro.plugins.accounts.errors import AccountsError
from bistro.plugins.accounts.extras import require_extra
from bistro.plugins.accounts.passkeys.ceremony import Party
from bistro.plugins.accounts.passkeys.keys import PasskeyStore
from bistro.plugins.accounts.passkeys.models import Passkey
from bistro.plugins.accounts.passkeys.pages import BODY_SIZE_MAX, PasskeyPages, PasskeyStep
from bistro.plugins.accounts.passkeys.recovery_pages import PasskeyCodesPages
from bistro.plugins.accounts.passkeys.script import add_script
from bistro.plugins.accounts.second_factor import add_second_factor
from bistro.plugins.accounts.site import AccountSite, Link, WayIn
from bistro.plugins.accounts.two_factor.tables import add_tables
from bistro.routing import Routes

HERE: Final = Path(__file__).parent
# A form for the script only: it has no button, and nothing that is seen until something is wrong.
AUTOFILL: Final = Markup(
    '<form method="post" action="{action}" data-passkey="autofill" data-options="{options}">'
    '<p class="error" role="status" hidden></p><input type="hidden" name="next" value="{next}"></form>\n'
    '<script src="{script}" defer></script>'
)


@dataclass(frozen=True)
class Passkeys:
    """Let users log in by passkeys: `Accounts(methods=[Passkeys()])`.

    A passkey that has verified its holder, by a finger or a PIN, is a log-in by itself. With
    `second_factor`, who has one is asked for it behind a password too. `host` is what passkeys are
    bound to, by default the host of each request; `"example.com"` lets those of `shop.example.com` be
    used there. `origins` are where they may be used, by default those of `Accounts` and of the request;
    `name` is what devices call the site. With `required` a second factor is demanded, as by
    `TwoFactor(required=…)`. Needs `pip install 'bistro[passkeys]'`, and JavaScript in the browser.
    """

    name: str = ""
    host: str = ""
    origins: Sequence[str] = ()
    second_factor: bool = True
    required: bool | Sequence[str] = False

    def install(self, setup: Setup, site: AccountSite) -> None:
        """Add the pages and the step. Raises `MissingAccountsExtra` (B980) and `AccountsError` (B960)."""
        require_extra("Passkeys", "passkeys", "webauthn")
        store = PasskeyStore(site)
        step = PasskeyStep(store)
        setup.models(Passkey, package="passkeys", migrations=HERE / "migrations")
        recovery = add_tables(setup, site)
        setup.templates(HERE / "templates")
        routes = Routes(name="passkeys", by="Passkeys", atomic=False, body_size_max=BODY_SIZE_MAX)
        add_script(routes)
        party = Party(self.host, tuple(self.origins), self.name)
        PasskeyPages(site, store, step, recovery, party).add_to(routes)
        PasskeyCodesPages(site, step, recovery).add_to(routes)
        setup.routes.include(routes, at=site.at)
        site.forgetters.append(store.forget)
        if self.second_factor:
            add_second_factor(site, step)
            add_demand(setup, site, self.required)
        elif self.required:
            raise AccountsError(
                "Passkeys can't be required and be no second factor",
                fix="Leave out second_factor=False, or demand it by TwoFactor(required=…).",
            )
        site.login_autocomplete = "username webauthn"
        site.log_in_parts.append(show_autofill)
        site.log_in_links.append(Link("Log in with a passkey", log_in_url))
        link = Link("Passkeys", lambda request: request.url_for("passkeys.show"))
        site.account_links.append(link)
        site.ways_in.append(WayIn("passkey", "passkeys", store.count, link.find_url))


def show_autofill(request: Request) -> Markup:
    """What lets the browser offer passkeys where the name is typed, on the log-in page."""
    return AUTOFILL.format(
        script=request.url_for("passkeys.script"),
        action=request.url_for("passkeys.autofill.check"),
        options=request.url_for("passkeys.autofill.options"),
        next=request.query.get("next", "")[:2_000],
    )


def log_in_url(request: Request) -> str:
    """The page that asks for a passkey, leading on to where the log-in page would."""
    wanted = request.query.get("next", "")
    return request.url_for("passkeys.log_in", query={"next": wanted[:2_000]} if wanted else {})
