"""`transaction()`: a block, or a function, whose statements are kept together or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

from bistro.db.current import current_scope, leave_scope, nested, refuse_beside_another
from bistro.db.database import Database, find_database, get_database
from bistro.db.drivers.protocol import Isolation
from bistro.db.errors import SerializationFailure, TransactionError
from bistro.db.sync import sync
from bistro.db.transaction import AfterCommit, Part, Transaction, run_after_commit

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class transaction:  # noqa: N801 - it reads as the verb that it is: `async with transaction():`
    """Keep what the block does, or nothing of it if it raises.

        async with transaction():
            await database.execute("update account set amount = amount - 5 where id = 1")
            await database.execute("update account set amount = amount + 5 where id = 2")

    Inside of another one it is a savepoint: undone by itself, kept only with the whole. Tasks that
    the block begins are not part of it, unless they are let in with `share()`. As a decorator it
    wraps each call of an async function, and with `attempts_max` repeats the call where another
    transaction got in its way. Raises `TransactionError` inside of another database's transaction.
    """

    def __init__(
        self,
        *,
        using: Database | None = None,
        isolation: Isolation | None = None,
        read_only: bool = False,
        attempts_max: int = 1,
    ) -> None:
        """`using`: another database than the current one. `isolation`: that of the database by default."""
        self._using = using
        self._isolation: Isolation | None = isolation
        self._read_only = read_only
        self._attempts_max = attempts_max
        self._transaction: Transaction | None = None
        self._part: Part | None = None

    async def __aenter__(self) -> Transaction:
        if self._attempts_max > 1:
            raise TransactionError(
                "a block can't be repeated", fix="Decorate an async function: @transaction(attempts_max=3)."
            )
        return await self._begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end(error)

    def __enter__(self) -> Transaction:
        """The same for `def` handlers and scripts; statements within go through `sync`."""
        whole = sync(self.__aenter__(), using=self._using)
        if self._part is None:
            # It was set in the context of the loop; here is where the block's statements begin.
            self._set_scope(self._using or get_database())
        return whole

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            sync(self._end(error), using=self._using)
        finally:
            if self._part is None:
                leave_scope()

    def __call__(
        self, function: Callable[Parameters, Awaitable[Result]]
    ) -> Callable[Parameters, Awaitable[Result]]:
        """`function`, each call of which is a transaction."""

        @wraps(function)
        async def call(*args: Parameters.args, **options: Parameters.kwargs) -> Result:
            for attempt in range(self._attempts_max):
                block = transaction(using=self._using, isolation=self._isolation, read_only=self._read_only)
                try:
                    async with block:
                        return await function(*args, **options)
                except SerializationFailure:
                    # A part can't be repeated: the whole has failed.
                    if block._part is not None or attempt + 1 == self._attempts_max:
                        raise
            raise AssertionError

        return call

    async def _begin(self) -> Transaction:
        database = self._using or get_database()
        outer = database.find_transaction()
        if outer is not None:
            self._ask_for_isolation(database, outer)
            self._part = await outer.begin_part()
            self._transaction = outer
            return outer
        refuse_beside_another(f"a transaction of the database {database.name}")
        begun = database.driver.begin(isolation=self._isolation, read_only=self._read_only)
        self._transaction = Transaction(begun, name=database.name)
        self._set_scope(database)
        return self._transaction

    def _set_scope(self, database: Database) -> None:
        current_scope.set(nested(database, self._transaction))

    async def _end(self, error: BaseException | None) -> None:
        whole = self._transaction
        assert whole is not None
        if self._part is not None:
            await (whole.keep_part(self._part) if error is None else whole.undo_part(self._part))
            return
        leave_scope()
        try:
            if error is None:
                await whole.commit()
        finally:
            await whole.rollback()

    def _ask_for_isolation(self, database: Database, outer: Transaction) -> None:
        """Let the whole have this isolation where it is a request's, in which nothing has been asked yet."""
        if self._isolation is None:
            return
        if not (outer.is_implicit and outer.is_untouched):
            raise TransactionError(
                "a part of a transaction can't have an isolation of its own",
                fix="Give it to the outermost transaction(); in a request, before its first statement.",
            )
        outer.begin_again(database.driver.begin(isolation=self._isolation, read_only=self._read_only))


async def on_commit(function: AfterCommit, *, using: Database | None = None) -> None:
    """Call (or await) `function` once the outermost transaction is committed, never if it is not.

    Without a transaction it is called at once. What it raises is logged.
    """
    database = using or find_database()
    whole = database.find_transaction() if database is not None else None
    if whole is None:
        await run_after_commit(function)
    else:
        whole.after_commit(function)
