"""What a new password must be: long enough, not common, not the user's own name. Nothing else.

NIST SP 800-63B §5.1.1.2 and ASVS 5.0, 6.2: no rules of composition, no expiry, every character
allowed, compared as typed.
"""

from __future__ import annotations

import hashlib
import inspect
import urllib.request
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from bistro.ground import get_logger, run_in_thread
from bistro.plugins.accounts.passwords import LENGTH_MAX, LENGTH_MIN

COMMON: Final = Path(__file__).parent / "data" / "common_passwords.txt"
WORD_LENGTH_MIN: Final = 4
PWNED_URL: Final = "https://api.pwnedpasswords.com/range/"
PWNED_BYTES_MAX: Final = 1024 * 1024
_logger = get_logger("bistro.accounts")

PasswordRule: TypeAlias = Callable[[str], "str | Awaitable[str | None] | None"]
"""Says what is wrong with a password, such as "is the name of this site"; None if nothing is."""


@dataclass(frozen=True)
class PasswordRules:
    """What a new password must be. `others` are rules of your own, such as `BreachedPasswords()`."""

    length_min: int = LENGTH_MIN
    others: Sequence[PasswordRule] = ()

    async def find_faults(self, password: str, words: Iterable[str] = ()) -> list[str]:
        """Everything that is wrong with a password; `words` are the user's name, address and the like."""
        return self.find_own_faults(password, words) + await self.find_other_faults(password)

    def find_own_faults(self, password: str, words: Iterable[str] = ()) -> list[str]:
        """What can be told without the `others`, which may ask elsewhere."""
        if not self.length_min <= len(password) <= LENGTH_MAX:
            return [f"needs {self.length_min} to {LENGTH_MAX:,} characters"]
        faults = []
        if password.lower() in common_passwords() or len(set(password)) < 3:
            faults.append("is one of the most common passwords")
        if is_mostly(password.lower(), words):
            faults.append("is too much like your name or address")
        return faults

    async def find_other_faults(self, password: str) -> list[str]:
        """What the `others` say."""
        faults = []
        for rule in self.others:
            found = rule(password)
            fault = await found if inspect.isawaitable(found) else found
            if fault:
                faults.append(fault)
        return faults


@cache
def common_passwords() -> frozenset[str]:
    """The 5,000 most common passwords that are long enough (ASVS 5.0, 6.2.4 asks for 3,000)."""
    lines = COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("# "))


def is_mostly(password: str, words: Iterable[str]) -> bool:
    """Whether more than half of `password` is one of `words`, or a part of an address among them."""
    parts = {part for word in words for part in (word, *word.replace("@", " ").replace(".", " ").split())}
    return any(
        len(part) >= WORD_LENGTH_MIN and 2 * len(part) > len(password) and part.lower() in password
        for part in parts
    )


class BreachedPasswords:
    """A rule: no password that is known from break-ins elsewhere (haveibeenpwned.com, or a mirror).

    Only the first five of forty digits of its hash leave the site. Where the service does not answer
    within `timeout_seconds`, the password passes, and the log says so.
    """

    def __init__(
        self,
        *,
        url: str = PWNED_URL,
        timeout_seconds: float = 2.0,
        fetch: Callable[[str], Awaitable[str]] | None = None,
    ) -> None:
        """`fetch` gets the text at a URL; by default urllib does, in a thread."""
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._fetch = fetch or self._fetch_in_thread

    async def __call__(self, password: str) -> str | None:
        # SHA-1 is what the service's list is sorted by; nothing is stored.
        digest = hashlib.sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False)
        found = digest.hexdigest().upper()
        try:
            lines = (await self._fetch(self._url + found[:5])).splitlines()
        except (OSError, ValueError, TimeoutError) as error:
            _logger.warning(f"could not ask whether a password is breached: {error}")
            return None
        counts = dict(line.strip().upper().split(":", 1) for line in lines if ":" in line)
        return None if counts.get(found[5:], "0") == "0" else "is known from a break-in elsewhere"

    async def _fetch_in_thread(self, url: str) -> str:
        return await run_in_thread(self._get, url)

    def _get(self, url: str) -> str:
        # The padding hides from a listener how many hashes begin with these digits.
        asked = urllib.request.Request(url, headers={"Add-Padding": "true", "User-Agent": "bistro"})  # noqa: S310
        with urllib.request.urlopen(asked, timeout=self._timeout_seconds) as answer:  # noqa: S310 - the site's own URL
            text: bytes = answer.read(PWNED_BYTES_MAX)
        return text.decode("ascii", "replace")
