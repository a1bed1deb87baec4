"""The pages: log in by a passkey, the step behind a password, and a user's own passkeys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any  # Any: what a browser sends as JSON

from msgspec import Struct

from bistro.http import FormData, Json, Redirect, Request, Response, UnprocessableContent, is_local_redirect
from bistro.plugins.accounts.identity import Owner
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.log_in_pages import ShownLink
from bistro.plugins.accounts.passkeys.ceremony import Party
from bistro.plugins.accounts.passkeys.keys import AutofillChallenge, PasskeyChallenge, PasskeyStore
from bistro.plugins.accounts.passkeys.models import Passkey
from bistro.plugins.accounts.recent import recent_log_in, recent_owner
from bistro.plugins.accounts.recovery import RecoveryStore
from bistro.plugins.accounts.second_factor import SECOND_FACTOR, find_other_factors, lose_last
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.throttle import PER_MINUTE
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.rate_limit import MemoryRateStore, client_address, limit_rate
from bistro.plugins.rendering import render
from bistro.routing import Routes
from bistro.templates import Page

BODY_SIZE_MAX = 64 * 1024
NEXT_LENGTH_MAX = 2_000
ASKED_MAX = "60/minute"
"""By address: each may be a new session of a visitor, which takes up room."""
NOBODY = "Nobody is logging in any more. Please begin again."
REFUSED = "This passkey was not accepted. Please try again."
NO_STORE = {"cache-control": "no-store"}


class PasskeyAnswer(Struct):
    """What the script sends: the device's answer, and the fields of the form."""

    credential: dict[str, Any]
    name: str = ""
    next: str = ""


class PasskeysPage(Page, template="accounts/passkeys/show.html"):
    """What show.html may use."""

    passkeys: Sequence[Passkey]
    is_asked_for: bool
    """Whether who has one needs it behind a password too."""
    codes_left: int
    is_demanded: bool
    """Whether the user gets nowhere else before."""
    next: str
    """Where they wanted to go then."""


class PasskeyLogInPage(Page, template="accounts/passkeys/log_in.html"):
    """What log_in.html may use."""

    next: str


class PasskeyCheckPage(Page, template="accounts/passkeys/check.html"):
    """What check.html may use."""

    links: list[ShownLink]
    """To other second factors of this user."""


class PasskeyStep:
    """Asks who has a passkey for it behind a password."""

    name = SECOND_FACTOR
    text = "Use a passkey"
    setup_text = "Add a passkey"
    makes_codes = False

    def __init__(self, store: PasskeyStore) -> None:
        self._store = store

    async def find_url(self, request: Request, user: AbstractUser) -> str | None:
        """The page that asks for it."""
        return request.url_for("passkeys.check") if await self._store.list_of(user.key) else None

    def find_setup_url(self, request: Request, next: str = "") -> str:
        """The page on which passkeys are added."""
        return request.url_for("passkeys.show", query={"next": next} if next else {})


