"""What can be wrong when a directory is asked."""

from __future__ import annotations

from bistro.ground import BistroError


class LdapError(BistroError):
    """The directory can't be asked, or has answered what can't be right.

    If you see this: it is in the log, with what the directory said; the visitor was told that the
    name or the password is wrong.
    """

    code = "B982"
