"""Signed and sealed texts: only ours, only for the purpose, only for a time, with any of the keys."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from hypothesis import given, settings
from hypothesis import strategies as st

from bistro.ground.errors import BistroError
from bistro.ground.keyring import Keyring
from bistro.ground.signing import BadSignature, Sealer, SignatureExpired, Signer
from tests.timing import is_within

OLD, NEW, FOREIGN = (letters * 3 for letters in ("q8Zt3vB1nM5x", "C7kL9pW2sD4f", "G6hJ0aYeR5uI"))
HOUR = timedelta(hours=1)


class FakeClock:
    def __init__(self, seconds: float = 1_763_798_400.0) -> None:
        self.seconds = seconds

    def time(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)


class Case:
    """Signer and Sealer by the same two verbs, as most promises hold for both."""

    def __init__(self, kind: type[Signer] | type[Sealer]) -> None:
        self.kind = kind

    def make(
        self, keys: list[str], purpose: str = "session", **options: Any
    ) -> tuple[Any, Callable[..., str], Any]:
        maker = self.kind(Keyring(keys), purpose, **options)
        if isinstance(maker, Signer):
            return maker, maker.sign, maker.verify
        return maker, maker.seal, maker.open


@pytest.fixture(params=[Signer, Sealer], ids=["signer", "sealer"])
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.mark.parametrize("value", [b"", b"ada", b"\x00\xff", b"x" * 4_096, "Grüße"])
def test_value_comes_back(case: Case, value: bytes | str):
    _, make, read = case.make([NEW])

    assert read(make(value), age_max=HOUR) == (value.encode() if isinstance(value, str) else value)


@settings(max_examples=50)
@given(st.binary(max_size=200), st.text("abc ", min_size=1, max_size=10))
def test_any_value_comes_back_for_any_purpose(value: bytes, purpose: str):
    for kind in (Signer, Sealer):
        _, make, read = Case(kind).make([NEW], purpose)
        text = make(value)

        assert read(text, age_max=HOUR) == value
        assert all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in text)


def test_text_made_for_another_purpose_is_refused(case: Case):
    _, make, _ = case.make([NEW], "reset")
    _, _, read = case.make([NEW], "log-in")

    with pytest.raises(BadSignature):
        read(make(b"ada"), age_max=HOUR)


def test_purpose_and_value_cannot_run_into_each_other(case: Case):
    # The class of CVE-2026-6873: name "ab" + salt "c" against "a" + "bc".
    _, make, _ = case.make([NEW], "a")
    _, _, read = case.make([NEW], "ab")

    with pytest.raises(BadSignature):
        read(make(b"bc"), age_max=HOUR)


def test_signed_text_does_not_open_as_sealed_nor_the_other_way_round():
    _, sign, verify = Case(Signer).make([NEW])
    _, seal, unseal = Case(Sealer).make([NEW])

    with pytest.raises(BadSignature):
        unseal(sign(b"ada" * 20), age_max=HOUR)
    with pytest.raises(BadSignature):
        verify(seal(b"ada" * 20), age_max=HOUR)


def test_text_of_another_site_is_refused(case: Case):
    _, make, _ = case.make([FOREIGN])
    _, _, read = case.make([NEW, OLD])

    with pytest.raises(BadSignature):
        read(make(b"ada"), age_max=HOUR)


def test_text_made_with_an_older_key_is_still_read(case: Case):
    _, make, _ = case.make([OLD])
    _, _, read = case.make([NEW, OLD])

    assert read(make(b"ada"), age_max=HOUR) == b"ada"


def test_new_text_is_made_with_the_newest_key_only(case: Case):
    _, make, _ = case.make([NEW, OLD])
    _, _, read_new = case.make([NEW])
    _, _, read_old = case.make([OLD])
    text = make(b"ada")

    assert read_new(text, age_max=HOUR) == b"ada"
    with pytest.raises(BadSignature):
        read_old(text, age_max=HOUR)


def test_text_of_a_key_that_was_taken_out_is_refused(case: Case):
    _, make, _ = case.make([OLD])
    _, _, read = case.make([NEW])

    with pytest.raises(BadSignature):
        read(make(b"ada"), age_max=HOUR)


def test_text_is_read_until_it_is_older_than_allowed(case: Case, clock: FakeClock):
    _, make, read = case.make([NEW], clock=clock)
    text = make(b"ada")

    clock.seconds += 3_600
    assert read(text, age_max=HOUR) == b"ada"
    clock.seconds += 0.01
    with pytest.raises(SignatureExpired):
        read(text, age_max=HOUR)


def test_age_limit_belongs_to_the_reader(case: Case, clock: FakeClock):
    _, make, read = case.make([NEW], clock=clock)
    text = make(b"ada")
    clock.seconds += 86_400 * 400

    assert read(text, age_max=timedelta(days=500)) == b"ada"
    with pytest.raises(SignatureExpired):
        read(text, age_max=timedelta(0))


def test_text_from_a_clock_that_runs_a_little_ahead_is_read_and_from_the_far_future_is_not(
    case: Case, clock: FakeClock
):
    _, make, read = case.make([NEW], clock=clock)
    clock.seconds += 299
    near = make(b"ada")
    clock.seconds += 10
    far = make(b"ada")
    clock.seconds -= 309

    assert read(near, age_max=HOUR) == b"ada"
    with pytest.raises(BadSignature) as caught:
        read(far, age_max=HOUR)
    assert not isinstance(caught.value, SignatureExpired)


def test_every_single_changed_bit_is_noticed(case: Case):
    _, make, read = case.make([NEW])
    raw = base64.urlsafe_b64decode(make(b"ada!") + "===")

    for position in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(BadSignature):
            read(base64.urlsafe_b64encode(changed).rstrip(b"=").decode(), age_max=HOUR)


def test_every_cut_is_noticed(case: Case):
    _, make, read = case.make([NEW])
    text = make(b"ada")

    for length in range(len(text)):
        with pytest.raises(BadSignature):
            read(text[:length], age_max=HOUR)


def test_one_value_has_one_text_so_that_a_withdrawn_text_cannot_return_in_disguise(case: Case):
    _, make, read = case.make([NEW])
    # A length for which base64 leaves bits unused at the end.
    text = next(text for text in (make(b"x" * n) for n in range(3)) if len(text) % 4)

    disguises = [
        text + "=",
        text + "==",
        " " + text,
        text + "\n",
        text[:10] + "\n" + text[10:],
        text[:5] + "!" + text[5:],
    ]
    disguises += [text[:-1] + letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef" if letter != text[-1]]

    for disguise in disguises:
        with pytest.raises(BadSignature):
            read(disguise, age_max=HOUR)


@pytest.mark.parametrize(
    "text", ["", "a", "=", "....", "ä", "\ud800", "\0", "+/+/", "A" * 60, "none", "e30.e30."]
)
def test_rubbish_is_refused(case: Case, text: str):
    _, _, read = case.make([NEW])

    with pytest.raises(BadSignature):
        read(text, age_max=HOUR)


@given(st.text(st.characters(), max_size=100))
def test_no_text_of_a_client_gives_another_error_than_bad_signature(text: str):
    for kind in (Signer, Sealer):
        _, _, read = Case(kind).make([NEW])

        with pytest.raises(BadSignature):
            read(text, age_max=HOUR)


@pytest.mark.timed
def test_text_longer_than_any_of_ours_is_refused_before_it_is_decoded(case: Case):
    _, make, read = case.make([NEW])
    huge = make(b"x" * 4_096) + "A" * 50_000_000

    begin = time.thread_time()
    with pytest.raises(BadSignature):
        read(huge, age_max=HOUR)
    assert is_within(time.thread_time() - begin, 0.05)


def test_value_over_the_size_limit_is_refused_when_made(case: Case):
    _, make, _ = case.make([NEW])

    with pytest.raises(ValueError, match="4097 bytes, and may have 4096"):
        make(b"x" * 4_097)


def test_size_limit_can_be_chosen(case: Case):
    _, make, read = case.make([NEW], size_max=10_000)

    assert read(make(b"x" * 10_000), age_max=HOUR) == b"x" * 10_000


@pytest.mark.parametrize("purpose", ["", "x" * 201])
def test_purpose_must_be_a_short_text(case: Case, purpose: str):
    with pytest.raises(ValueError, match="purpose"):
        case.make([NEW], purpose)


@pytest.mark.parametrize("purpose", ["x", "x" * 200])
def test_shortest_and_longest_purpose_are_taken(case: Case, purpose: str):
    _, make, read = case.make([NEW], purpose)

    assert read(make(b"ada"), age_max=HOUR) == b"ada"


def test_refused_purpose_is_shown_in_part_only(case: Case):
    with pytest.raises(ValueError, match=f"not '{'x' * 40}'$"):
        case.make([NEW], "x" * 5_000)


def test_signed_text_of_a_format_that_is_not_known_is_refused_though_its_signature_is_right():
    # A later release may sign other formats with the same key: this one must not guess at them.
    ((key_id, key),) = Keyring([NEW]).derive("sign", "session")
    _, sign, verify = Case(Signer).make([NEW])
    raw = base64.urlsafe_b64decode(sign(b"ada") + "===")

    def signed_as(kind: bytes) -> str:
        body = kind + raw[1:-32]
        return base64.urlsafe_b64encode(body + hmac.digest(key, body, "sha256")).rstrip(b"=").decode()

    assert raw[1:5] == key_id
    assert verify(signed_as(raw[:1]), age_max=HOUR) == b"ada"
    with pytest.raises(BadSignature):
        verify(signed_as(b"\x09"), age_max=HOUR)


def test_correctly_signed_text_that_is_too_short_for_its_time_is_refused():
    ((key_id, key),) = Keyring([NEW]).derive("sign", "session")
    _, _, verify = Case(Signer).make([NEW])
    body = b"\x01" + key_id + b"\0" * 7
    text = base64.urlsafe_b64encode(body + hmac.digest(key, body, "sha256")).rstrip(b"=").decode()

    with pytest.raises(BadSignature):
        verify(text, age_max=HOUR)


def test_errors_have_codes_and_show_neither_text_nor_key(case: Case):
    _, make, read = case.make([NEW])

    with pytest.raises(BistroError) as caught:
        read(make(b"ada")[:-1] + "?", age_max=HOUR)

    assert "B111" in str(caught.value)
    assert NEW not in str(caught.value)


def test_expired_text_has_a_code_of_its_own_and_is_a_bad_signature(case: Case, clock: FakeClock):
    _, make, read = case.make([NEW], clock=clock)
    text = make(b"ada")
    clock.seconds += 1

    with pytest.raises(BadSignature, match="B112"):
        read(text, age_max=timedelta(0))


def test_signed_value_can_be_read_without_the_key_and_sealed_value_cannot():
    _, sign, _ = Case(Signer).make([NEW])
    _, seal, _ = Case(Sealer).make([NEW])

    assert b"ada@example.com" in base64.urlsafe_b64decode(sign(b"ada@example.com") + "===")
    assert b"ada@example.com" not in base64.urlsafe_b64decode(seal(b"ada@example.com") + "===")


def test_sealing_the_same_value_twice_gives_different_texts(clock: FakeClock):
    _, seal, _ = Case(Sealer).make([NEW], clock=clock)

    assert seal(b"ada") != seal(b"ada")


def test_both_kinds_of_cipher_are_opened_so_that_a_newer_openssl_reads_what_an_older_one_wrote():
    from bistro.ground import signing

    keyring = Keyring([NEW])
    sealer = Sealer(keyring, "session")
    ciphers = signing._Ciphers(keyring, "session")
    for head in list(ciphers._by_head):
        ciphers._newest = (head, ciphers._by_head[head][0])
        text = signing._encode(ciphers.seal(signing._write_time(FakeClock(time.time())) + b"ada"))

        assert sealer.open(text, age_max=HOUR) == b"ada"


def has_siv() -> bool:
    try:
        AESGCMSIV(bytes(32))
    except UnsupportedAlgorithm:
        return False
    return True


@pytest.mark.skipif(not has_siv(), reason="this OpenSSL has no AES-GCM-SIV")
def test_sealing_takes_the_cipher_that_a_repeated_nonce_does_not_break():
    # RFC 8452: GCM gives its key away when two values meet the same 12 random bytes, GCM-SIV does not.
    _, seal, _ = Case(Sealer).make([NEW])

    assert base64.urlsafe_b64decode(seal(b"ada") + "===")[:1] == b"\x02"


@pytest.mark.skipif(not has_siv(), reason="this OpenSSL has no AES-GCM-SIV")
def test_text_sealed_with_siv_by_an_earlier_release_is_still_read():
    sealer = Sealer(Keyring([OLD]), "session", clock=FakeClock())

    assert sealer.open(SIV_SEALED_BEFORE, age_max=HOUR) == b"ada"


def test_text_signed_by_an_earlier_release_is_still_read():
    # Known answer: a change of the format would end every session and every link under way.
    verified = Signer(Keyring([OLD]), "session", clock=FakeClock()).verify(SIGNED_BEFORE, age_max=HOUR)
    opened = Sealer(Keyring([OLD]), "session", clock=FakeClock()).open(SEALED_BEFORE, age_max=HOUR)

    assert (verified, opened) == (b"ada", b"ada")


SIGNED_BEFORE = "AZKfF48AAAGaqpO8AGFkYUh0-NoIdbTiH_appbHAgZ-pI7iO2Sf6x3FfYJt9f5_5"
SEALED_BEFORE = "A1cBVpbYklymqtqmdrc9gLJrrngOR9QuMhHBLonLsLCjYF9itFwBdASw9TQ"
SIV_SEALED_BEFORE = "AlcBVpYl2J-Rf6UoKX6_OzOJavTTUlBhIAvLZ__HagZpSLRQ7H54k0FbQT8"
