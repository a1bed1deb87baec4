"""The messages of a directory, one by one and without a socket: what each lie is refused for."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from bistro.plugins.accounts.ldap import LdapError
from bistro.plugins.accounts.ldap.ber import (
    ENUMERATED,
    INTEGER,
    OCTETS,
    SEQUENCE,
    SET,
    find_size,
    read,
    read_all,
    read_int,
    write,
    write_int,
    write_text,
)
from bistro.plugins.accounts.ldap.wire import (
    ANSWERS_MAX,
    BOUND,
    DONE,
    ENTRY,
    MESSAGE_SIZE_MAX,
    REFERENCE,
    Entry,
    Wire,
)

# --- the bytes (X.690 §8.1.3, RFC 4511 §5.1) ------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "length"),
    [
        (0, "00"),
        (1, "01"),
        (127, "7f"),
        (128, "8180"),
        (255, "81ff"),
        (256, "820100"),
        (65_535, "82ffff"),
        (65_536, "83010000"),
    ],
)
def test_length_is_written_in_its_shortest_form_and_read_again(size: int, length: str) -> None:
    element = write(OCTETS, b"x" * size)
    head = bytes([OCTETS]) + bytes.fromhex(length)
    assert element[: len(head)] == head
    assert find_size(element) == find_size(element + b"more") == find_size(head) == len(head) + size
    assert list(read_all(element * 2)) == [(OCTETS, b"x" * size)] * 2


@pytest.mark.parametrize("head", ["", "30", "3081", "308201", "30840100"])
def test_length_that_has_not_arrived_yet_is_waited_for(head: str) -> None:
    assert find_size(bytes.fromhex(head)) is None


@pytest.mark.parametrize("head", ["3080", "308500", "30ff", "3085010000000000"])
def test_length_that_is_not_said_or_beyond_all_bounds_is_refused_at_once(head: str) -> None:
    with pytest.raises(LdapError, match="without a length"):
        find_size(bytes.fromhex(head))


@pytest.mark.parametrize(
    ("number", "value"),
    [(0, "00"), (1, "01"), (127, "7f"), (128, "0080"), (255, "00ff"), (256, "0100"), (2**31 - 1, "7fffffff")],
)
def test_integer_is_written_without_a_sign_and_read_again(number: int, value: str) -> None:
    assert write_int(number) == bytes([INTEGER, len(value) // 2]) + bytes.fromhex(value)
    assert read_int(bytes.fromhex(value)) == number


def test_integer_of_a_directory_may_be_negative_and_has_a_bound() -> None:
    assert (read_int(b"\xff"), read_int(b"\x80" + bytes(7))) == (-1, -(2**63))
    for wrong in (b"", b"\0" * 9):
        with pytest.raises(LdapError, match="number"):
            read_int(wrong)


@pytest.mark.parametrize("cut", [1, 2, 3, 130])
def test_element_that_ends_too_early_is_refused(cut: int) -> None:
    with pytest.raises(LdapError, match="ends too early"):
        list(read_all((write(OCTETS, b"x" * 200) * 2)[:-cut]))


def test_elements_are_read_by_their_tags_and_what_follows_them_is_left() -> None:
    data = write_int(3) + write_text("dn") + write(SET, b"more")
    assert read(data, INTEGER, OCTETS) == [b"\3", b"dn"]
    for tags in [(OCTETS, INTEGER), (INTEGER, OCTETS, SEQUENCE), (INTEGER, OCTETS, SET, SET)]:
        with pytest.raises(LdapError, match="something else"):
            read(data, *tags)


# --- the conversation (RFC 4511 §4) ---------------------------------------------------------------------


class FakeDirectory:
    """The transport to a directory that gives these answers, one for whatever it is sent."""

    def __init__(self, *answers: bytes) -> None:
        self.wire = Wire()
        self.answers = list(answers)
        self.sent: list[bytes] = []
        self.is_aborted = False

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        for answer in self.answers[:1]:
            asyncio.get_running_loop().call_soon(self.wire.data_received, answer)
        del self.answers[:1]

    def abort(self) -> None:
        self.is_aborted = True
        self.wire.connection_lost(None)

    def is_closing(self) -> bool:
        return self.is_aborted


def talk(ask: Any, *answers: bytes) -> tuple[Any, FakeDirectory]:
    """What `ask(wire)` gives or raises, and the directory."""
    directory = FakeDirectory(*answers)

    async def run() -> Any:
        directory.wire.connection_made(cast(asyncio.Transport, directory))
        try:
            return await asyncio.wait_for(ask(directory.wire), 5)
        except LdapError as error:
            return str(error).removeprefix("LdapError (B982): ")

    return asyncio.run(run()), directory


def bind(wire: Wire) -> Any:
    return wire.bind("uid=ann", "known there")


def search(wire: Wire) -> Any:
    return wire.search("dc=example", "subtree", {"uid": "ann"}, ["mail"])


def message(operation: int, *parts: bytes, number: int = 1) -> bytes:
    return write(SEQUENCE, write_int(number), write(operation, *parts))


def done(operation: int, code: int, said: str = "", number: int = 1) -> bytes:
    parts = (write_int(code, ENUMERATED), write_text(""), write_text(said))
    return message(operation, *parts, number=number)


def attribute(name: bytes, *values: str) -> bytes:
    return write(SEQUENCE, write(OCTETS, name), write(SET, *map(write_text, values)))


def entry(*attributes: bytes, dn: bytes = b"uid=ann") -> bytes:
    return message(ENTRY, write(OCTETS, dn), write(SEQUENCE, *attributes))


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (done(BOUND, 0), True),
        (done(BOUND, 49), False),
        (done(BOUND, 53, "locked"), "the directory refuses bind: 53 locked"),
        (done(BOUND, 14), "the directory refuses bind: 14 "),
        (done(BOUND, 0, number=2), "the directory has answered something that was not asked"),
        (done(BOUND, 0, number=0), "the directory has answered something that was not asked"),
        (write(SEQUENCE, write_int(1)), "the directory has answered something that was not asked"),
        (
            write(SEQUENCE, write_text("1"), write(BOUND)),
            "the directory has answered something that was not asked",
        ),
        (done(DONE, 0), "the directory has answered bind with something else"),
        (message(BOUND, write_int(0)), "the directory has sent something else than was asked for"),
    ],
)
def test_only_a_yes_to_the_bind_that_was_asked_is_one(answer: bytes, found: bool | str) -> None:
    assert talk(bind, answer)[0] == found


@pytest.mark.parametrize(("dn", "password"), [("", "known there"), ("uid=ann", "")])
def test_bind_that_would_prove_nothing_is_not_sent(dn: str, password: str) -> None:
    # RFC 4513 §5.1.2: a directory says yes to it.
    found, directory = talk(lambda wire: wire.bind(dn, password), done(BOUND, 0))
    assert (found, directory.sent) == ("a bind without a name or a password proves nothing", [])


def test_what_is_refused_is_told_in_few_words() -> None:
    found, _ = talk(bind, done(BOUND, 80, "x" * 1_000))
    assert found == f"the directory refuses bind: 80 {'x' * 200}"


def test_search_gives_the_first_value_of_each_attribute_by_its_small_name() -> None:
    first = entry(attribute(b"Mail", "ann@example.com", "old@example.com"), attribute(b"MAIL", "x"))
    empty = entry(attribute(b"cn"), dn=b"uid=bob")
    found, _ = talk(search, first + message(REFERENCE, b"") + empty + done(DONE, 0))
    assert found == [Entry("uid=ann", {"mail": b"ann@example.com"}), Entry("uid=bob", {})]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (done(DONE, 0), []),
        (done(DONE, 4), []),  # more than two, which is told by the two
        (done(DONE, 32), []),
        (done(DONE, 50, "no"), "the directory refuses search: 50 no"),
        (done(BOUND, 0), "the directory has answered search with something else"),
        (entry(write(SET, b"")), "the directory has sent an entry that can't be one"),
        (entry(dn=b"\xff"), "the directory has sent a name that is no text"),
        (entry(attribute(b"\xff", "x")) + done(DONE, 0), [Entry("uid=ann", {"\ufffd": b"x"})]),
        (entry() * (ANSWERS_MAX - 1) + done(DONE, 0), [Entry("uid=ann", {})] * (ANSWERS_MAX - 1)),
        (entry() * ANSWERS_MAX + done(DONE, 0), "the directory has sent more answers than were asked for"),
    ],
)
def test_each_answer_to_a_search_is_read_or_refused(answer: bytes, found: Any) -> None:
    assert talk(search, answer)[0] == found


def test_answer_may_arrive_in_any_pieces() -> None:
    directory = FakeDirectory()

    async def run() -> bool:
        directory.wire.connection_made(cast(asyncio.Transport, directory))
        asked = asyncio.ensure_future(bind(directory.wire))
        for each in done(BOUND, 0):
            await asyncio.sleep(0)
            assert not asked.done()
            directory.wire.data_received(bytes([each]))
        return await asyncio.wait_for(asked, 5)

    assert asyncio.run(run()) is True


def test_answer_that_is_too_long_is_refused_by_its_length_and_not_collected() -> None:
    head = bytes([SEQUENCE, 0x83]) + MESSAGE_SIZE_MAX.to_bytes(3, "big")
    found, directory = talk(bind, head)
    assert found == "the directory has hung up, or its answer is too long"
    directory.wire.data_received(bytes(MESSAGE_SIZE_MAX - len(head)))
    assert not directory.is_aborted
    directory.wire.data_received(b"\0")
    assert directory.is_aborted


def test_directory_that_hangs_up_is_waited_for_no_longer() -> None:
    def ask(wire: Wire) -> Any:
        asyncio.get_running_loop().call_soon(wire.connection_lost, None)
        return bind(wire)

    assert talk(ask)[0] == "the directory has hung up, or its answer is too long"


def test_good_bye_is_said_once() -> None:
    async def close(wire: Wire) -> None:
        await wire.close()
        await wire.close()

    _, directory = talk(close)
    assert ([write(SEQUENCE, write_int(1), write(0x42))], True) == (directory.sent, directory.is_aborted)
