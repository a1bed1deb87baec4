"""The mails of accounts; each is one template that a site may have its own of."""

from __future__ import annotations

from typing import Self

from bistro.plugins.mail import MailPage


class AccountMail(MailPage):
    """What each of them may use: whom it greets, which site it is about, and where to go on."""

    name: str
    """As users call themselves; empty where it would be more than a name."""
    site: str
    """The host."""
    link: str = ""
    code: str = ""

    @classmethod
    def example(cls) -> Self:
        """One to look at."""
        link = "https://example.com/accounts/verify?token=AbC"
        return cls(name="Ann", site="example.com", link=link, code="123 456")


class VerifyMail(AccountMail, template="accounts/mail/verify.html"):
    """To a new user: confirm that the address is yours."""


class AlreadyMail(AccountMail, template="accounts/mail/already.html"):
    """To a user whose address somebody signed up with once more."""


class ResetMail(AccountMail, template="accounts/mail/reset.html"):
    """To a user who has forgotten the password."""


class LinkMail(AccountMail, template="accounts/mail/link.html"):
    """To a user who logs in by mail: a link, and a code to type."""


class NewAddressMail(AccountMail, template="accounts/mail/new_address.html"):
    """To the address that a user wants to have instead."""


class AddedMail(AccountMail, template="accounts/mail/added.html"):
    """To a user whose account somebody can get into by something new, so that nobody adds it in secret."""

    what: str = "a passkey"


class ChangedMail(AccountMail, template="accounts/mail/changed.html"):
    """To a user whose password or address was changed, so that nobody does it in secret."""

    what: str = "password"
    tokens_ended: int = 0
    """How many tokens for programs have ended with it."""
    tokens_left: int = 0
    """How many still work."""
