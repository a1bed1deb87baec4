"""The plugin: users, log-in, and who is logged in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final  # Any: providers are made for the site's own model

from bistro.app import Background, Plugin, Setup
from bistro.ground import Clock, SystemClock
from bistro.http import Redirect, Request, Response
from bistro.plugins.accounts.current import CurrentUser, UserSessions, next_of, require
from bistro.plugins.accounts.errors import AccountsError, LogInRequired
from bistro.plugins.accounts.events import AccountEvent, EventHook, Events
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.log_in_pages import LogInPages
from bistro.plugins.accounts.passwords import Passwords
from bistro.plugins.accounts.site import AccountSite, LogInMethod, LogInWith
from bistro.plugins.accounts.style import add_style
from bistro.plugins.accounts.throttle import Attempts, Throttle
from bistro.plugins.accounts.users import AbstractUser, User
from bistro.plugins.database import Database
from bistro.plugins.error_pages import ErrorPages, problem_answer, wants_page
from bistro.plugins.rate_limit import RateLimit
from bistro.plugins.rendering import Rendering
from bistro.plugins.sessions import Session, Sessions
from bistro.routing import Route, Routes

HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class Accounts:
    """Give a site users: log-in and log-out, and `user: User` in handlers for who is logged in.

    `user` is the model, `User` or one of your own that inherits from `AbstractUser`. `at` is the path
    of the pages, `home` where a log-in leads that was asked for by no page. `log_in_with` says what
    users type: their address, their name, or either. With `closed` every route of the site asks for a
    log-in, but for those with `public=True`. `methods` are other ways to log in and further steps.
    Each event, such as a failed log-in, is kept in the table of `AccountEvent`, and given to `on_event`.
    """

    user: type[AbstractUser] = User
    at: str = "/accounts"
    home: str = "/"
    log_in_with: LogInWith = "email"
    closed: bool = False
    methods: Sequence[LogInMethod] = ()
    passwords: Passwords = field(default_factory=Passwords)
    on_event: EventHook | None = None
    clock: Clock = field(default_factory=SystemClock)

    requires: ClassVar[tuple[type, ...]] = (Database, Sessions, Rendering, ErrorPages)
    uses: ClassVar[tuple[type, ...]] = (RateLimit,)

    def bring(self) -> tuple[Plugin, ...]:
        """Sessions that are read together with their user, where the site has none of its own."""
        self._check()
        return (Sessions(UserSessions(self.user), clock=self.clock),)

    def install(self, setup: Setup) -> None:
        """Add the pages and the providers. Raises `AccountsError` (B960)."""
        self._check()
        site = AccountSite(
            model=self.user,
            at=self.at.rstrip("/"),
            log_in_with=self.log_in_with,
            home=self.home,
            clock=self.clock,
            passwords=self.passwords,
            throttle=Throttle(self.clock),
            events=Events(self.on_event),
        )
        provide_users(setup, self.user)
        provide_log_in(setup, site)
        setup.provide(AccountSite, lambda: site)
        setup.on_stop(self.passwords.close)
        setup.templates(HERE / "templates")
        setup.models(AccountEvent, Attempts, package="accounts", migrations=HERE / "migrations")
        if self.user is User:
            setup.models(User, package="users", migrations=HERE / "user_migrations")
        setup.after(keep_private, only_if_used=Session, only_for=lambda route: not route.is_websocket)
        if self.closed:
            add_gate(setup, self.user)
        self._add_pages(setup, site)
        for method in self.methods:
            method.install(setup, site)

    def _add_pages(self, setup: Setup, site: AccountSite) -> None:
        # Each statement by itself: a failed attempt must be counted although its answer is an error.
        routes = Routes(name="accounts", by="Accounts", atomic=False)
        add_style(routes)
        LogInPages(site, []).add_to(routes)
        setup.routes.include(routes, at=site.at)
        setup.on_error(LogInRequired)(lead_to_log_in)

    def _check(self) -> None:
        if not hasattr(self.user, "__table_info__"):
            raise AccountsError(
                f"{self.user.__name__} has no table",
                fix="Give a model that inherits from AbstractUser: class Member(AbstractUser): …",
            )
        if not self.at.startswith("/") or not self.at.strip("/"):
            raise AccountsError(f"the pages of accounts can't be at {self.at!r}", fix='Write at="/accounts".')


def provide_users(setup: Setup, model: type[AbstractUser]) -> None:
    """Let handlers ask for the user who is logged in, or for one who may be."""
    current = CurrentUser(model)
    may_be: Any = model | None
    any_user: Any = AbstractUser | None

    async def find_user(session: Session) -> AbstractUser | None:
        return await current.find(session)

    def get_user(user: Any) -> Any:
        return require(user)

    get_user.__annotations__ = {"user": may_be, "return": model}
    find_user.__annotations__["return"] = may_be
    setup.provide(may_be, find_user)
    setup.provide(model, get_user)
    setup.provide(any_user, _same(may_be))
    setup.provide(AbstractUser, _same(model))
    setup.template_global("user", _same(may_be))


def _same(kind: Any) -> Callable[[Any], Any]:
    def give(user: Any) -> Any:
        return user

    give.__annotations__ = {"user": kind, "return": kind}
    return give


def provide_log_in(setup: Setup, site: AccountSite) -> None:
    """Let handlers ask for `LogIn`."""

    def make_log_in(request: Request, session: Session, background: Background) -> LogIn:
        return LogIn(site, request, session, background)

    setup.provide(LogIn, make_log_in)


def keep_private(session: Session, response: Response) -> None:
    """Let nobody keep a copy of what somebody sees who is logged in (ASVS 5.0, 14.3.2)."""
    if session.owner and "cache-control" not in response.headers:
        response.headers["cache-control"] = "no-store"


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
    if not wants_page(request):
        answer = problem_answer(error)
        for name, value in error.headers.items():
            answer.headers[name] = value
        return answer
    url = request.url_for("accounts.log_in", query={"next": next_of(request)} if next_of(request) else {})
    return Redirect(url, headers={"cache-control": "no-store"})
