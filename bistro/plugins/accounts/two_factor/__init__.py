"""A second factor: codes of an app (TOTP, RFC 6238), and recovery codes for who has lost it."""

from bistro.plugins.accounts.recovery import RecoveryCode
from bistro.plugins.accounts.two_factor.method import TwoFactor
from bistro.plugins.accounts.two_factor.models import TotpDevice

__all__ = ["RecoveryCode", "TotpDevice", "TwoFactor"]
