"""GitHub, which speaks OAuth 2 and has an interface of its own for who somebody is."""

from __future__ import annotations

from typing import Any, Final  # Any: JSON of another site

from bistro.ground import Secret
from bistro.plugins.accounts.identities import ExternalIdentity
from bistro.plugins.accounts.providers.oauth import OAuthProvider
from bistro.plugins.accounts.providers.web import WebClient

SITE: Final = "https://github.com"
INTERFACE: Final = "https://api.github.com"


def github(
    client_id: str = "",
    client_secret: Secret | str | None = None,
    *,
    site: str = SITE,
    interface: str = INTERFACE,
) -> OAuthProvider:
    """GitHub; by default with `GITHUB_CLIENT_ID` and `GITHUB_CLIENT_SECRET` of the environment.

    `site` and `interface` are for an enterprise's own server.
    """

    async def read_identity(web: WebClient, token: str) -> ExternalIdentity:
        user = await web.get_json(f"{interface}/user", token=token)
        emails = await web.get_json(f"{interface}/user/emails", token=token)
        # The number, and not the name: a name that was given up may be taken by somebody else.
        subject = user["id"]
        if not isinstance(subject, int):
            raise TypeError("the id of the user is no number")
        email, is_verified = find_email(emails)
        return ExternalIdentity(str(subject), email, is_verified, str(user.get("name") or user["login"]))

    return OAuthProvider(
        "github",
        f"{site}/login/oauth/authorize",
        f"{site}/login/oauth/access_token",
        read_identity,
        label="GitHub",
        scopes=("read:user", "user:email"),
        client_id=client_id,
        client_secret=client_secret,
    )


def find_email(emails: Any) -> tuple[str, bool]:
    """The primary address of a list, and whether it is known to be theirs."""
    for each in emails:
        if each.get("primary") is True:
            return str(each["email"]), each.get("verified") is True
    return "", False
