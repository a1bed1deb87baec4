"""Systems outside of the site that know who somebody is: a proxy in front, or a directory."""

from bistro.plugins.accounts.external.password_checks import CheckedBy, PasswordCheck
from bistro.plugins.accounts.external.remote_user import RemoteUser

__all__ = ["CheckedBy", "PasswordCheck", "RemoteUser"]
