"""What can be wrong with sessions."""

from __future__ import annotations

from bistro.ground import BistroError, SetupError


class SessionError(BistroError):
    """A session can't hold a value, or a store of sessions can't do what was asked of it."""

    code = "B950"


class SessionDataError(SetupError):
    """A class of session data that a visitor without a session could not have."""

    code = "B949"
