"""Accounts: users, how they log in, and who may do what.

How other ways to log in plug in. `Accounts(methods=[Totp(), Passkeys()])` calls the `install(setup, site)`
of each `LogInMethod`, which adds its routes, models and templates through `setup` as a plugin does, and
to the lists of the `AccountSite`:

- `site.steps`: a `FurtherStep`, asked behind a right password. While one is open, the session has a
  `PendingLogIn` and no owner, so nobody is logged in. Its page asks for `log_in: LogIn`, finds who it is
  about with `await log_in.find_pending()`, and returns `await log_in.pass_step("its name")`.
- `site.second_factors`: those among the steps that users set up for themselves; see `add_second_factor`.
- `site.demands`: what a session must have proved before its user counts; see `demand.py`.
- `site.log_in_links`: a `Link` on the log-in page, such as to another site's log-in.
- `site.account_links`: a `Link` on the page where users set up their account.
- `site.password_checks`: asked whose a password is that is not right here, such as a directory.
- `site.program_accesses`: what programs have, such as tokens, which a reset of the password ends.
- `site.forgetters`: called with the key of a user who is deleted.

Whoever knows who somebody is returns `await log_in.begin(user, method="passkey")`, which asks the steps
or completes the log-in. `AbstractUser | None` and `AbstractUser` are provided whatever model the site
has; rows of a method name their user by `AbstractUser.key`. `site.throttle` counts attempts,
`site.events.note(…)` keeps what happened.
"""

from bistro.plugins.accounts.access import Access, Allowed, permitted, require_scope
from bistro.plugins.accounts.api_tokens import ApiToken, ApiTokens, TokenStore
from bistro.plugins.accounts.credentials import BasicCredentials, BearerToken
from bistro.plugins.accounts.current import LoggedIn, UserRecord, UserSessions
from bistro.plugins.accounts.errors import AccountsError, LogInRequired
from bistro.plugins.accounts.events import AccountEvent, EventKind, Events
from bistro.plugins.accounts.groups import Group, Membership
from bistro.plugins.accounts.identity import Bearer, Identity
from bistro.plugins.accounts.jwt_tokens import JwtTokens
from bistro.plugins.accounts.log_in import LogIn, PendingLogIn
from bistro.plugins.accounts.passwords import Passwords
from bistro.plugins.accounts.plugin import Accounts
from bistro.plugins.accounts.policies import Policies, PolicyError
from bistro.plugins.accounts.recent import ConfirmationRequired, recent_log_in
from bistro.plugins.accounts.rules import BreachedPasswords, PasswordRule, PasswordRules
from bistro.plugins.accounts.site import AccountSite, FurtherStep, Link, LogInMethod, LogInWith, ProgramAccess
from bistro.plugins.accounts.throttle import Attempts, Throttle
from bistro.plugins.accounts.users import AbstractUser, User

__all__ = [
    "Access",
    "Allowed",
    "permitted",
    "require_scope",
    "ApiToken",
    "ApiTokens",
    "TokenStore",
    "BasicCredentials",
    "BearerToken",
    "Group",
    "Membership",
    "Bearer",
    "Identity",
    "JwtTokens",
    "Policies",
    "PolicyError",
    "AbstractUser",
    "AccountEvent",
    "AccountSite",
    "Accounts",
    "AccountsError",
    "Attempts",
    "BreachedPasswords",
    "ConfirmationRequired",
    "EventKind",
    "Events",
    "FurtherStep",
    "Link",
    "LogIn",
    "LogInMethod",
    "LogInRequired",
    "LogInWith",
    "LoggedIn",
    "Passwords",
    "PasswordRule",
    "PasswordRules",
    "PendingLogIn",
    "ProgramAccess",
    "Throttle",
    "User",
    "UserRecord",
    "UserSessions",
    "recent_log_in",
]