class PasskeyPages:
    """The routes of passkeys."""

    def __init__(
        self,
        site: AccountSite,
        store: PasskeyStore,
        step: PasskeyStep,
        recovery: RecoveryStore,
        party: Party,
    ) -> None:
        self._site = site
        self._store = store
        self._step = step
        self._recovery = recovery
        self._party = party

    def add_to(self, routes: Routes) -> None:
        """Add them."""
        get, post = routes.get, routes.post
        # ASVS 5.0, 7.5.1: a session that was left open, or stolen, must not become a way in for ever.
        # The first three are public for the gate of a closed site only, as they may be demanded: see Owner.
        recent, own = [recent_log_in()], [recent_owner]
        get("/passkeys", name="show", before=own, public=True)(self.show)
        post("/passkeys/options", name="options", before=own, public=True)(self.ask_to_add)
        post("/passkeys", name="add", before=own, public=True)(self.add)
        post("/passkeys/remove", name="remove", before=recent)(self.remove)
        get("/passkeys/log-in", name="log_in", public=True)(self.show_log_in)
        limits = [self._make_limit()]
        ask_at = post("/passkeys/log-in/options", name="log_in.options", public=True, before=limits)
        ask_at(self.ask_to_log_in)
        post("/passkeys/log-in", name="log_in.check", public=True)(self.log_in)
        # Its limit is its own: those who only look at the log-in page must not use up the one above.
        limits = [self._make_limit()]
        fill_at = post("/passkeys/autofill/options", name="autofill.options", public=True, before=limits)
        fill_at(self.ask_to_fill)
        post("/passkeys/autofill", name="autofill.check", public=True)(self.fill)
        get("/passkeys/check", name="check", public=True)(self.show_check)
        post("/passkeys/check/options", name="check.options", public=True)(self.ask_to_check)
        pass_at = post("/passkeys/check", name="check.pass", public=True, before=[self._make_limit()])
        pass_at(self.check)

    def _make_limit(self) -> Callable[..., Any]:
        return limit_rate(ASKED_MAX, store=MemoryRateStore(clock=self._site.clock))

    async def show(self, owner: Owner, next: str = "") -> PasskeysPage:
        """A user's own passkeys."""
        key = owner.user.key
        return PasskeysPage(
            passkeys=await self._store.list_of(key),
            is_asked_for=self._is_asked_for,
            codes_left=await self._recovery.count(key),
            is_demanded=owner.is_demanded,
            next=next[:NEXT_LENGTH_MAX],
        )

    async def ask_to_add(self, request: Request, owner: Owner, asked: PasskeyChallenge) -> Response:
        """The question for a new passkey."""
        return as_json(await self._store.ask_to_add(self._find_party(request), asked, owner.user))

    async def add(
        self, sent: PasskeyAnswer, request: Request, owner: Owner, asked: PasskeyChallenge, log_in: LogIn
    ) -> Response:
        """Keep a new passkey."""
        party, user = self._find_party(request), owner.user
        made = await self._store.add(party, asked, user, sent.credential, sent.name)
        if made is None:
            raise UnprocessableContent(REFUSED)
        await log_in.note_added(user, f"passkey {made.name}", "a passkey")
        url = sent.next if is_local_redirect(sent.next) else request.url_for("passkeys.show")
        if self._is_asked_for:
            log_in.gain_step(SECOND_FACTOR)
            if not await self._recovery.count(user.key):
                url = request.url_for("passkeys.codes", query={"next": url})
        return Json({"url": url}, headers=NO_STORE)

    async def remove(self, data: FormData, request: Request, user: AbstractUser, log_in: LogIn) -> Redirect:
        """Forget one of the user's own; that of somebody else stays, and nothing is told of it."""
        which = data.fields.get("id", "")
        is_number = which.isascii() and which.isdecimal() and len(which) < 19
        if is_number and await self._store.remove(user, int(which)):
            await lose_last(self._site, request, user, log_in, self._recovery)
            await self._site.events.note(request, "method removed", user.key, detail="passkey")
        return Redirect(request.url_for("passkeys.show"))

    async def show_log_in(self, next: str = "") -> PasskeyLogInPage:
        """A button, for there must be one: browsers ask for a passkey only where somebody has clicked."""
        return PasskeyLogInPage(next=next[:NEXT_LENGTH_MAX])

    async def ask_to_log_in(self, request: Request, asked: PasskeyChallenge) -> Response:
        """The question for any passkey of the site."""
        return as_json(await self._store.ask_to_use(self._find_party(request), asked, "log in"))

    async def log_in(
        self, sent: PasskeyAnswer, request: Request, log_in: LogIn, asked: PasskeyChallenge
    ) -> Response:
        """Log in: the device has verified who holds it, so that it is two factors by itself."""
        return await self._log_in(sent, request, log_in, asked)

    async def ask_to_fill(self, request: Request, asked: AutofillChallenge) -> Response:
        """The same question, asked by the log-in page while a name may be typed."""
        return as_json(await self._store.ask_to_use(self._find_party(request), asked, "log in"))

    async def fill(
        self, sent: PasskeyAnswer, request: Request, log_in: LogIn, asked: AutofillChallenge
    ) -> Response:
        """Log in by the passkey that was chosen there."""
        return await self._log_in(sent, request, log_in, asked)

    async def _log_in(
        self, sent: PasskeyAnswer, request: Request, log_in: LogIn, asked: PasskeyChallenge
    ) -> Response:
        who = (f"address {client_address(request.exchange)}", PER_MINUTE)
        await self._site.throttle.take("passkey", who)
        passkey = await self._store.use(self._find_party(request), asked, "log in", sent.credential)
        user = None if passkey is None else await self._find_user(passkey.user_key)
        if user is None:
            whose = "" if passkey is None else passkey.user_key
            await self._site.events.note(request, "log-in failed", whose, detail="passkey")
            raise UnprocessableContent(REFUSED)
        await self._site.throttle.give_back("passkey", who)
        return leading_to(await log_in.begin(user, method="passkey", next=sent.next, skip_steps=True))

    async def show_check(self, request: Request, log_in: LogIn) -> Response:
        """Ask for a passkey of who is logging in."""
        found = await log_in.find_pending()
        if found is None:
            return Redirect(request.url_for("accounts.log_in"))
        links = await find_other_factors(self._site, request, found[0], self._step)
        if await self._recovery.count(found[0].key):
            links.append(ShownLink("Use a recovery code", request.url_for("passkeys.codes.check")))
        return render(PasskeyCheckPage(links=links))

    async def ask_to_check(self, request: Request, log_in: LogIn, asked: PasskeyChallenge) -> Response:
        """The question for one of their passkeys."""
        found = await log_in.find_pending()
        if found is None:
            raise UnprocessableContent(NOBODY)
        party, key = self._find_party(request), found[0].key
        return as_json(await self._store.ask_to_use(party, asked, "second factor", key))

    async def check(
        self, sent: PasskeyAnswer, request: Request, log_in: LogIn, asked: PasskeyChallenge
    ) -> Response:
        """Go on with the log-in."""
        found = await log_in.find_pending()
        if found is None:
            # Not noted: anybody could fill the table of events by it.
            raise UnprocessableContent(NOBODY)
        passkey = await self._store.use(self._find_party(request), asked, "second factor", sent.credential)
        if passkey is None or passkey.user_key != found[0].key:
            await self._site.events.note(request, "step failed", found[0].key, detail="passkey")
            raise UnprocessableContent(REFUSED)
        return leading_to(await log_in.pass_step(SECOND_FACTOR))

    @property
    def _is_asked_for(self) -> bool:
        return self._step in self._site.steps

    async def _find_user(self, key: str) -> AbstractUser | None:
        model = self._site.model
        user = await model.objects.find(model.key == key)
        return user if user is not None and user.is_active else None

    def _find_party(self, request: Request) -> Party:
        host, given = request.url.host, self._party
        # Never simply what the Host header says: another program, on another port of the same name, could
        # ask a user there, and bring the answer here with a header that fits it.
        origins = {self._site.origin, self._site.origin_of(request)} - {""}
        return Party(given.id or host, given.origins or tuple(origins), given.name or host)


def as_json(text: str) -> Response:
    """Options, which are JSON already."""
    return Response(text.encode(), content_type="application/json", headers=NO_STORE)


def leading_to(redirect: Redirect) -> Response:
    """Where to go, for a script."""
    return Json({"url": redirect.headers["location"]}, headers=NO_STORE)
