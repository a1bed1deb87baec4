"""Attacks on the table of account events, which is kept for a year: no visitor fills it without a limit."""

from __future__ import annotations

from typing import Any

import pytest

from bistro.plugins import SignInWith
from bistro.plugins.accounts.passkeys import Passkeys
from bistro.plugins.accounts.providers import github
from tests.plugins.accounts.support import site_with

TIMES = 20
GITHUB: Any = github("id", "secret")  # frozen, where the protocol of providers is not
ANSWER = {"credential": {"rawId": "abc"}}


@pytest.mark.parametrize("path", ["passkeys/check", "passkeys/log-in", "passkeys/autofill"])
def test_answers_of_passkeys_that_nobody_asked_for_are_noted_a_few_times_at_most(path: str) -> None:
    with site_with(methods=[Passkeys()]) as site:
        statuses = {site.client.post(f"/accounts/{path}", json=ANSWER).status for _ in range(TIMES)}
        assert statuses <= {422, 429}
        assert len(site.events()) <= 5


def test_answers_of_another_site_that_nobody_was_sent_to_are_not_noted() -> None:
    with site_with(methods=[SignInWith([GITHUB])]) as site:
        at = "/accounts/with/github/callback?state=x&code=y"
        assert {site.client.get(at).status for _ in range(TIMES)} == {422}
        assert site.events() == []


def test_answer_of_another_site_that_does_not_fit_the_question_is_noted_once() -> None:
    with site_with(methods=[SignInWith([GITHUB])]) as site:
        assert site.client.get("/accounts/with/github").status == 303
        at = "/accounts/with/github/callback?state=x&code=y"
        assert {site.client.get(at).status for _ in range(TIMES)} == {422}
        assert site.events() == ["log-in failed"]
