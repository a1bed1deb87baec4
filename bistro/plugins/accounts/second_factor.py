"""What second factors share: one step, which any of them passes."""

from __future__ import annotations

from typing import Final

from bistro.http import Request
from bistro.plugins.accounts.log_in_pages import ShownLink
from bistro.plugins.accounts.site import AccountSite, FurtherStep
from bistro.plugins.accounts.users import AbstractUser

SECOND_FACTOR: Final = "second factor"
"""The name of the step: who has a code app and a passkey is asked for one of them, not for both."""


async def find_other_factors(
    site: AccountSite, request: Request, user: AbstractUser, own: FurtherStep
) -> list[ShownLink]:
    """Links to the other second factors that this user has."""
    links = []
    for step in site.steps:
        if step is not own and step.name == SECOND_FACTOR:
            url = await step.find_url(request, user)
            if url is not None:
                links.append(ShownLink(text=getattr(step, "text", "Another way"), url=url))
    return links
