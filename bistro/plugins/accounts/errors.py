"""What can be wrong with accounts, and the one refusal that leads to the log-in page."""

from __future__ import annotations

from bistro.ground import SetupError
from bistro.http import Unauthorized


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
