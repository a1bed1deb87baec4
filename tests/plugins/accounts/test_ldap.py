"""`LdapDirectory` against a real directory server, by a socket and TLS; and against one that lies."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from ldaptor.protocols import pureber, pureldap
from ldaptor.protocols.ldap.distinguishedname import RelativeDistinguishedName

from bistro.plugins import CheckedBy, LdapDirectory
from bistro.plugins.accounts import AccountsError
from bistro.plugins.accounts.identities import ExternalIdentity
from bistro.plugins.accounts.ldap import LdapError
from bistro.plugins.accounts.ldap.ber import (
    ENUMERATED,
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
from bistro.plugins.accounts.ldap.directory import CONNECTIONS_MAX, as_text, escape_dn_value
from bistro.plugins.accounts.ldap.wire import BOUND, DONE, ENTRY, EXTENDED_DONE
from tests.plugins.accounts.support import Site, site_with, who_routes

PEOPLE = "ou=people,dc=example,dc=com"
PERSON = f"uid={{login}},{PEOPLE}"
ANN = ExternalIdentity("5f9e1ac6-9f43-4b0c-b3ad-000000000001", "ann@example.com", True, "Ann Lee")


class Served:
    """Where the server is, and what it is trusted by."""

    def __init__(self, folder: Path) -> None:
        self.ca_file = str(folder / "certificate.pem")
        self.key_file = str(folder / "key.pem")
        self.secure = self.plain = ""

    def directory(self, url: str = "", **options: Any) -> LdapDirectory:
        options.setdefault("ca_file", self.ca_file)
        if "person" not in options:
            options.setdefault("people", PEOPLE)
        return LdapDirectory(url or self.secure, **options)


def make_certificate(folder: Path, host: str = "localhost") -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(text)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("directory")
    make_certificate(folder)
    made = Served(folder)
    command = [sys.executable, "-m", "tests.plugins.accounts.ldap_server", made.key_file, made.ca_file]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        assert server.stdout
        secure, plain = server.stdout.readline().split()
        made.secure, made.plain = f"ldaps://localhost:{secure}", f"ldap://localhost:{plain}"
        yield made
        server.stdin.close()


@pytest.fixture(params=["asyncio", "uvloop"], autouse=True)
def loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test in both: the production server has uvloop's, whose TLS is written anew."""
    monkeypatch.setattr(
        sys.modules[__name__], "run", uvloop.run if request.param == "uvloop" else asyncio.run
    )


run: Callable[[Coroutine[Any, Any, Any]], Any] = asyncio.run


def ask(directory: LdapDirectory, login: str = "ann", password: str = "known there") -> Any:
    return run(directory.check(login, password))


# --- a real directory ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["secure", "plain"])
@pytest.mark.parametrize(
    "how",
    [
        {"people": PEOPLE},
        {"person": PERSON},
        {"people": PEOPLE, "reader": "cn=reader,dc=example,dc=com", "reader_password": "reads people"},
    ],
)
def test_right_password_says_who_it_is_and_a_wrong_one_nobody(
    served: Served, scheme: str, how: dict[str, str]
) -> None:
    directory = served.directory(getattr(served, scheme), **how)
    assert ask(directory) == ANN
    assert ask(directory, password="wrong") is None
    assert ask(directory, "nobody") is None
    assert ask(directory, "bob", "known there") is None


@pytest.mark.parametrize("how", [{"people": PEOPLE}, {"person": PERSON}])
def test_name_with_what_is_special_in_a_directory_is_a_name(served: Served, how: dict[str, str]) -> None:
    found = ask(served.directory(**how), "o, dd+1", "odd knows")
    assert found.email == "odd@example.com"


def test_other_attribute_may_be_what_people_type(served: Served) -> None:
    assert ask(served.directory(login="mail"), "ann@example.com") == ANN


def test_only_entries_with_all_the_values_are_people(served: Served) -> None:
    assert ask(served.directory(), "printer", "printer knows") is None
    assert ask(served.directory(person=PERSON), "printer", "printer knows") is None
    staff = served.directory(only={"objectClass": "person", "memberOf": "staff"})
    assert ask(staff) == ANN
    assert ask(staff, "bob", "bob knows") is None


def test_name_that_several_have_is_nobodys(served: Served) -> None:
    with pytest.raises(LdapError, match="several people"):
        ask(served.directory(), "twin", "twin knows")


