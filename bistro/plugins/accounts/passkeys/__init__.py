"""Passkeys (WebAuthn): a log-in that can't be asked for by a page that only looks like the site's."""

from bistro.plugins.accounts.passkeys.method import Passkeys
from bistro.plugins.accounts.passkeys.models import Passkey

__all__ = ["Passkey", "Passkeys"]
