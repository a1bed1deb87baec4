"""Logging in and out: a password is checked, further steps may follow, then the session is the user's.

How it works. Whoever knows who somebody is, by a password, a passkey or another site, calls
`LogIn.begin(user, method=…)`. Each `FurtherStep` of the site is asked whether this user needs it. The
first that does gets the visitor: the session remembers a `PendingLogIn`, which lets nobody in, and the
answer leads to the step's page. That page finds who it is about with `LogIn.find_pending()`, and says
`LogIn.pass_step("its name")` when it is content, which asks the next step or completes the log-in. So
a step is one object and one page, and no page can forget a step.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Final

from msgspec import field

from bistro.app import Background
from bistro.http import Forbidden, Redirect, Request, is_local_redirect
from bistro.plugins.accounts.current import (
    CurrentUser,
    Impersonation,
    LoggedIn,
    stamp_of_password,
    stamp_of_rights,
)
from bistro.plugins.accounts.events import AccountEvent, EventKind
from bistro.plugins.accounts.letters import Letters
from bistro.plugins.accounts.links import stamp_of
from bistro.plugins.accounts.mails import VerifyMail
from bistro.plugins.accounts.names import fold
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.throttle import PER_DAY, PER_MINUTE
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.mail import Mailer
from bistro.plugins.rate_limit import Limit, client_address
from bistro.plugins.sessions import Session, SessionData, SessionKeeper

PENDING_SECONDS: Final = 600
IMPERSONATION_SECONDS: Final = 3_600
BEGAN: Final = "impersonation began"
SHORT: Final = timedelta(hours=12)
LONG: Final = timedelta(days=90)


class PendingLogIn(SessionData):
    """A log-in that does not count yet: a further step must follow."""

    user_key: str = ""
    method: str = ""
    next: str = ""
    remember: bool = False
    began_at: float = 0.0
    passed: list[str] = field(default_factory=list)
    stamp: str = ""
    """Of the password and the address that the log-in began with: with others it has to begin anew."""


class LogIn:
    """`log_in: LogIn` lets a handler check a password, and log somebody in or out."""

    __provided_by__: ClassVar[str] = "Accounts"

    def __init__(
        self,
        site: AccountSite,
        request: Request,
        session: Session,
        keeper: SessionKeeper,
        background: Background,
        mailer: Mailer,
    ) -> None:
        self.site = site
        self.request = request
        self.session = session
        self.background = background
        self.letters = Letters(site, request, mailer)
        """The mails of accounts."""
        self._keeper = keeper

    @property
    def address(self) -> str:
        """Whom attempts of this client are counted for."""
        return f"address {client_address(self.request.exchange)}"

    async def check(self, login: str, password: str) -> AbstractUser | None:
        """The user of this name or address, if the password is theirs and they may log in.

        Counted and slowed down by account and by address, right or wrong, known or not. Raises
        `TooManyRequests` (429, with `Retry-After`) beyond five in a minute. Where users log in by name or
        address, both are one account, and what goes beyond its five is answered as a wrong password:
        a 429 would tell that this address is that name's.
        """
        site, typed = self.site, limits_of(f"login {fold(login) or login}")
        await site.throttle.take("log-in", (self.address, PER_MINUTE), *typed)
        known = await site.find_user(login)
        user, is_old = await self._try(known, login, password)
        if user is None:
            await site.events.note(self.request, "log-in failed", "" if known is None else known.key)
            return None
        await site.throttle.give_back("log-in", (self.address, PER_MINUTE))
        await site.throttle.forget("log-in", *typed)
        await self._forget_attempts(user)
        if is_old:
            await self._renew_hash(user, password)
        return user

    async def find_password_faults(self, password: str, *words: str) -> list[str]:
        """What is wrong with a new password, by the rules of the site.

        Rules of the site's own may ask another service: only about what is right by the others, and
        counted by address. Raises `TooManyRequests` beyond five in a minute.
        """
        rules = self.site.rules
        faults = rules.find_own_faults(password, words)
        if faults or not rules.others:
            return faults
        await self.site.throttle.take("password rules", (self.address, PER_MINUTE))
        return await rules.find_other_faults(password)

    async def begin(
        self,
        user: AbstractUser,
        *,
        method: str,
        next: str = "",
        remember: bool = False,
        skip_steps: bool = False,
    ) -> Redirect:
        """Log `user` in, or lead to the further step that must come first; the answer of the handler.

        `method` says how they proved who they are, such as "password". `next` is where they wanted to
        go; one that would leave the site is forgotten. With `skip_steps` no step is asked, as after a
        passkey that is two factors by itself: all count as passed.
        """
        pending = PendingLogIn(
            user_key=user.key,
            method=method,
            next=next if is_local_redirect(next) else "",
            remember=remember,
            began_at=self.site.clock.time(),
            stamp=stamp_of("reset", user).hex(),
            passed=[each.name for each in self.site.steps] if skip_steps else [],
        )
        return await self._go_on(user, pending)

    async def find_pending(self) -> tuple[AbstractUser, PendingLogIn] | None:
        """Who is logging in, for the page of a step; None where nobody is, or for more than ten minutes."""
        pending = self.session.data(PendingLogIn)
        if not pending.user_key or self.site.clock.time() - pending.began_at > PENDING_SECONDS:
            return None
        model = self.site.model
        user = await model.objects.find(model.key == pending.user_key)
        if user is None or not user.is_active or stamp_of("reset", user).hex() != pending.stamp:
            return None
        return user, pending

    async def pass_step(self, name: str) -> Redirect:
        """Go on behind the step `name`; back to the log-in page where nobody is logging in any more."""
        found = await self.find_pending()
        if found is None:
            return Redirect(self.request.url_for("accounts.log_in"))
        user, pending = found
        await self.site.events.note(self.request, "step passed", user.key, detail=name)
        pending.passed = [*pending.passed, name]
        return await self._go_on(user, pending)

    async def log_out(self) -> Redirect:
        """End the session, on the server as well; the answer clears what the browser keeps of the site."""
        if self.session.owner:
            await self.site.events.note(self.request, "logged out", self.session.owner)
        self.session.end()
        # ASVS 5.0, 14.3.1. Cookies of other parts of the site, such as its language, may stay.
        return Redirect(self.site.home, headers={"clear-site-data": '"cache", "storage"'})

    async def change_password(self, user: AbstractUser, password: str, *, ends_tokens: bool = False) -> bool:
        """Give a user a new password, tell them by mail, and end all of their other sessions.

        ASVS 5.0, 7.4.3. The session of this request goes on, under a new token, if it is theirs. With
        `ends_tokens` their tokens for programs end too. False where another request has changed the
        password meanwhile.
        """
        if not await self.site.set_password(user, password):
            return False
        await self.end_others(user)
        if self.session.owner == user.key:
            self.session.data(LoggedIn).stamp = stamp_of_password(user)
        pending = self.session.data(PendingLogIn)
        if pending.user_key == user.key:  # a step of this log-in asks for a new password
            pending.stamp = stamp_of("reset", user).hex()
        await self._forget_attempts(user)
        ended = await self.site.end_tokens(user) if ends_tokens else 0
        if ended:
            await self.note("token ended", user, f"all {ended}")
        left = await self.site.count_tokens(user)
        self.background.add(self.letters.tell_change, user, "password", tokens_ended=ended, tokens_left=left)
        return True

    async def end_others(self, user: AbstractUser) -> None:
        """End all sessions of the user but this one, also those in which they are in another's place.

        This one, if it is theirs, goes on under a new token.
        """
        own = self.session.id if self.session.owner == user.key else ""
        await self._keeper.end_all_of(user.key, but=own)
        if own:
            self.session.rotate()
        since = self.site.now() - timedelta(seconds=IMPERSONATION_SECONDS)
        began = AccountEvent.objects.filter(
            AccountEvent.at >= since, AccountEvent.by_key == user.key, AccountEvent.kind == BEGAN
        )
        for key in {each.user_key for each in await began}:
            await self._keeper.end_all_of(key, only=lambda each: each.data(Impersonation).by_key == user.key)

    async def note(self, kind: EventKind, user: AbstractUser, detail: str = "") -> None:
        """Keep that this happened to `user`; also who did it, where somebody impersonates them."""
        by = self.session.data(Impersonation).by_key if self.session.owner == user.key else ""
        await self.site.events.note(self.request, kind, user.key, by_key=by, detail=detail)

    async def note_added(self, user: AbstractUser, detail: str, what: str) -> None:
        """Keep that something new lets somebody in, and tell the user by mail, with `what` as "a passkey"."""
        await self.note("method added", user, detail)
        self.background.add(self.letters.tell_added, user, what)

    async def impersonate(self, user: AbstractUser, target: AbstractUser) -> Redirect:
        """Let `user` use the site as `target` sees it, for an hour; every event says who did it.

        Raises `Forbidden` for a superuser, or for oneself. Whether `user` may, the caller has checked.
        """
        if target.is_superuser or target.key == user.key or self.session.owner != user.key:
            raise Forbidden("This user can't be impersonated.")
        await self.site.events.note(self.request, BEGAN, target.key, by_key=user.key)
        self.session.owner = target.key  # which forgets what was in the session before
        began = self.session.data(Impersonation)
        began.by_key, began.began_at = user.key, self.site.clock.time()
        began.stamps = [await stamp_of_rights(each) for each in (user, target)]
        self.session.record.expires_at = self.site.clock.time() + IMPERSONATION_SECONDS
        return Redirect(self.site.home)

    async def end_impersonation(self) -> Redirect:
        """Go back to one's own account; log out where its password or roles have changed meanwhile."""
        by_key = self.session.data(Impersonation).by_key
        if by_key:
            await self.site.events.note(
                self.request, "impersonation ended", self.session.owner, by_key=by_key
            )
            by = await CurrentUser(self.site.model).find_impersonator(self.session)
            if by is None:
                self.session.end()
            else:
                self._stop_impersonating()
                self.session.owner = by_key
                self.session.data(LoggedIn).stamp = stamp_of_password(by)
        return Redirect(self.site.home)

    def _stop_impersonating(self) -> None:
        kept = self.session.data(Impersonation)
        kept.by_key, kept.began_at, kept.stamps = "", 0.0, []

    async def _try(
        self, known: AbstractUser | None, login: str, password: str
    ) -> tuple[AbstractUser | None, bool]:
        """Whose password it is, and whether its hash should be made anew."""
        site = self.site
        account = limits_of(account_of(known, login)) if site.log_in_with == "either" else []
        may_try = await site.throttle.count("log-in", *account)
        await site.learn_hashes()
        # Nobody's password where the right one would not do either: the time must not tell that it was.
        hashed = known.password if known is not None and known.is_active and may_try else ""
        is_right, is_old = await site.passwords.verify(password, hashed)
        if is_right or not may_try:
            return (known if is_right else None), is_old
        return await self._find_elsewhere(login, password), False

    async def _renew_hash(self, user: AbstractUser, password: str) -> None:
        """Hash a right password anew; it is the same, so that the sessions which it has opened go on."""
        old = stamp_of_password(user)
        if not await self.site.set_password(user, password):
            return

        def follow(logged_in: LoggedIn) -> None:
            if logged_in.stamp == old:
                logged_in.stamp = stamp_of_password(user)

        await self._keeper.edit_all_of(user.key, LoggedIn, follow)
        if self.session.owner == user.key:
            follow(self.session.data(LoggedIn))

    async def _forget_attempts(self, user: AbstractUser) -> None:
        whos = (f"login {user.email_key}", f"login {user.name_key}", account_of(user))
        await self.site.throttle.forget("log-in", *(limit for who in whos for limit in limits_of(who)))

    def gain_step(self, name: str) -> None:
        """Count the step `name` as passed by this session, whose user has just set up what it asks for."""
        logged_in = self.session.data(LoggedIn)
        logged_in.steps = sorted({*logged_in.steps, name})
        self.session.rotate()  # more rights than the old token had

    def lose_step(self, name: str) -> None:
        """The contrary: its user has nothing any more that it asks for."""
        logged_in = self.session.data(LoggedIn)
        logged_in.steps = [each for each in logged_in.steps if each != name]

    async def _go_on(self, user: AbstractUser, pending: PendingLogIn) -> Redirect:
        if self.site.must_verify and user.verified_at is None:
            self.background.add(self.letters.send, VerifyMail, user, "verify")
            return Redirect(self.request.url_for("accounts.unverified"))
        for step in self.site.steps:
            if step.name in pending.passed:
                continue
            url = await step.find_url(self.request, user)
            if url is not None:
                self._keep(pending)
                return Redirect(url)
        return await self._complete(user, pending)

    async def _complete(self, user: AbstractUser, pending: PendingLogIn) -> Redirect:
        session, now, method = self.session, self.site.clock.time(), pending.method
        # Noted first: whoever gets a new password while this goes on ends the sessions that there are,
        # and this one is kept only once the request is over.
        await self.site.events.note(self.request, "logged in", user.key, detail=method)
        if not await self._note_log_in(user):
            await self.site.events.note(
                self.request, "log-in failed", user.key, detail="another password meanwhile"
            )
            return Redirect(self.request.url_for("accounts.log_in"))
        goal = pending.next or self.site.home  # read before the session forgets it
        session.owner = user.key
        session.rotate()  # also where they were logged in already: rights may differ
        session.record.expires_at = now + (LONG if pending.remember else SHORT).total_seconds()
        logged_in = session.data(LoggedIn)
        logged_in.at, logged_in.method, logged_in.steps = now, method, pending.passed
        logged_in.stamp = stamp_of_password(user)
        self._stop_impersonating()
        self._keep(PendingLogIn())
        for demand in self.site.demands:
            if not await demand.is_met(user, session):
                # Here, since the goal may be a page that is for visitors too.
                return Redirect(self.request.url_for("second_factor.lead", query={"next": goal}))
        return Redirect(goal)

    async def _note_log_in(self, user: AbstractUser) -> bool:
        """Whether the password and the address are still those that the log-in began with."""
        model, now = self.site.model, self.site.now()
        same = (model.key == user.key, model.password == user.password, model.email_key == user.email_key)
        if not await model.objects.filter(*same).update({"logged_in_at": now}):
            return False
        user.logged_in_at = now
        return True

    def _keep(self, pending: PendingLogIn) -> None:
        # A new token: whoever has planted the old one does not get to the page of the step.
        self.session.rotate()
        kept = self.session.data(PendingLogIn)
        for name in PendingLogIn.__struct_fields__:
            setattr(kept, name, getattr(pending, name))

    async def _find_elsewhere(self, login: str, password: str) -> AbstractUser | None:
        for check in self.site.password_checks:
            user = await check(login, password)
            if user is not None:
                return user
        return None


def account_of(user: AbstractUser | None, login: str = "") -> str:
    """Whom the attempts at one account are counted for, however it is called; an unknown one as typed."""
    return f"nobody {fold(login) or login}" if user is None else f"user {user.key}"


def limits_of(who: str) -> list[tuple[str, Limit]]:
    """How many failed attempts at one account there may be."""
    return [(who, PER_MINUTE), (who, PER_DAY)]
