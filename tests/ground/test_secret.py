"""A Secret shows itself only where it is asked to by name."""

from __future__ import annotations

import json
import pickle

import pytest

from bistro.ground.secret import Secret, is_sensitive_name

SECRET = Secret("hunter2")


def test_reveal_gives_the_text():
    assert SECRET.reveal() == "hunter2"


@pytest.mark.parametrize(
    "shown",
    [
        repr(SECRET),
        str(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>20}",
        f"{SECRET:>20}",
        "{0} {0!s}".format(SECRET),  # noqa: UP032 - each way of formatting is the test
        "%s %r" % (SECRET, SECRET),  # noqa: UP031
        str([SECRET]),
        str({"password": SECRET}),
    ],
)
def test_no_way_of_formatting_shows_the_text(shown: str):
    assert "hunter2" not in shown
    assert "***" in shown


def test_repr_tells_that_it_is_a_secret():
    assert repr(SECRET) == "Secret('***')"


def test_json_of_the_standard_library_refuses_it():
    with pytest.raises(TypeError):
        json.dumps(SECRET)


def test_has_no_dict_that_vars_could_show():
    with pytest.raises(TypeError):
        vars(SECRET)


def test_equal_texts_are_equal_secrets_and_not_equal_to_the_text():
    assert Secret("hunter2") == SECRET
    assert Secret("other") != SECRET
    assert SECRET != "hunter2"
    assert len({SECRET, Secret("hunter2")}) == 1


def test_secrets_of_any_text_can_be_compared():
    assert Secret("ü\ud800") == Secret("ü\ud800")


def test_empty_secret_is_false():
    assert not Secret("")
    assert SECRET


def test_survives_pickling():
    assert pickle.loads(pickle.dumps(SECRET)) == SECRET


@pytest.mark.parametrize(
    "name",
    [
        "password", "user_password", "PASSWD", "api_key", "apiKey", "X-Api-Key", "API KEY", "Authorization",
        "Set-Cookie", "cookie", "access_token", "csrf", "X-CSRF-Token", "session_id", "client_secret",
        "credit_card", "private-key", "passphrase", "credentials", "x" * 1000,
    ],
)  # fmt: skip
def test_name_is_sensitive(name: str):
    assert is_sensitive_name(name)


@pytest.mark.parametrize(
    "name", ["user", "path", "status", "ms", "key", "author", "compass", "", "monkey_api"]
)
def test_name_is_not_sensitive(name: str):
    assert not is_sensitive_name(name)
