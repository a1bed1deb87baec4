"""Secret keys: strong ones only, shown nowhere, and a different one for every use."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.ground.keyring import Keyring, WeakKeyError, join_labels, make_secret_key
from bistro.ground.secret import Secret

KEY = "q8Zt3vB1nM5xC7kL9pW2sD4fG6hJ0aYe"
OTHER_KEY = "Zx8cV7bN6mA5sD4fG3hJ2kL1qW0eR9tY"


def test_made_key_is_accepted_and_never_the_same_twice():
    key = make_secret_key()

    assert len(key) == 43
    assert key != make_secret_key()
    assert len(Keyring([key])) == 1


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "has 0 characters, and needs at least 32"),
        ("short", "has 5 characters"),
        ("q8Zt3vB1nM5xC7kL9pW2sD4fG6hJ0aY", "has 31 characters"),
        ("a" * 64, "repeats the same few characters"),
        ("0123456780123456780123456780123456", "repeats"),
        ("please-Change-Me-before-production-0123", "a sample that everybody can read"),
        ("django-insecure-q8Zt3vB1nM5xC7kL9pW2sD4", "a sample"),
        (b"short", "has 5 characters"),
        (Secret("short"), "has 5 characters"),
    ],
)
def test_weak_key_is_refused_with_the_reason_and_the_way_to_make_a_good_one(key: str, words: str):
    with pytest.raises(WeakKeyError) as caught:
        Keyring([key])

    assert words in str(caught.value)
    assert "B110" in str(caught.value)
    assert "secrets.token_urlsafe(32)" in str(caught.value)


def test_key_with_ten_different_characters_is_strong_enough():
    assert len(Keyring(["0123456789" * 4])) == 1


def test_refusal_does_not_show_the_key():
    with pytest.raises(WeakKeyError) as caught:
        Keyring([KEY, "almost-good-but-too-short"])

    assert "secret key 2" in str(caught.value)
    assert "almost-good" not in str(caught.value)


def test_keyring_without_keys_is_refused():
    with pytest.raises(WeakKeyError, match="no secret key"):
        Keyring([])


def test_repr_shows_no_key():
    assert repr(Keyring([KEY, OTHER_KEY])) == "Keyring(<2 keys>)"


def test_a_single_key_need_not_stand_in_a_list():
    derived = Keyring([KEY]).derive("sign", "session")

    assert Keyring(KEY).derive("sign", "session") == derived
    assert Keyring(Secret(KEY)).derive("sign", "session") == derived
    assert Keyring([KEY.encode()]).derive("sign", "session") == derived


def test_every_key_use_and_purpose_derives_another_key_and_id():
    derived = [
        pair
        for keyring in (Keyring([KEY]), Keyring([OTHER_KEY]))
        for use in ("sign", "seal")
        for purpose in ("a", "b", "ab")
        for pair in keyring.derive(use, purpose)
    ]

    assert len({key for _, key in derived}) == 12
    assert len({key_id for key_id, _ in derived}) == 12
    assert {(len(key_id), len(key)) for key_id, key in derived} == {(4, 32)}


def test_derived_keys_come_newest_first():
    both = Keyring([KEY, OTHER_KEY]).derive("sign", "session")

    assert both == [*Keyring(KEY).derive("sign", "session"), *Keyring(OTHER_KEY).derive("sign", "session")]


def test_derived_keys_stay_the_same_across_releases():
    # Known answer: a change here would end every session and every link that is under way.
    ((key_id, key),) = Keyring([KEY]).derive("sign", "session")

    assert (key_id.hex(), key.hex()[:16]) == ("78115fd7", "9081a562b548c2e0")


@given(st.lists(st.binary(max_size=5), max_size=4), st.lists(st.binary(max_size=5), max_size=4))
def test_labels_joined_are_equal_only_if_the_labels_are(one: list[bytes], two: list[bytes]):
    assert (join_labels(*one) == join_labels(*two)) == (one == two)


def test_cryptography_is_loaded_only_when_a_key_is_derived():
    program = (
        "import sys; import bistro.ground.signing as s; s.Signer(s.Keyring(s.make_secret_key()), 'x');"
        "print('cryptography' in sys.modules)"
    )

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert result.stdout == "False\n"
