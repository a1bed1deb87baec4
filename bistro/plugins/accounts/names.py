"""Names and addresses of users: what may be one, and which two are the same.

Compared is a folded form: compatible characters made one (NFKC), upper case made lower, as Unicode
asks of identifiers (UTS #39, UAX #31). Its length is limited before, because normalising is slow on
long texts (CVE-2025-64458). Mail always goes to the address as it is stored, never to one that was
typed and only folds to it (CVE-2019-19844).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from bistro.mail import MessageError, parse_mail_address

NAME_LENGTH_MAX: Final = 150
EMAIL_LENGTH_MAX: Final = 254
"""RFC 5321 §4.5.3.1.3 allows paths of 256 bytes, two of them brackets."""
FOLDED_LENGTH_MAX: Final = 1_000
"""Folding may make some characters longer, such as one ligature into eighteen letters."""
GREETING_LENGTH_MAX: Final = 60
FOREIGN: Final = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
LINKED: Final = re.compile(r"[/\\@:]|\S[.。]\w\w")
"""What programs that show mails make a link of: `J. R. Smith` is none, `evil.example` is."""


def fold(text: str) -> str:
    """The form in which names are compared; "" for what is too long to be one, or can't be stored."""
    if len(text) > EMAIL_LENGTH_MAX or "\0" in text:
        return ""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()
    return folded if len(folded) <= FOLDED_LENGTH_MAX else ""


def find_name_fault(name: str) -> str | None:
    """Why `name` can't be the name of a user, None if it can."""
    if not name.strip() or len(name) > NAME_LENGTH_MAX:
        return f"has 1 to {NAME_LENGTH_MAX} characters"
    if any(unicodedata.category(each) in FOREIGN for each in name):
        return "has a character that can't be seen"
    # Folded: `ann＠example.com` with a wide @ would be compared, and read, as an address of somebody else.
    folded = fold(name)
    if not folded or "@" in folded:
        return "can't have an @"
    return None


def find_greeting(name: str) -> str:
    """The name by which a mail may greet; "" for what would be more than a greeting.

    Whoever signs up with the address of somebody else, or wants to move there, has chosen the name: a
    mail of the site must not bring a stranger's text or, since programs make links of them, address.
    """
    shown = " ".join(name.split())
    if len(shown) > GREETING_LENGTH_MAX or any(unicodedata.category(each) in FOREIGN for each in shown):
        return ""
    return "" if LINKED.search(unicodedata.normalize("NFKC", shown)) else shown


def find_email_fault(email: str) -> str | None:
    """Why nothing can be sent to `email`, None if that may work; only a mail can tell for sure."""
    # Brackets hold the address of whoever has a name before it; spaces around one would be left out.
    if len(email) > EMAIL_LENGTH_MAX or any(each in "<>" or each.isspace() for each in email):
        return "is no e-mail address"
    if any(unicodedata.category(each) in FOREIGN for each in email):
        return "is no e-mail address"
    try:
        # Else somebody is told to look into a mail that the site's own mailer refuses to send.
        parse_mail_address(email)
    except MessageError:
        return "is no e-mail address"
    return None
