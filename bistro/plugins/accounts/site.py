"""What the parts of accounts share: the model, the services, and what other ways to log in have added."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol, TypeAlias  # Any: fields of the site's own model

from msgspec import Struct, field

from bistro.app import Setup
from bistro.db import transaction
from bistro.ground import Clock, Markup
from bistro.http import Conflict, Request
from bistro.plugins.accounts.access import AccessMaker
from bistro.plugins.accounts.events import Events
from bistro.plugins.accounts.groups import Group, add_to_group, remove_from_group
from bistro.plugins.accounts.hashes import prefix_of
from bistro.plugins.accounts.identity import Bearer, Demand, Doubt
from bistro.plugins.accounts.links import AGES, MailLinks, Purpose
from bistro.plugins.accounts.names import find_email_fault, find_name_fault, fold
from bistro.plugins.accounts.origin import origin_of
from bistro.plugins.accounts.passwords import Passwords
from bistro.plugins.accounts.rules import PasswordRules
from bistro.plugins.accounts.throttle import Throttle
from bistro.plugins.accounts.users import AbstractUser

KINDS_MAX: Final = 16
ROWS_EACH: Final = 50
LogInWith: TypeAlias = Literal["email", "name", "either"]


class FurtherStep(Protocol):
    """What must follow a password before the log-in counts, such as a code from an app."""

    name: str

    async def find_url(self, request: Request, user: AbstractUser) -> str | None:
        """Where the user goes on; None for one who needs no such step."""
        ...


class SecondFactor(FurtherStep, Protocol):
    """A further step that users set up for themselves; any of those that they have will do."""

    text: str
    """The link to its page for who is asked for another one: "Use a passkey"."""
    setup_text: str
    """The link to where users set it up."""
    makes_codes: bool
    """Whether recovery codes are made on that page."""

    def find_setup_url(self, request: Request, next: str = "") -> str:
        """The page on which users set it up, leading on to `next` the first time."""
        ...


PasswordChecker: TypeAlias = Callable[[str, str], Awaitable[AbstractUser | None]]
"""Is given what was typed as name and password; the user, if another system knows them by it."""


class Link(Struct, frozen=True):
    """A link that a way to log in puts on a page; the address is asked for when the page is shown."""

    text: str
    find_url: Callable[[Request], str]


class WayIn(Struct, frozen=True):
    """What lets somebody in besides the password, and stays when a new one is set, such as passkeys."""

    one: str
    many: str
    """Of several, as "passkeys"."""
    count: Callable[[AbstractUser], Awaitable[int]]
    find_url: Callable[[Request], str]
    """The page on which users remove them."""

    def text_of(self, count: int) -> str:
        """So many of them."""
        return f"one {self.one}" if count == 1 else f"{count} {self.many}"


class ProgramAccess(Protocol):
    """What goes on letting programs in for a user whose password has changed, such as tokens."""

    async def count(self, user: AbstractUser) -> int:
        """How many of them work."""
        ...

    async def end_all(self, user: AbstractUser) -> int:
        """End them; how many worked."""
        ...


class LogInMethod(Protocol):
    """Another way to log in, or a further step: `Accounts(methods=[…])` installs it."""

    def install(self, setup: Setup, site: AccountSite) -> None:
        """Add routes, models and templates through `setup`, and to the lists of `site`."""
        ...


class AccountSite(Struct, eq=False):
    """The accounts of one app. Methods and pages are given this; handlers ask for `LogIn`."""

    model: type[AbstractUser]
    at: str
    log_in_with: LogInWith
    home: str
    clock: Clock
    passwords: Passwords
    throttle: Throttle
    events: Events
    rules: PasswordRules
    links: MailLinks
    access: AccessMaker
    origin: str = ""
    """Scheme and host of links in mails; empty for those of the request."""
    keeps_port: bool = True
    """Whether links may have the port that a request names."""
    can_sign_up: bool = True
    sign_up_fields: Sequence[str] = ()
    """Fields of the site's own model that the sign-up page asks for."""
    must_verify: bool = True
    knows_hashes: bool = False
    """Whether this process has looked which kinds of hashes there are."""
    bearers: list[Bearer] = field(default_factory=list)
    """Kinds of tokens that requests may come with."""
    forgetters: list[Callable[[str], Awaitable[object]]] = field(default_factory=list)
    """Called with the key of a user who is deleted, to delete what belongs to them."""
    program_accesses: list[ProgramAccess] = field(default_factory=list)
    """Ended by a reset of the password, and by a change where the user says so."""
    password_checks: list[PasswordChecker] = field(default_factory=list)
    """Asked in this order whose a password is that is not right here."""
    steps: list[FurtherStep] = field(default_factory=list)
    """Asked in this order behind a right password."""
    second_factors: list[SecondFactor] = field(default_factory=list)
    """Those among the steps; see `add_second_factor`."""
    demands: list[Demand] = field(default_factory=list)
    """What a session must have proved before its user counts."""
    doubts: list[Doubt] = field(default_factory=list)
    """Asked of each request with a user's session: where one says yes, it is a visitor's."""
    login_autocomplete: str = "username"
    """What browsers may fill into the name or address on the log-in page."""
    log_in_parts: list[Callable[[Request], Markup]] = field(default_factory=list)
    """HTML at the end of the log-in page, such as a script."""
    log_in_links: list[Link] = field(default_factory=list)
    """Other ways, on the log-in page."""
    account_links: list[Link] = field(default_factory=list)
    """What users can set up, on their own page."""
    ways_in: list[WayIn] = field(default_factory=list)
    """Shown on the page of the account, to which a reset of the password leads who has any."""

    def origin_of(self, request: Request) -> str:
        """Scheme and host of a request, with its port only where that may be believed."""
        return origin_of(request, keeps_port=self.keeps_port)

    async def find_user(self, login: str) -> AbstractUser | None:
        """The user who types this to log in; locked out or not."""
        folded = fold(login)
        if not folded:
            return None
        by_email = self.log_in_with == "email" or (self.log_in_with == "either" and "@" in folded)
        column = self.model.email_key if by_email else self.model.name_key
        return await self.model.objects.find(column == folded)

    async def learn_hashes(self) -> None:
        """Look once which kinds of hashes there are besides those of today, so that none stands out by time.

        It reads the users until it has seen each kind, and all of them where there is none.
        """
        if self.knows_hashes:
            return
        column = self.model.password
        others = self.model.objects.filter(column != "", ~column.startswith(self.passwords.prefix))
        for _ in range(KINDS_MAX):
            found = await others.select(column).limit(ROWS_EACH)
            self.passwords.learn(found)
            if not found:
                break
            for each in {prefix_of(hashed) for hashed in found}:
                others = others.filter(~column.startswith(each))
        self.knows_hashes = True

    async def create_user(
        self, email: str, password: str | None = None, *, name: str = "", **fields: Any
    ) -> AbstractUser:
        """A new user. Raises ValueError for a name or address that can't be one, UniqueViolation if taken.

        `fields` are those of the model, such as `is_superuser`. The password is not held to any rule,
        and the address counts as verified unless `verified_at=None` is given.
        """
        fault = find_email_fault(email)
        if fault is not None:
            raise ValueError(f"the address {fault}")
        if name or self.log_in_with != "email":
            fault = find_name_fault(name)
            if fault is not None:
                raise ValueError(f"the name {fault}")
        hashed = "" if password is None else await self.passwords.hash(password)
        fields.setdefault("verified_at", self.now())
        names = self.names_of(name)
        return await self.model.objects.create(
            email=email, email_key=fold(email), password=hashed, **names, **fields
        )

    def names_of(self, name: str) -> dict[str, Any]:
        """The fields of a name: unique only where users log in by it."""
        return {"name": name, "name_key": fold(name) if self.log_in_with != "email" else None}

    async def delete_user(self, user: AbstractUser) -> None:
        """Delete a user, and what accounts keep of them.

        Raises IntegrityError where rows of the site need them.
        """
        async with transaction():
            await user.delete()
            for forget in self.forgetters:
                await forget(user.key)

    async def count_tokens(self, user: AbstractUser) -> int:
        """How many tokens of programs let in as this user."""
        return sum([await each.count(user) for each in self.program_accesses])

    async def end_tokens(self, user: AbstractUser) -> int:
        """End them all; how many there were."""
        return sum([await each.end_all(user) for each in self.program_accesses])

    async def claim_link(self, purpose: Purpose, token: str) -> bool:
        """Whether nobody has used this link before, even if what it changes is as it was again."""
        return await self.throttle.claim(f"{purpose} link", token, int(AGES[purpose].total_seconds()))

    async def confirm_address(self, user: AbstractUser, *, keeps_password: bool = False) -> bool:
        """Note that a user has shown that the address is theirs; False where that was known before.

        A password from before is forgotten, unless it is known to be of the same person: anybody may
        have signed up with that address, and would know it. Not where accounts count without this.
        Of parallel requests one is the first.
        """
        model, password = self.model, user.password
        if self.must_verify and not keeps_password:
            password = ""
        if user.verified_at is not None:
            return False
        # Only the password that is known here: another may have been chosen meanwhile.
        same = (model.key == user.key, model.password == user.password, model.verified_at.is_null())
        now = self.now()
        if not await model.objects.filter(*same).update({"verified_at": now, "password": password}):
            return False
        user.verified_at, user.password = now, password
        return True

    async def change_email(self, user: AbstractUser, email: str) -> bool:
        """Give a user another address, which is shown to be theirs; False where it has changed meanwhile.

        Raises UniqueViolation where somebody else has it.
        """
        changes = {"email": email, "email_key": fold(email), "verified_at": self.now()}
        model = self.model
        # Also of the links to two addresses one decides, and none of who has a new password since.
        same = (model.key == user.key, model.email_key == user.email_key, model.password == user.password)
        if not await model.objects.filter(*same).update(changes):
            return False
        for name, value in changes.items():
            setattr(user, name, value)
        return True

    async def make_group(self, name: str, roles: Sequence[str]) -> None:
        """Make a group, or give the one of this name these roles."""
        await Group.objects.upsert(on=Group.name, name=name, roles=list(roles))

    async def add_to_group(self, user: AbstractUser, name: str) -> None:
        """Put a user into a group. Raises NotFound where there is no such group."""
        await add_to_group(user.key, name)

    async def remove_from_group(self, user: AbstractUser, name: str) -> None:
        """Take a user out of a group. Raises NotFound where there is no such group."""
        await remove_from_group(user.key, name)

    def now(self) -> datetime:
        """The time by the site's clock."""
        return datetime.fromtimestamp(self.clock.time(), UTC)

    async def set_password(self, user: AbstractUser, password: str) -> bool:
        """Give a user a new password, which is held to no rule; False where it has changed meanwhile.

        Of two requests with one link one is the second, and a hash that is made anew at a log-in never
        takes the place of a password that was chosen while it was made.
        """
        hashed = await self.passwords.hash(password)
        same = self.model.objects.filter(self.model.key == user.key, self.model.password == user.password)
        if not await same.update({"password": hashed}):
            return False
        user.password = hashed
        return True

    @asynccontextmanager
    async def same_password(self, user: AbstractUser) -> AsyncIterator[None]:
        """A transaction for what lets in as `user` from now on, such as a token.

        Raises `Conflict` (409) where they have another password than is known here: what a stolen session
        has begun must not be kept behind the new password that was to end it.
        """
        model = self.model
        async with transaction():
            # A write, which holds the row: a new password waits for the end, and then ends this as well.
            same = model.objects.filter(model.key == user.key, model.password == user.password)
            if not await same.update({"password": user.password}):
                raise Conflict("The password has changed meanwhile. Please log in once more.")
            yield
