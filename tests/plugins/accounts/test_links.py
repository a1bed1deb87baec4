"""Links in mails: for one purpose, for a time, and until what they change has changed."""

from __future__ import annotations

from typing import Any

import pytest

from bistro.ground import Keyring, make_secret_key
from bistro.plugins.accounts import User
from bistro.plugins.accounts.links import AGES, TOKEN_LENGTH_MAX, MailLinks
from bistro.testing import FakeClock
from tests.plugins.accounts.support import with_tables


async def make_links() -> tuple[MailLinks, User, FakeClock]:
    clock = FakeClock()
    user = await User.objects.create(email="ann@example.com", email_key="ann@example.com", password="hash")
    return MailLinks(Keyring(make_secret_key()), User, clock), user, clock


@pytest.mark.parametrize("purpose", AGES)
def test_link_opens_for_its_purpose_and_its_time_only(purpose: Any) -> None:
    async def story() -> None:
        links, user, clock = await make_links()
        token = links.make(purpose, user, "more")
        for other in AGES:
            assert (await links.open(other, token) is not None) is (other == purpose)
        clock.advance(AGES[purpose])
        found = await links.open(purpose, token)
        assert found is not None
        assert (found[0].key, found[1]) == (user.key, "more")
        clock.advance(1)
        assert await links.open(purpose, token) is None

    with_tables(User, do=story)


CHANGES: dict[str, dict[str, Any]] = {
    "password": {"password": "another hash"},
    "address": {"email_key": "new@example.com"},
    "locked": {"is_active": False},
}


@pytest.mark.parametrize("purpose", AGES)
@pytest.mark.parametrize("change", CHANGES)
def test_link_is_worthless_once_what_lets_the_user_in_has_changed(purpose: Any, change: str) -> None:
    async def story() -> None:
        links, user, _ = await make_links()
        token = links.make(purpose, user)
        await User.objects.filter(User.key == user.key).update({"name": "Ann"})
        assert await links.open(purpose, token) is not None
        await User.objects.filter(User.key == user.key).update(CHANGES[change])
        assert await links.open(purpose, token) is None

    with_tables(User, do=story)


def test_link_of_nobody_or_beyond_all_lengths_is_none() -> None:
    async def story() -> None:
        links, user, _ = await make_links()
        longest = ""
        for extra in range(1_200, 1_600):
            token = links.make("email", user, "x" * extra)
            longest = token if len(token) <= TOKEN_LENGTH_MAX else longest
            if len(token) > TOKEN_LENGTH_MAX:
                break
        assert await links.open("email", longest) is not None
        assert await links.open("email", token) is None
        await User.objects.filter(User.key == user.key).delete()
        assert await links.open("email", longest) is None

    with_tables(User, do=story)
