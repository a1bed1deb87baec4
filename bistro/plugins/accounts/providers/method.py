"""`SignInWith`: log in with an account at another site."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bistro.app import Setup
from bistro.http import Request
from bistro.plugins.accounts.extras import require_extra
from bistro.plugins.accounts.identities import Linking, add_identities
from bistro.plugins.accounts.providers.pages import ProviderPages
from bistro.plugins.accounts.providers.provider import Provider, ProviderError
from bistro.plugins.accounts.providers.web import WebClient
from bistro.plugins.accounts.site import AccountSite, Link, WayIn
from bistro.routing import Routes

FORM_SIZE_MAX: Final = 64 * 1024
HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class SignInWith:
    """Let users log in with an account at another site: `SignInWith([google(), github()])`.

    Who comes for the first time gets an account, if the other site has confirmed an address that
    nobody has here; without `sign_up`, nobody does. Who has an account connects the two on a page of
    their own. `base_url` is how other sites reach this one, by default the origin of `Accounts`, else that
    of the request; the address to register there is `BASE/accounts/with/NAME/callback`. Further steps
    are asked behind it as behind a password. Needs `pip install 'bistro[sign-in-with]'`.
    """

    providers: Sequence[Provider]
    sign_up: bool = True
    base_url: str = ""

    def install(self, setup: Setup, site: AccountSite) -> None:
        """Add the pages. Raises `MissingAccountsExtra` (B980) and `ProviderError` (B981)."""
        require_extra("SignInWith", "sign-in-with", "httpx2", "joserfc")
        providers: dict[str, Provider] = {}
        for each in self.providers:
            each.check()
            if each.name in providers or each.name == "remove":
                raise ProviderError(
                    f"there can't be two providers called {each.name!r}", fix="Give one another name."
                )
            providers[each.name] = each
        web = WebClient()
        setup.on_stop(web.close)
        add_identities(setup, site)
        setup.templates(HERE / "templates")
        routes = Routes(name="sign_in_with", by="SignInWith", atomic=False, body_size_max=FORM_SIZE_MAX)
        linking = Linking(site, allows_sign_up=self.sign_up)
        ProviderPages(site, providers, linking, web, self.base_url or site.origin).add_to(routes)
        setup.routes.include(routes, at=site.at)
        for each in self.providers:
            site.log_in_links.append(Link(f"Log in with {each.label}", url_maker(each.name)))
        link = Link("Connected accounts", lambda request: request.url_for("sign_in_with.show"))
        site.account_links.append(link)
        site.ways_in.append(WayIn("connected account", "connected accounts", linking.count, link.find_url))


def url_maker(name: str) -> Callable[[Request], str]:
    """What leads to a provider, and from there to where the log-in page would."""

    def make(request: Request) -> str:
        wanted = request.query.get("next", "")[:2_000]
        return request.url_for("sign_in_with.begin", name=name, query={"next": wanted} if wanted else {})

    return make
