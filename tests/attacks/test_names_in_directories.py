"""Attacks on passwords of a directory by spelling one name in many ways, each with guesses of its own."""

from __future__ import annotations

import asyncio

import pytest

from bistro.plugins.accounts.ldap import LdapDirectory

# Nobody listens there: who is asked for raises.
NOWHERE = LdapDirectory("ldaps://127.0.0.1:1", people="ou=people,dc=example,dc=com")
IGNORED = "\xad\u034f\u1806\u180b\u200b\u200d\u2028\u2060\ufe0f\ufeff\ufffc\x00\t\x1b\x7f\x85\U000e0041"


@pytest.mark.parametrize("each", IGNORED, ids=ascii)
@pytest.mark.parametrize("login", ["a{}nn", "{}ann ", "ann{}x"])
def test_name_with_what_a_directory_leaves_out_is_asked_of_nobody(login: str, each: str) -> None:
    assert asyncio.run(NOWHERE.check(login.format(each), "secret")) is None


@pytest.mark.parametrize("login", ["ann  smith", "ann\xa0smith", "ann \u2003smith", "  "])
def test_name_with_more_than_one_space_is_asked_of_nobody(login: str) -> None:
    assert asyncio.run(NOWHERE.check(login, "secret")) is None


@pytest.mark.parametrize("login", ["ann", "Ann Smith", "ann@example.com", "José", "안나", "o'hara, ann"])
def test_usual_names_are_asked(login: str) -> None:
    with pytest.raises(OSError):
        asyncio.run(NOWHERE.check(login, "secret"))
