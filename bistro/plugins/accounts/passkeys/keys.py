"""The passkeys of users: asked for, added, used, taken away."""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal  # Any: what a browser sends as JSON

from bistro.db import UniqueViolation
from bistro.ground import run_in_thread
from bistro.plugins.accounts.passkeys.ceremony import (
    Party,
    check_creation,
    check_request,
    make_creation_options,
    make_request_options,
    to_bytes,
    to_text,
)
from bistro.plugins.accounts.passkeys.models import ID_LENGTH_MAX, NAME_LENGTH_MAX, Passkey
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.sessions import SessionData

CHALLENGE_SECONDS: Final = 300
COUNT_MAX: Final = 20

Purpose = Literal["add", "log in", "second factor"]


class PasskeyChallenge(SessionData):
    """The question that this browser was asked last; it may be answered once."""

    text: str = ""
    purpose: str = ""
    at: float = 0.0


class AutofillChallenge(PasskeyChallenge):
    """The same of the log-in page, which asks while nobody has clicked: beside a question of another page."""


class PasskeyStore:
    """Finds and changes what `Passkey` holds."""

    def __init__(self, site: AccountSite) -> None:
        self._site = site
        self._clock = site.clock

    async def list_of(self, user_key: str) -> Sequence[Passkey]:
        """The passkeys of a user, the oldest first."""
        return await Passkey.objects.filter(Passkey.user_key == user_key).order_by(Passkey.id)

    async def count(self, user: AbstractUser) -> int:
        """How many a user has."""
        return await Passkey.objects.filter(Passkey.user_key == user.key).count()

    async def ask_to_add(self, party: Party, asked: PasskeyChallenge, user: AbstractUser) -> str:
        """The options for a new passkey, as JSON."""
        known = [each.credential_id for each in await self.list_of(user.key)]
        handle = user.key.encode()
        return await run_in_thread(
            make_creation_options, party, self._challenge(asked, "add"), handle, user.email, known
        )

    async def ask_to_use(
        self, party: Party, asked: PasskeyChallenge, purpose: Purpose, user_key: str = ""
    ) -> str:
        """The options for the use of one, as JSON: any for the site, or one of the user's."""
        known = [each.credential_id for each in await self.list_of(user_key)] if user_key else []
        challenge, verifies_user = self._challenge(asked, purpose), purpose == "log in"
        return await run_in_thread(make_request_options, party, challenge, known, verifies_user=verifies_user)

    async def add(
        self, party: Party, asked: PasskeyChallenge, user: AbstractUser, sent: dict[str, Any], name: str
    ) -> Passkey | None:
        """Keep a new passkey; None where it is refused, or is known already.

        Raises `Conflict` (409) where the user has got another password since `user` was read.
        """
        challenge = self._take(asked, "add")
        if challenge is None or len(await self.list_of(user.key)) >= COUNT_MAX:
            return None
        made = await run_in_thread(check_creation, party, challenge, sent)
        if made is None or len(made.id) > ID_LENGTH_MAX:
            return None
        try:
            async with self._site.same_password(user):
                return await Passkey.objects.create(
                    user_key=user.key,
                    name=" ".join(name.split())[:NAME_LENGTH_MAX] or "Passkey",
                    credential_id=made.id,
                    public_key=made.public_key,
                    sign_count=made.sign_count,
                )
        except UniqueViolation:
            return None

    async def use(
        self, party: Party, asked: PasskeyChallenge, purpose: Purpose, sent: dict[str, Any]
    ) -> Passkey | None:
        """The passkey that has answered; None where the answer is refused."""
        challenge, name = self._take(asked, purpose), sent.get("rawId")
        if challenge is None or not isinstance(name, str) or not 0 < len(name) <= ID_LENGTH_MAX:
            return None
        passkey = await Passkey.objects.find(Passkey.credential_id == _same_form(name))
        if passkey is None or not _is_of_user(sent, passkey.user_key):
            return None
        count = await run_in_thread(
            check_request,
            party,
            challenge,
            sent,
            passkey.public_key,
            passkey.sign_count,
            verifies_user=purpose == "log in",
        )
        if count is None:
            return None
        now = datetime.fromtimestamp(self._clock.time(), UTC)
        await Passkey.objects.filter(Passkey.id == passkey.id).update(sign_count=count, used_at=now)
        return passkey

    async def remove(self, user: AbstractUser, id: int) -> bool:
        """Forget one of the user's own."""
        return bool(await Passkey.objects.filter(Passkey.id == id, Passkey.user_key == user.key).delete())

    async def forget(self, user_key: str) -> None:
        """Delete those of a user who is deleted."""
        await Passkey.objects.filter(Passkey.user_key == user_key).delete()

    def _challenge(self, asked: PasskeyChallenge, purpose: Purpose) -> bytes:
        challenge = os.urandom(32)
        asked.text, asked.purpose, asked.at = to_text(challenge), purpose, self._clock.time()
        return challenge

    def _take(self, asked: PasskeyChallenge, purpose: Purpose) -> bytes | None:
        text, is_right, age = asked.text, asked.purpose == purpose, self._clock.time() - asked.at
        asked.text = asked.purpose = ""  # whatever comes of it, it is not asked again
        return to_bytes(text) if text and is_right and 0 <= age <= CHALLENGE_SECONDS else None


def _same_form(name: str) -> str:
    try:
        return to_text(to_bytes(name.rstrip("=")))
    except ValueError:
        return ""


def _is_of_user(sent: dict[str, Any], user_key: str) -> bool:
    """Whether the handle that the device has kept, if it says one, is of the user it was made for."""
    response = sent.get("response")
    handle = response.get("userHandle") if isinstance(response, dict) else None
    if not handle:
        return True
    if not isinstance(handle, str) or len(handle) > 200:
        return False
    try:
        return hmac.compare_digest(to_bytes(handle.rstrip("=")), user_key.encode())
    except ValueError:
        return False
