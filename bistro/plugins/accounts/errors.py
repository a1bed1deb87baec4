"""What can be wrong with accounts, and the refusals that lead to a page of theirs."""

from __future__ import annotations

from bistro.ground import SetupError
from bistro.http import Forbidden, Unauthorized


class AccountsError(SetupError):
    """Accounts are set up in a way that can't work.

    If you see this: the message says which argument of `Accounts`, or which plugin beside it, is wrong.
    """

    code = "B960"


class LogInRequired(Unauthorized):
    """If you see this: the handler asks for a user, and nobody is logged in.

    Browsers are led to the log-in page; programs get this as a 401.
    """

    code = "B961"


class SecondFactorRequired(Forbidden):
    """If you see this: the site demands a second factor of this user, who has not used one yet.

    Browsers are led to the pages on which one is set up, or asked for; programs get this as a 403.
    """

    code = "B965"