def test_entry_without_what_names_it_for_ever_is_no_identity(served: Served) -> None:
    with pytest.raises(LdapError, match="has no entryUUID"):
        ask(served.directory(), "bare", "bare knows")


def test_reader_whose_password_is_wrong_is_an_error_and_no_wrong_password(served: Served) -> None:
    reader = served.directory(reader="cn=reader,dc=example,dc=com", reader_password="wrong")
    with pytest.raises(LdapError, match="does not know the password of cn=reader"):
        ask(reader)


@pytest.mark.parametrize("how", [{"people": PEOPLE}, {"person": PERSON}])
@pytest.mark.parametrize(
    "login",
    [
        "*", "a*", "ann)(uid=*", "*)(objectClass=*", "ann)(|(uid=*", "ann,ou=people", "ann\\", "\\61nn",
        f"ann,{PEOPLE}", f"x,uid=ann,{PEOPLE}", "ann+cn=Ann Lee", "ann\n", "#616e6e", "é" * 200, " ", "",
        "cn=reader", "ann\udc80", "ann\u202e",
    ],
)  # fmt: skip
def test_injections_find_nobody(served: Served, how: dict[str, str], login: str) -> None:
    """With the password of somebody who is there: else a refusal of the password would hide the finding."""
    directory = served.directory(**how)
    try:
        assert ask(directory, login) is None
    except LdapError:
        pass  # a refusal as well: it is logged, and looks like a wrong password


def test_password_may_have_any_character_and_none_is_a_pattern(served: Served) -> None:
    for password in ("*", "known there\0", "known*", "\udc80", "x" * 1_000):
        assert ask(served.directory(), password=password) is None


@pytest.mark.parametrize(("login", "password"), [("ann", ""), ("", "known there"), ("ann\0", "known there")])
def test_empty_password_is_asked_of_nobody(login: str, password: str) -> None:
    """RFC 4513 §5.1.2: a directory would say yes. Nothing listens here, so that asking would raise."""
    for how in ({"people": PEOPLE}, {"person": PERSON}):
        assert ask(LdapDirectory("ldaps://localhost:9", **how), login, password) is None  # type: ignore[arg-type]


