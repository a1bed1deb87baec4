"""Using the site as somebody else sees it: for support, with a permission, and noted."""

from __future__ import annotations

from typing import Final

from bistro.http import Forbidden, FormData, NotFound, Redirect
from bistro.plugins.accounts.access import Access, AccessMaker
from bistro.plugins.accounts.identity import Identity
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.users import AbstractUser
from bistro.routing import Routes

PERMISSION: Final = "accounts.impersonate"
ID_LENGTH_MAX: Final = 18


class ImpersonationPages:
    """The routes; a page of the site has the form: a POST with the `id` of the user."""

    def __init__(self, site: AccountSite) -> None:
        self._site = site

    def add_to(self, routes: Routes) -> None:
        """Add them."""
        routes.post("/impersonate", name="impersonate")(self.begin)
        routes.post("/impersonate/end", name="impersonate.end")(self.end)

    async def begin(
        self, data: FormData, user: AbstractUser, access: Access, maker: AccessMaker, log_in: LogIn
    ) -> Redirect:
        """Begin, for who has the permission `accounts.impersonate`, and all those of the other user."""
        access.require(PERMISSION)
        if access.identity.by is not None or access.identity.scopes is not None:
            raise Forbidden("Log in yourself for this.")
        sent = data.fields.get("id", "")
        if not (sent.isascii() and sent.isdigit() and len(sent) <= ID_LENGTH_MAX):
            raise NotFound
        target = await self._site.model.objects.get(self._site.model.id == int(sent))
        theirs = await maker.make(Identity(target))
        if not all(access.may(each) for each in theirs.permissions):
            # Else helping somebody would be a way to whatever that somebody may.
            raise Forbidden("This user may do what you may not.")
        return await log_in.impersonate(user, target)

    async def end(self, log_in: LogIn) -> Redirect:
        """Go back to one's own account."""
        return await log_in.end_impersonation()
