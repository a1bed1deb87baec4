"""A directory for tests, in a process of its own: `ldaptor`, with LDAPS and StartTLS.

    python -m tests.plugins.accounts.ldap_server KEY CERTIFICATE

Prints the ports of both, and ends with its standard input.
"""

from __future__ import annotations

import sys
from io import BytesIO
from typing import Any, Final  # Any: neither ldaptor nor Twisted's reactor has types

from ldaptor.inmemory import fromLDIFFile
from ldaptor.interfaces import IConnectedLDAPEntry
from ldaptor.protocols import pureldap
from ldaptor.protocols.ldap.ldapserver import LDAPServer
from twisted.internet import ssl, stdio
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.python.components import registerAdapter

PEOPLE: Final = """\
dn: dc=com
objectClass: domain
dc: com

dn: dc=example,dc=com
objectClass: domain
dc: example

dn: cn=reader,dc=example,dc=com
objectClass: applicationProcess
cn: reader
userPassword: reads people

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: uid=ann,ou=people,dc=example,dc=com
objectClass: person
uid: ann
cn: Ann Lee
mail: ann@example.com
entryUUID: 5f9e1ac6-9f43-4b0c-b3ad-000000000001
memberOf: staff
userPassword: known there

dn: uid=bob,ou=people,dc=example,dc=com
objectClass: person
uid: bob
cn: Bob
mail: bob@example.com
entryUUID: 5f9e1ac6-9f43-4b0c-b3ad-000000000002
userPassword: bob knows

dn: uid=o\\, dd\\+1,ou=people,dc=example,dc=com
objectClass: person
uid: o, dd+1
cn: Odd
mail: odd@example.com
entryUUID: 5f9e1ac6-9f43-4b0c-b3ad-000000000003
userPassword: odd knows

dn: cn=one,ou=people,dc=example,dc=com
objectClass: person
uid: twin
cn: one
entryUUID: 5f9e1ac6-9f43-4b0c-b3ad-000000000004
userPassword: twin knows

dn: cn=two,ou=people,dc=example,dc=com
objectClass: person
uid: twin
cn: two
entryUUID: 5f9e1ac6-9f43-4b0c-b3ad-000000000005
userPassword: twin knows

dn: uid=bare,ou=people,dc=example,dc=com
objectClass: person
uid: bare
cn: Bare
userPassword: bare knows

dn: uid=printer,ou=people,dc=example,dc=com
objectClass: device
uid: printer
cn: Printer
mail: printer@example.com
entryUUID: 5f9e1ac6-9f43-4b0c-b3ad-000000000006
userPassword: printer knows

"""


class Server(LDAPServer):  # type: ignore[misc]
    """Encrypts when it is asked to (RFC 4511 §4.14), which ldaptor leaves to others."""

    def handle_LDAPExtendedRequest(self, request: Any, controls: Any, reply: Any) -> Any:
        if request.requestName != pureldap.LDAPStartTLSRequest.oid:
            return super().handle_LDAPExtendedRequest(request, controls, reply)
        reply(pureldap.LDAPStartTLSResponse(resultCode=0))
        self.transport.startTLS(self.factory.context)
        return None


class Directory(ServerFactory):
    """The tree of entries, for all connections."""

    protocol = Server

    def __init__(self, root: Any, context: ssl.DefaultOpenSSLContextFactory) -> None:
        self.root = root
        self.context = context


class Standing(Protocol):
    """Standard input: where it ends, so does the server."""

    def connectionLost(self, reason: Any = None) -> None:
        from twisted.internet import reactor

        reactor.stop()  # type: ignore[attr-defined]


def main(key: str, certificate: str) -> None:
    """Serve until standard input ends."""
    from twisted.internet import reactor

    loop: Any = reactor
    registerAdapter(lambda factory: factory.root, Directory, IConnectedLDAPEntry)
    context = ssl.DefaultOpenSSLContextFactory(key, certificate)

    def serve(root: Any) -> None:
        directory = Directory(root, context)
        secure = loop.listenSSL(0, directory, context, interface="127.0.0.1")
        plain = loop.listenTCP(0, directory, interface="127.0.0.1")
        print(secure.getHost().port, plain.getHost().port, flush=True)

    fromLDIFFile(BytesIO(PEOPLE.encode())).addCallback(serve)
    stdio.StandardIO(Standing())
    loop.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