# --- certificates -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["secure", "plain"])
def test_certificate_of_an_unknown_authority_is_refused(served: Served, scheme: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(served.directory(getattr(served, scheme), ca_file=None))


@pytest.mark.parametrize("scheme", ["secure", "plain"])
def test_certificate_of_another_host_is_refused(served: Served, scheme: str) -> None:
    url = getattr(served, scheme).replace("localhost", "127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"127\.0\.0\.1"):
        ask(served.directory(url))


# --- a directory that lies, or is slow ----------------------------------------------------------------


def message(number: int, operation: int, *parts: bytes) -> bytes:
    return write(SEQUENCE, write_int(number), write(operation, *parts))


def result(code: int) -> tuple[bytes, bytes, bytes]:
    return write_int(code, ENUMERATED), write_text(""), write_text("so it is")


def entry(number: int, dn: str, **attributes: str) -> bytes:
    listed = [
        write(SEQUENCE, write_text(name), write(SET, write_text(value))) for name, value in attributes.items()
    ]
    return message(number, ENTRY, write_text(dn), write(SEQUENCE, *listed))


ENTRY_OF_ANN = entry(1, "uid=ann", entryUUID="1", mail="ann@example.com")
FOUND = ENTRY_OF_ANN + message(1, DONE, *result(0))


@asynccontextmanager
async def lying(
    served: Served, answers: list[bytes], *, encrypted: bool = True
) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that gives these answers, one for whatever it is sent; and what it was sent."""
    sent: list[bytes] = []
    served_all = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ssl.SSLError):
            for answer in answers:
                sent.append(await reader.read(65_536))
                writer.write(answer)
            await reader.read()
        writer.transport.abort()
        served_all.set()

    context = None
    if encrypted:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(served.ca_file, served.key_file)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    yield f"{'ldaps' if encrypted else 'ldap'}://localhost:{port}", sent
    await served_all.wait()
    server.close()


def ask_liar(
    served: Served, *answers: bytes, encrypted: bool = True, seconds: float = 30.0, **options: Any
) -> tuple[Any, list[bytes]]:
    async def ask_it() -> tuple[Any, list[bytes]]:
        async with lying(served, list(answers), encrypted=encrypted) as (url, sent):
            directory = served.directory(url, timeout_seconds=seconds, **options)
            try:
                return await directory.check("ann", "known there"), sent
            except (LdapError, OSError) as error:
                return error, sent

    found: tuple[Any, list[bytes]] = run(ask_it())
    return found


def test_liar_who_is_honest_is_believed(served: Served) -> None:
    found, _ = ask_liar(served, FOUND, message(2, BOUND, *result(0)))
    assert found == ExternalIdentity("1", "ann@example.com", True, "")


def test_password_is_not_sent_where_encryption_is_refused(served: Served) -> None:
    """A machine in between that says that there is no StartTLS must learn nothing, and let nobody in."""
    refusal = message(1, EXTENDED_DONE, *result(2))
    found, sent = ask_liar(served, refusal, message(2, BOUND, *result(0)), encrypted=False, person=PERSON)
    assert isinstance(found, LdapError)
    assert "refuses StartTLS: 2 so it is" in str(found)
    assert b"known there" not in b"".join(sent)


def test_answer_that_was_sent_before_the_encryption_is_not_read_after_it(served: Served) -> None:
    """Injected by a machine in between: a "yes" for the bind, behind the answer to StartTLS."""
    both = message(1, EXTENDED_DONE, *result(0)) + message(2, BOUND, *result(0))
    found, sent = ask_liar(served, both, encrypted=False, person=PERSON)
    assert "between StartTLS and the encryption" in str(found)
    assert b"known there" not in b"".join(sent)


def test_directory_without_encryption_gets_no_password(served: Served) -> None:
    found, sent = ask_liar(served, message(1, EXTENDED_DONE, *result(0)), b"no tls", encrypted=False)
    assert isinstance(found, OSError)
    assert b"known there" not in b"".join(sent)


@pytest.mark.parametrize(
    "answers",
    [
        [message(7, DONE, *result(0))],  # to something that was not asked
        [message(0, EXTENDED_DONE, *result(52))],  # the notice that it will hang up
        [message(1, BOUND, *result(0))],  # a bind, where it was searched
        [message(1, DONE, *result(1))],
        [message(1, DONE)],
        [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
        [b"\x30\x80"],  # a length that is not said
        [b"\x30\x85\x01\x00\x00\x00\x00"],
        [b"\x30\x84\x7f\xff\xff\xff"],  # two gigabytes
        [b"\x30\x03\x02\x05\x01"],
        [b""],
        [entry(1, "", entryUUID="1", mail="ann@example.com") + message(1, DONE, *result(0))],
        [ENTRY_OF_ANN * 2 + message(1, DONE, *result(4))],
        [ENTRY_OF_ANN * 30],
        [message(1, 0x73, write_text("ldap://evil.example")) * 30],
        [FOUND, message(2, BOUND, *result(1))],
        [FOUND, message(2, BOUND, *result(14))],  # SASL would go on
        [FOUND, message(2, DONE, *result(0))],
        [FOUND, message(1, BOUND, *result(0))],
        [FOUND + message(2, BOUND, *result(49)), b""],
    ],
)  # fmt: skip
def test_lies_let_nobody_in(served: Served, answers: list[bytes]) -> None:
    found, _ = ask_liar(served, *answers, seconds=1.0)
    assert found is None or isinstance(found, (LdapError, OSError))


def test_referral_to_another_server_is_not_followed(served: Served) -> None:
    reference = message(1, 0x73, write_text("ldap://evil.example"))
    found, _ = ask_liar(served, reference + FOUND, message(2, BOUND, *result(0)))
    assert found.subject == "1"


def test_directory_that_says_nothing_is_waited_for_no_longer_than_said(served: Served) -> None:
    found, _ = ask_liar(served, b"", seconds=0.2)
    assert isinstance(found, TimeoutError)


def test_site_goes_on_while_a_directory_is_slow_and_few_connections_are_open(served: Served) -> None:
    async def ask_often() -> tuple[int, int]:
        open_now = most = 0

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal open_now, most
            open_now += 1
            most = max(most, open_now)
            await reader.read()
            open_now -= 1
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port, turns = server.sockets[0].getsockname()[1], 0
        directory = served.directory(f"ldap://localhost:{port}", timeout_seconds=0.5)
        asked = asyncio.gather(*(directory.check("ann", "x") for _ in range(40)), return_exceptions=True)
        while not asked.done():
            await asyncio.sleep(0)
            turns += 1
        assert {type(each) for each in await asked} == {TimeoutError}
        server.close()
        return most, turns

    most, turns = run(ask_often())
    assert most == CONNECTIONS_MAX
    assert turns > 10


# --- the site -----------------------------------------------------------------------------------------


@contextmanager
def site_of(directory: LdapDirectory) -> Iterator[Site]:
    options: dict[str, Any] = {"log_in_with": "either", "methods": [CheckedBy([directory])]}
    with site_with(add=who_routes, **options) as site:
        yield site


def test_user_logs_in_by_the_password_of_the_directory(served: Served) -> None:
    with site_of(served.directory()) as site:
        assert site.log_in("ann", "known there", next="/me").headers["location"] == "/me"
        assert site.client.get("/me").text == "ann@example.com"
        site.client.cookies.clear()
        for login, password in (("ann", "wrong"), ("ann", ""), ("*", "known there")):
            assert site.log_in(login, password).status == 422
        assert site.client.get("/me").status == 401


def test_directory_that_is_down_looks_like_a_wrong_password() -> None:
    with site_of(LdapDirectory("ldaps://localhost:9", people=PEOPLE)) as site:
        answer = site.log_in("ann", "known there")
        assert answer.status == 422
        assert "or the password is wrong" in answer.text


# --- what it is set up with, and its bytes ------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"url": "http://x", "people": PEOPLE}, "can't be at"),
        ({"url": "ldaps://", "people": PEOPLE}, "can't be at"),
        ({"url": "ldap.example.com", "people": PEOPLE}, "can't be at"),
        ({"people": ""}, "one of people and person"),
        ({"people": PEOPLE, "person": PERSON}, "one of people and person"),
        ({"person": PEOPLE}, "one of people and person"),
        ({"people": PEOPLE, "reader": "cn=reader"}, "both reader and reader_password"),
        ({"people": PEOPLE, "reader_password": "x"}, "both reader and reader_password"),
    ],
)
def test_what_cannot_work_stops_the_start(options: dict[str, str], what: str) -> None:
    with pytest.raises(AccountsError, match=what):
        LdapDirectory(**{"url": "ldaps://x", **options})


def test_password_of_the_reader_is_not_shown() -> None:
    directory = LdapDirectory("ldaps://x", people=PEOPLE, reader="cn=r", reader_password="secret word")
    assert "secret word" not in repr(directory)


@given(st.text(min_size=1) | st.text(',+"\\<>;=# \0\x7fa', min_size=1))
def test_any_name_is_one_value_of_a_distinguished_name(name: str) -> None:
    """As another implementation reads it."""
    escaped = escape_dn_value(name)
    (value,) = RelativeDistinguishedName(f"uid={escaped}").split()
    assert value.attributeType == "uid"
    assert value.value == name


@given(st.text(max_size=300), st.text(max_size=40), st.integers(0, 2**31 - 1))
def test_messages_are_what_another_implementation_reads(value: str, name: str, number: int) -> None:
    try:
        data = write(0xA3, write_text(name), write_text(value))
    except UnicodeEncodeError:
        return
    context = pureldap.LDAPBERDecoderContext_Filter(fallback=pureber.BERDecoderContext())
    found, size = pureber.berDecodeObject(context, data)
    assert size == len(data) == find_size(data)
    assert found.assertionValue.value == value.encode()
    assert found.attributeDesc.value == name.encode()
    assert read_int(read(write_int(number), 0x02)[0]) == number


@given(st.binary(max_size=200))
def test_bytes_of_anybody_are_read_or_refused(data: bytes) -> None:
    for reader in (find_size, lambda each: list(read_all(each)), lambda each: read(each, SEQUENCE, OCTETS)):
        refuses_or_reads(reader, data)


def refuses_or_reads(reader: Callable[[bytes], object], data: bytes) -> None:
    try:
        reader(data)
    except LdapError:
        return


@given(st.binary(min_size=1, max_size=40))
def test_value_is_a_text_that_can_be_kept(value: bytes) -> None:
    assert as_text(value).isprintable()
    assert as_text(value) in (value.hex(), value.decode(errors="replace"))
