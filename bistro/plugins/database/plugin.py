"""A database for a site: opened with it, current in each request, one transaction where it may change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from bistro.app import Proceed, Setup
from bistro.db import Database as OpenDatabase
from bistro.db import DatabaseOptions, ReplicatedDriver, RequestScope, WatchedDriver
from bistro.ground import find_environment
from bistro.http import SAFE_METHODS, Response
from bistro.plugins.database.opening import Opening
from bistro.plugins.database.places import Places, find_places, find_test_places
from bistro.plugins.database.replicas import ReplicaReader
from bistro.plugins.database.statements import StatementLog
from bistro.routing import Route


@dataclass(frozen=True)
class Database:
    """Open a database with the app; make it the current one in each request; give it to handlers.

    `url` is by default that of `DATABASE_URL`, and without it the file `bistro.sqlite3` beside the
    app. A handler gets it as `bistro.db.Database`; models and `transaction()` find it by themselves.

    A request whose method may change something is one transaction: it begins with the first
    statement, is kept where the answer is below 400, and undone otherwise or when the client goes
    away. `atomic=False`, here or on a route, leaves each statement to itself.

    `replicas` are URLs: what only reads goes to one of them, but for a visitor who has just changed
    something. `others` are the URLs of more databases by name, for `get_database(name)`.

    What queries became is kept in the folder `.bistro` beside the app (`BISTRO_CACHE` names another,
    or says `off`), so that the next start need not make it again.

    A statement slower than `slow_seconds` is logged. In development each statement is logged with
    the line that asked for it, and one that runs more than `repeats_max` times in one request, or is
    beyond `statements_max`, with a warning; in testing (`ENV=testing`) the latter raises.

    In testing none of these databases is opened, but what stands for it there: that at `test_url` or
    `TEST_DATABASE_URL`; else one in memory for a SQLite file, and in PostgreSQL one whose name ends in
    `_test`, which is made anew. Replicas have no part in tests.
    """

    url: str | None = None
    name: str = "default"
    atomic: bool = True
    connections_max: int = 10
    wait_seconds_max: float = 5.0
    statement_seconds_max: float = 30.0
    behind_pgbouncer: bool = False
    slow_seconds: float | None = 0.2
    repeats_max: int | None = 10
    statements_max: int | None = None
    replicas: Sequence[str] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    test_url: str | None = None

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Open it at start, and set it in each request. Raises `DatabaseUrlError`, `MissingDriver`."""
        environment = find_environment()
        if environment == "testing":
            places = find_test_places(self.url, setup.folder, self.others, self.test_url)
        else:
            places = find_places(self.url, setup.folder, self.others, self.replicas)
        database = self._make(places)
        others = {
            name: OpenDatabase(url, name=name, options=self._options) for name, url in places.others.items()
        }
        databases = (database, *others.values())
        self._made.extend(databases)
        log = StatementLog(environment, self.slow_seconds, self.repeats_max, self.statements_max)
        if log.is_wanted:
            database.driver = WatchedDriver(database.driver, log.note, seconds_min=log.seconds_min)
        setup.provide(OpenDatabase, lambda: database)
        scope = RequestScope(database, log.find_budget_maker(), others)
        self._enter_requests(setup, scope, has_replicas=bool(places.replicas), is_counting=log.is_counting)
        setup.lifespan(Opening(setup, environment, databases, places, log).keep_open)

    def _enter_requests(
        self, setup: Setup, scope: RequestScope, *, has_replicas: bool, is_counting: bool
    ) -> None:
        if has_replicas:
            reader = ReplicaReader(scope)
            setup.before(reader.enter)
            setup.after(reader.mark, only_for=is_unsafe)
        else:
            setup.before(scope.enter)
        if is_counting:
            # What goes on for hours, a conversation or a stream, asks the same again and again.
            setup.before(scope.stop_counting, only_for=is_conversation)
            setup.after(scope.stop_counting, only_for=is_exchange)
        if self.atomic:
            setup.around(Atomic(scope).run, only_for=may_change)

    def _make(self, places: Places) -> OpenDatabase:
        database = OpenDatabase(places.url, name=self.name, options=self._options)
        if places.replicas:
            replicas = [OpenDatabase(each, options=self._options).driver for each in places.replicas]
            database.driver = ReplicatedDriver(database.driver, replicas)
        return database

    @property
    def _options(self) -> DatabaseOptions:
        return DatabaseOptions(
            connections_max=self.connections_max,
            wait_seconds_max=self.wait_seconds_max,
            statement_seconds_max=self.statement_seconds_max,
            behind_pgbouncer=self.behind_pgbouncer,
        )

    @property
    def opened(self) -> tuple[OpenDatabase, ...]:
        """What it has made for its app."""
        return tuple(self._made)

    async def check_ready(self) -> None:
        """Return if the database answers; `Health` asks."""
        for database in self._made:
            await database.check()

    @cached_property
    def _made(self) -> list[OpenDatabase]:
        return []


class Atomic:
    """Makes a request one transaction."""

    def __init__(self, scope: RequestScope) -> None:
        self._scope = scope

    async def run(self, proceed: Proceed) -> Response:
        """Keep what the request did if its answer says that it went well."""
        transaction = self._scope.begin()
        try:
            response = await proceed()
            self._scope.end()
            if response.status < 400:
                await transaction.commit()
            return response
        finally:
            await transaction.rollback()


def may_change(route: Route) -> bool:
    """Whether requests to `route` may change something, and nobody has opted out."""
    return route.options.get("atomic", True) and is_unsafe(route)


def is_unsafe(route: Route) -> bool:
    """Whether requests to `route` may change something; in a WebSocket each statement is by itself."""
    return is_exchange(route) and not route.methods <= SAFE_METHODS


def is_conversation(route: Route) -> bool:
    """Whether `route` is for WebSockets."""
    return route.is_websocket


def is_exchange(route: Route) -> bool:
    """Whether `route` answers requests."""
    return not route.is_websocket
