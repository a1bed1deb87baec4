"""A company's directory that is asked for passwords by LDAP (RFC 4511).

How it works. `LdapDirectory` is a `PasswordCheck` for `CheckedBy`. `wire.py` speaks the four operations
that a log-in needs, over TLS only, and `ber.py` writes and reads their bytes. What somebody types is
a value of its own in a message, and never a part of a filter's text: there is nothing to escape, and
nothing to inject into. Everything waits in the event loop, for as long as `timeout_seconds` at most.
"""

from bistro.plugins.accounts.ldap.directory import LdapDirectory
from bistro.plugins.accounts.ldap.errors import LdapError

__all__ = ["LdapDirectory", "LdapError"]
