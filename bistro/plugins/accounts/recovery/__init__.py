"""Recovery codes: written down, and taken once each in place of a second factor that is lost."""

from bistro.plugins.accounts.recovery.codes import hash_recovery_code, make_recovery_codes
from bistro.plugins.accounts.recovery.models import RecoveryCode
from bistro.plugins.accounts.recovery.store import RecoveryStore

__all__ = ["RecoveryCode", "RecoveryStore", "hash_recovery_code", "make_recovery_codes"]
