"""Users are told what lets somebody into their account anew (ASVS 5.0, 6.3.7)."""

from __future__ import annotations

from bistro import App
from bistro.http import Request
from bistro.plugins.accounts import LogIn, User
from bistro.testing import Mailbox
from tests.plugins.accounts.support import EMAIL, site_with


def add(app: App) -> None:
    @app.post("/test/add")
    async def add_method(user: User, log_in: LogIn, request: Request) -> None:
        await log_in.note_added(user, f"passkey {request.query['name']}", "a passkey")


def test_user_is_told_by_mail_and_it_is_kept() -> None:
    with site_with(add=add) as site:
        site.add_user()
        site.log_in()
        site.client.post("/test/add", params={"name": "https://evil.example"})
        (mail,) = Mailbox(site.client).messages
        assert mail.to == EMAIL
        assert mail.subject == "Something was added to your account at localhost"
        assert "has got a passkey" in mail.text
        assert "/accounts/forgot" in mail.text
        # What the device is called may be the thief's own words.
        assert "evil.example" not in mail.text + mail.html
        assert site.events()[-1] == "method added"
