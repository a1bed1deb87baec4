"""The plugin: users, log-in, and who is logged in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Final  # Any: providers are made for the site's own model

from bistro.app import Background, Plugin, Setup
from bistro.ground import Clock, SystemClock, find_environment, find_keyring
from bistro.http import HttpError, Redirect, Request, Response
from bistro.plugins.accounts.access import Access, AccessMaker, Allowed
from bistro.plugins.accounts.by_mail import MailPages
from bistro.plugins.accounts.command import make_command
from bistro.plugins.accounts.credentials import BasicCredentials, BearerToken, read_basic, read_bearer
from bistro.plugins.accounts.current import CurrentUser, UserSessions, next_of
from bistro.plugins.accounts.errors import AccountsError, LogInRequired, SecondFactorRequired
from bistro.plugins.accounts.events import AccountEvent, EventHook, Events
from bistro.plugins.accounts.groups import Group, Membership, leave_all_groups
from bistro.plugins.accounts.identity import Identity, IdentityFinder, Owner, require_user
from bistro.plugins.accounts.impersonation import ImpersonationPages
from bistro.plugins.accounts.limited_tokens import keep_to_scopes
from bistro.plugins.accounts.links import MailLinks
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.log_in_pages import LogInPages
from bistro.plugins.accounts.origin import find_faults, find_origin
from bistro.plugins.accounts.own_account import OwnAccountPages
from bistro.plugins.accounts.own_fields import find_required
from bistro.plugins.accounts.passwords import Passwords
from bistro.plugins.accounts.policies import Policies
from bistro.plugins.accounts.recent import ConfirmationRequired, ConfirmPages
from bistro.plugins.accounts.reset import ResetPages
from bistro.plugins.accounts.rules import PasswordRules
from bistro.plugins.accounts.second_factor import find_owner
from bistro.plugins.accounts.sign_up import SignUpPages
from bistro.plugins.accounts.site import AccountSite, Link, LogInMethod, LogInWith
from bistro.plugins.accounts.style import add_style
from bistro.plugins.accounts.throttle import Attempts, Throttle
from bistro.plugins.accounts.users import AbstractUser, User
from bistro.plugins.csrf import Csrf
from bistro.plugins.database import Database
from bistro.plugins.error_pages import ErrorPages, problem_answer, wants_page
from bistro.plugins.host_check import HostCheck
from bistro.plugins.mail import Mail, Mailer
from bistro.plugins.rate_limit import RateLimit
from bistro.plugins.rendering import Rendering
from bistro.plugins.sessions import Session, SessionKeeper, Sessions
from bistro.routing import Route, Routes

FORM_SIZE_MAX: Final = 64 * 1024
"""Bytes of a form of accounts: nobody who is not logged in makes the site keep files."""
HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class Accounts:
    """Give a site users: sign-up, log-in, reset, and `user: User` in handlers for who is logged in.

    `user` is the model, `User` or one of your own that inherits from `AbstractUser`. `at` is the path
    of the pages, `home` where a log-in leads that was asked for by no page. `log_in_with` says what
    users type: their address, their name, or either. With `closed` every route of the site asks for a
    log-in, but for those with `public=True`. `methods` are other ways to log in and further steps.
    Each event, such as a failed log-in, is kept in the table of `AccountEvent` for as long as
    `events_kept`, since it holds addresses of people, and is given to `on_event`.

    Without `sign_up` accounts are made by `bistro create-user` alone; `sign_up_fields` are the fields of
    your model that the page asks for besides address, password and name. With `verify` nobody logs in
    before a link in a mail was followed; without it, signing up tells whether an address has an account.
    `log_in_by_mail` lets users log in with a link or a code instead of their password. `origin` is what
    links in mails begin with, such as `"https://example.com"`, by default the environment's
    `ACCOUNTS_ORIGIN`; without that it is the host of the request, which must be an allowed one, and in
    production never its port. `rules` are what a new password must be.

    `roles` are the permissions of each role, such as `{"editor": ["note.publish"]}`, for `permitted` and
    `Access`; `policies` are the rules about objects, for `Allowed`.
    """

    user: type[AbstractUser] = User
    at: str = "/accounts"
    home: str = "/"
    log_in_with: LogInWith = "email"
    closed: bool = False
    sign_up: bool = True
    sign_up_fields: Sequence[str] = ()
    verify: bool = True
    log_in_by_mail: bool = False
    origin: str = ""
    rules: PasswordRules = field(default_factory=PasswordRules)
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    policies: Policies = field(default_factory=Policies)
    methods: Sequence[LogInMethod] = ()
    passwords: Passwords = field(default_factory=Passwords)
    on_event: EventHook | None = None
    events_kept: timedelta = timedelta(days=365)
    clock: Clock = field(default_factory=SystemClock)

    requires: ClassVar[tuple[type, ...]] = (
        Database,
        Sessions,
        Rendering,
        ErrorPages,
        HostCheck,
        Mail,
        Csrf,
    )
    uses: ClassVar[tuple[type, ...]] = (RateLimit,)

    def bring(self) -> tuple[Plugin, ...]:
        """Sessions that are read together with their user, where the site has none of its own."""
        self._check()
        return (Sessions(UserSessions(self.user), clock=self.clock), Mail())

    def install(self, setup: Setup) -> None:
        """Add the pages and the providers. Raises `AccountsError` (B960)."""
        self._check()
        sessions = setup.find_plugin(Sessions)
        if sessions is not None and not sessions.can_list:
            # Else a new password could not end the session of whoever has the old one (ASVS 5.0, 7.4.3).
            raise AccountsError(
                "accounts need sessions that can be ended from elsewhere, and those in cookies can't",
                fix="Leave Sessions() out, as accounts bring their own, or write Sessions(UserSessions()).",
            )
        origin = find_origin(self.origin)
        setup.check(lambda _: find_faults(origin))
        site = AccountSite(
            model=self.user,
            at=self.at.rstrip("/"),
            log_in_with=self.log_in_with,
            home=self.home,
            clock=self.clock,
            passwords=self.passwords,
            throttle=Throttle(self.clock),
            events=Events(self.clock, self.events_kept, self.on_event),
            rules=self.rules,
            links=MailLinks(find_keyring(setup.folder), self.user, self.clock),
            access=AccessMaker(self.roles, self.policies),
            origin=origin,
            keeps_port=find_environment() != "production",
            can_sign_up=self.sign_up,
            sign_up_fields=tuple(self.sign_up_fields),
            must_verify=self.verify,
        )
        provide_users(setup, self.user, site)
        provide_log_in(setup, site)
        provide_access(setup, site.access)
        site.forgetters.append(leave_all_groups)
        setup.provide(AccountSite, lambda: site)
        setup.on_stop(self.passwords.close)
        setup.templates(HERE / "templates")
        setup.models(
            AccountEvent, Attempts, Group, Membership, package="accounts", migrations=HERE / "migrations"
        )
        if self.user is User:
            setup.models(User, package="users", migrations=HERE / "user_migrations")
        setup.after(keep_private, only_if_used=Session, only_for=lambda route: not route.is_websocket)
        self._add_pages(setup, site)
        for method in self.methods:
            method.install(setup, site)
        if site.bearers:
            keep_to_scopes(setup)
        if self.closed:
            # Behind the methods, one of which may say who somebody is.
            add_gate(setup, self.user)

    def _add_pages(self, setup: Setup, site: AccountSite) -> None:
        # Each statement by itself: a failed attempt must be counted although its answer is an error.
        routes = Routes(name="accounts", by="Accounts", atomic=False, body_size_max=FORM_SIZE_MAX)
        add_style(routes)
        LogInPages(site).add_to(routes)
        SignUpPages(site).add_to(routes)
        ResetPages(site).add_to(routes)
        own, own_pages = Routes(by="Accounts"), OwnAccountPages(site)
        own_pages.add_public_to(routes)
        ConfirmPages(site).add_to(routes)
        own_pages.add_to(own)
        ImpersonationPages(site).add_to(routes)
        # Templates of what is not there would name routes that are not there.
        if self.log_in_by_mail:
            setup.templates(HERE / "optional" / "by_mail")
            MailPages(site).add_to(routes)
            link = Link("Log in with a link by mail", lambda request: request.url_for("accounts.link"))
            site.log_in_links.append(link)
        if self.sign_up:
            setup.templates(HERE / "optional" / "sign_up")
            link = Link("Make an account", lambda request: request.url_for("accounts.sign_up"))
            site.log_in_links.append(link)
        routes.include(own, at="")
        setup.routes.include(routes, at=site.at)
        setup.on_error(LogInRequired)(lead_to_log_in)
        setup.on_error(ConfirmationRequired)(lead_to_confirmation)
        setup.on_error(SecondFactorRequired)(lead_to_second_factor)
        setup.command(
            "create-user", make_command(site, self.roles), help="Make a user, and ask for the password."
        )

    def _check(self) -> None:
        if not hasattr(self.user, "__table_info__"):
            raise AccountsError(
                f"{self.user.__name__} has no table",
                fix="Give a model that inherits from AbstractUser: class Member(AbstractUser): …",
            )
        missing = find_required(self.user, self.sign_up_fields) if self.sign_up else ""
        if missing:
            raise AccountsError(
                f"nobody could sign up: {self.user.__name__}.{missing} must have a value, "
                "and the page does not ask for it",
                fix=f'Ask for it, Accounts(sign_up_fields=["{missing}"]), or give it a default. Or make '
                "accounts on a page of your own, with AccountSite.create_user: Accounts(sign_up=False).",
            )
        if not self.at.startswith("/") or not self.at.strip("/"):
            raise AccountsError(f"the pages of accounts can't be at {self.at!r}", fix='Write at="/accounts".')


def provide_users(setup: Setup, model: type[AbstractUser], site: AccountSite) -> None:
    """Let handlers ask for the user who is logged in, or for one who may be."""
    finder = IdentityFinder(CurrentUser(model), site.bearers, site.demands, site.doubts)
    may_be: Any = model | None
    any_user: Any = AbstractUser | None

    async def find_identity(request: Request, session: Session) -> Identity:
        return await finder.find(request, session)

    def find_user(identity: Identity) -> AbstractUser | None:
        return identity.user

    def get_user(identity: Identity) -> AbstractUser:
        return require_user(identity)

    async def get_owner(identity: Identity, request: Request) -> Owner:
        return await find_owner(site, identity, request)

    get_user.__annotations__["return"] = model

    def find_shown_user(identity: Identity) -> AbstractUser | None:
        return identity.shown_user

    find_user.__annotations__["return"] = find_shown_user.__annotations__["return"] = may_be
    setup.provide(Identity, find_identity)
    setup.provide(Owner, get_owner)
    setup.provide(may_be, find_user)
    setup.provide(model, get_user)
    setup.provide(any_user, _same(may_be))
    setup.provide(AbstractUser, _same(model))
    # The identity's own, and not by way of the providers above: a template waits for each of them.
    setup.template_global("user", find_shown_user)


def _same(kind: Any) -> Callable[[Any], Any]:
    def give(user: Any) -> Any:
        return user

    give.__annotations__ = {"user": kind, "return": kind}
    return give


def provide_log_in(setup: Setup, site: AccountSite) -> None:
    """Let handlers ask for `LogIn`."""

    def make_log_in(
        request: Request,
        session: Session,
        keeper: SessionKeeper,
        background: Background,
        mailer: Mailer,
    ) -> LogIn:
        return LogIn(site, request, session, keeper, background, mailer)

    setup.provide(LogIn, make_log_in)


def provide_access(setup: Setup, maker: AccessMaker) -> None:
    """Let handlers and templates ask what the user may do."""
    setup.provide(Access, maker.make)
    setup.provide(AccessMaker, lambda: maker)
    setup.provide_marked(Allowed, maker.make_allowed)
    setup.template_global("may", make_may)
    setup.provide(BasicCredentials, read_basic)
    setup.provide(BearerToken, read_bearer)
    setup.check(maker.find_faults)


def make_may(access: Access) -> Callable[..., bool]:
    """`may("edit", note)` and `may("note.publish")` in templates."""
    return access.may


def keep_private(session: Session, response: Response) -> None:
    """Let nobody keep a copy of what somebody sees who is logged in (ASVS 5.0, 14.3.2)."""
    if session.owner and not response.has_header("cache-control"):
        response.add_header("cache-control", "no-store")


def add_gate(setup: Setup, model: type[AbstractUser]) -> None:
    """Ask for a log-in on every route that is not public."""

    def require_user(user: AbstractUser) -> None:
        """Nothing to do: a visitor has no such value."""

    require_user.__annotations__ = {"user": model, "return": None}
    setup.before(require_user, only_for=is_closed)


def is_closed(route: Route) -> bool:
    """Whether a site that is closed closes this route."""
    return not route.options.get("public", False)


def lead_to_log_in(error: LogInRequired, request: Request) -> Response:
    """The log-in page for browsers, a 401 for programs."""
    return lead_to("accounts.log_in", error, request)


def lead_to_confirmation(error: ConfirmationRequired, request: Request) -> Response:
    """The page that asks for the password once more, a 403 for programs."""
    return lead_to("accounts.confirm", error, request)


def lead_to_second_factor(error: SecondFactorRequired, request: Request) -> Response:
    """The page that leads to a second factor, a 403 for programs."""
    return lead_to("second_factor.lead", error, request)


def lead_to(page: str, error: HttpError, request: Request) -> Response:
    """A page of accounts that leads back to where the visitor wanted to go."""
    if not wants_page(request):
        answer = problem_answer(error)
        for name, value in error.headers.items():
            answer.headers[name] = value
        return answer
    back = next_of(request)
    url = request.url_for(page, query={"next": back} if back else {})
    return Redirect(url, headers={"cache-control": "no-store"})
