"""A site with accounts, and what tests do there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypedDict, Unpack

from msgspec import Struct

from bistro import App
from bistro.db import Database as OpenDatabase
from bistro.db import Model, Query, create_tables, get_database
from bistro.plugins import Accounts, Database, Session
from bistro.plugins.accounts import AbstractUser, AccountEvent, AccountSite, Passwords, User
from bistro.plugins.database.migrations import apply_all
from bistro.testing import AsyncClient, Client, FakeClock
from bistro.testing.response import ClientResponse

HTML = {"accept": "text/html"}
EMAIL, PASSWORD = "ann@example.com", "a quiet harbour"
COOKIE = "__Host-session"


# Hashes as weak as argon2 can make them: what takes time is measured elsewhere.
def make_quick() -> Passwords:
    return Passwords(memory_kib=8, passes=1)


QUICK = make_quick()


class NewUser(Struct):
    email: str
    password: str | None
    fields: dict[str, Any]


class Site:
    """A running site with accounts, and a client of it."""

    def __init__(self, app: App, client: Client, clock: FakeClock) -> None:
        self.app = app
        self.client = client
        self.clock = clock

    @contextmanager
    def other_browser(self, token: str = "") -> Iterator[Client]:
        """The client with the cookies of another browser: none, or a copied token of a session.

        A second client would have an event loop of its own, which the database of this one is not for.
        """
        jar = self.client.cookies
        own = dict(jar)
        jar.clear()
        if token:
            jar[COOKIE] = token
        try:
            yield self.client
        finally:
            jar.clear()
            jar.update(own)

    def add_user(self, email: str = EMAIL, password: str | None = PASSWORD, **fields: Any) -> None:
        answer = self.client.post(
            "/test/users", json={"email": email, "password": password, "fields": fields}
        )
        assert answer.status == 200, answer.text

    def change_user(self, email: str = EMAIL, **fields: Any) -> None:
        answer = self.client.post("/test/change", json={"email": email, "password": None, "fields": fields})
        assert answer.status == 204, answer.text

    @property
    def token(self) -> str:
        """The cookie of the session."""
        return self.client.cookies[COOKIE]

    def find_user(self, email: str = EMAIL) -> Any:
        """What nobody else may see of a user."""
        return self.client.get(f"/test/users/{email}").json()

    def hash_of(self, email: str) -> str:
        """The stored hash of a user's password."""
        return self.client.get(f"/test/hashes/{email}").text

    def count_users(self, email: str) -> int:
        """How many rows have this address."""
        count: int = self.client.get(f"/test/counts/{email}").json()
        return count

    def async_client(self) -> AsyncClient:
        """A client for `site.client.run(…)`, where requests are to run at once."""
        return AsyncClient(self.app)

    def session_id(self) -> str:
        """The name of the client's session."""
        return self.client.get("/test/session").text

    def log_in(self, login: str = EMAIL, password: str = PASSWORD, **options: Any) -> ClientResponse:
        return log_in(self.client, login, password, **options)

    def events(self) -> list[str]:
        """The kinds of events so far, oldest first."""
        found: list[str] = self.client.get("/test/events").json()
        return found


def log_in(client: Client, login: str = EMAIL, password: str = PASSWORD, **fields: str) -> ClientResponse:
    return client.post(
        "/accounts/log-in", data={"login": login, "password": password, **fields}, headers=HTML
    )


class Options(TypedDict, total=False):
    user: type[AbstractUser]
    home: str
    log_in_with: Any
    closed: bool
    sign_up: bool
    sign_up_fields: Any
    verify: bool
    log_in_by_mail: bool
    origin: str
    rules: Any
    roles: Any
    policies: Any
    methods: Any
    passwords: Passwords
    on_event: Any
    events_kept: timedelta


@contextmanager
def site_with(*plugins: Any, add: Any = None, url: str = "", **options: Unpack[Options]) -> Iterator[Site]:
    """A site whose database is empty; `add(app)` adds to it before it starts."""
    clock = FakeClock()
    # Its own: what one site has learned of hashes is not what others must spend.
    options.setdefault("passwords", make_quick())
    accounts = Accounts(**options, clock=clock)
    # With a URL of its own the site opens that database, and the migrations are applied here.
    database = Database(test_url=url, repeats_max=None) if url else Database("sqlite://", repeats_max=None)
    # The plans are the same walked or written; written ones take half of the time of such a small test.
    app = App(database, accounts, *plugins, plans="interpreted")
    model = accounts.user

    def find(email: str) -> Query[Any]:
        return model.objects.filter(model.email == email)

    @app.post("/test/users", public=True)
    async def add_user(new: NewUser, site: AccountSite) -> int:
        user = await site.create_user(new.email, new.password, **new.fields)
        return user.id

    @app.post("/test/change", public=True)
    async def change_user(new: NewUser) -> None:
        if new.fields:
            await find(new.email).update(new.fields)
        else:
            await find(new.email).delete()

    @app.get("/test/users/{email}", public=True)
    async def show_user(email: str) -> dict[str, Any]:
        user = await find(email).get()
        return {name: getattr(user, name) for name in ("id", "is_superuser", "is_active", "roles")}

    @app.get("/test/hashes/{email}", public=True)
    async def show_hash(email: str) -> str:
        return str((await find(email).get()).password)

    @app.get("/test/counts/{email}", public=True)
    async def count_users(email: str) -> int:
        return await find(email).count()

    @app.get("/test/session", public=True)
    async def show_session(session: Session) -> str:
        return session.id

    @app.get("/test/events", public=True)
    async def events() -> list[str]:
        return [each.kind for each in await AccountEvent.objects.order_by(AccountEvent.id)]

    if add is not None:
        add(app)
    if url:

        @app.on_start
        async def migrate() -> None:
            packages = app.freeze().registered.model_packages
            await apply_all(get_database(), Path("no-such-folder"), packages)

    with Client(app) as client:
        yield Site(app, client, clock)


def who_routes(app: App) -> None:
    """Pages that say who is logged in."""

    @app.get("/me")
    async def me(user: User) -> str:
        return user.email

    @app.post("/me")
    async def change_me(user: User) -> str:
        return user.email

    @app.get("/maybe")
    async def maybe(user: User | None) -> str:
        return "nobody" if user is None else user.email

    @app.get("/open", public=True)
    async def open_to_all() -> str:
        return "open"


def with_tables(*models: type[Model], do: Callable[[], Awaitable[Any]]) -> Any:
    """What `do()` gives in an empty database."""

    async def run() -> Any:
        async with OpenDatabase("sqlite://"):
            await create_tables(*models)
            return await do()

    return asyncio.run(run())
