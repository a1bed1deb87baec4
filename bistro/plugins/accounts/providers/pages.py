"""The pages: to another site and back, and the accounts that a user has connected."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from bistro.ground import get_logger
from bistro.http import FormData, NotFound, Redirect, Request, Response
from bistro.plugins.accounts.identities import ExternalIdentity, Identity, Linking, Refusal
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.providers.provider import Ask, Provider, SignInFailed
from bistro.plugins.accounts.providers.web import WebClient
from bistro.plugins.accounts.recent import recent_log_in
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.rate_limit import MemoryRateStore, limit_rate
from bistro.plugins.rendering import render
from bistro.plugins.sessions import SessionData
from bistro.routing import Routes
from bistro.templates import Page

PENDING_SECONDS: Final = 600
BEGUN_MAX: Final = "60/minute"
"""By address: each may be a new session of a visitor, which takes up room."""
VALUE_LENGTH_MAX: Final = 4_000
_log = get_logger("bistro.accounts")


class PendingSignIn(SessionData):
    """The question that this browser was sent away with; it may be answered once."""

    provider: str = ""
    state: str = ""
    nonce: str = ""
    verifier: str = ""
    next: str = ""
    user_key: str = ""
    """Whose account it is to be connected to; empty for a log-in."""
    at: float = 0.0


class IdentitiesPage(Page, template="accounts/providers/show.html"):
    """What show.html may use."""

    identities: Sequence[Identity]
    providers: Sequence[Provider]
    labels: dict[str, str]
    problem: str = ""


class SignInFailedPage(Page, template="accounts/providers/failed.html"):
    """What failed.html may use."""

    reason: str


class ProviderPages:
    """The routes of log-ins with other sites."""

    def __init__(
        self,
        site: AccountSite,
        providers: Mapping[str, Provider],
        linking: Linking,
        web: WebClient,
        base_url: str,
    ) -> None:
        self._site = site
        self._providers = providers
        self._linking = linking
        self._web = web
        self._base_url = base_url.rstrip("/")

    def add_to(self, routes: Routes) -> None:
        """Add them."""
        sensitive = [recent_log_in()]
        routes.get("/with", name="show", before=sensitive)(self.show)
        routes.post("/with/remove", name="remove", before=sensitive)(self.remove)
        limits = [limit_rate(BEGUN_MAX, store=MemoryRateStore(clock=self._site.clock))]
        routes.get("/with/{name}", name="begin", public=True, before=limits)(self.begin)
        routes.post("/with/{name}", name="connect", before=sensitive)(self.connect)
        routes.get("/with/{name}/callback", name="callback", public=True)(self.come_back)

    async def show(self, user: AbstractUser) -> Response:
        """What a user has connected."""
        return await self._show(user)

    async def begin(self, name: str, request: Request, pending: PendingSignIn, next: str = "") -> Response:
        """Send the browser to the other site."""
        return await self._leave(name, request, pending, next[:2_000], "")

    async def connect(
        self, name: str, request: Request, pending: PendingSignIn, user: AbstractUser
    ) -> Response:
        """The same for who is logged in and wants to connect it."""
        return await self._leave(name, request, pending, "", user.key)

    async def come_back(
        self,
        name: str,
        request: Request,
        pending: PendingSignIn,
        log_in: LogIn,
        user: AbstractUser | None,
    ) -> Response:
        """Log in who the other site says has come back, or connect them."""
        provider = self._find(name)
        asked = take(pending)
        try:
            who = await self._find_identity(provider, request, asked)
            if asked.user_key:
                return await self._finish_connecting(provider, asked, who, log_in, user)
            found, is_new = await self._linking.find_or_make_user(provider, who)
        except Refusal as refusal:
            return self._fail(str(refusal))
        except SignInFailed as failed:
            _log.warning("sign-in failed", provider=provider.name, reason=str(failed)[:300])
            if asked.state:  # else nobody was sent there, and anybody could fill the table of events
                await self._site.events.note(request, "log-in failed", "", detail=f"with {provider.name}")
            return self._fail(f"You could not be logged in with {provider.label}. Please try again.")
        if is_new:
            await self._site.events.note(request, "signed up", found.key, detail=f"with {provider.name}")
        return await log_in.begin(found, method=provider.name, next=asked.next)

    async def remove(self, data: FormData, request: Request, user: AbstractUser) -> Response:
        """Disconnect one of the user's own."""
        which = data.fields.get("id", "")
        if which.isascii() and which.isdecimal() and len(which) < 19:
            try:
                found = await self._linking.remove(user, int(which))
            except Refusal as refusal:
                return await self._show(user, str(refusal))
            if found is not None:
                detail = f"with {found.provider}"
                await self._site.events.note(request, "method removed", user.key, detail=detail)
        return Redirect(request.url_for("sign_in_with.show"))

    async def _leave(
        self, name: str, request: Request, pending: PendingSignIn, next: str, user_key: str
    ) -> Response:
        provider = self._find(name)
        pending.provider, pending.next, pending.user_key = provider.name, next, user_key
        pending.state, pending.nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        pending.verifier, pending.at = secrets.token_urlsafe(48), self._site.clock.time()
        try:
            url = await provider.find_url(self._web, self._ask(request, pending))
        except SignInFailed as failed:
            _log.warning("sign-in failed", provider=provider.name, reason=str(failed)[:300])
            return self._fail(f"{provider.label} can't be reached at the moment.", status=503)
        # The address is the provider's own, and says what it says: it is not checked as a local one is.
        return Response(status=303, headers={"location": url, "cache-control": "no-store"})

    async def _find_identity(
        self, provider: Provider, request: Request, asked: PendingSignIn
    ) -> ExternalIdentity:
        query = request.query
        state, code, error = (query.get(each, "") for each in ("state", "code", "error"))
        if not asked.state or asked.provider != provider.name:
            raise SignInFailed("this browser was not sent there")
        # Another browser's answer: somebody would be logged in to an account that is not theirs.
        if not hmac.compare_digest(state.encode("utf-8", "replace"), asked.state.encode()):
            raise SignInFailed("the state is another")
        if not 0 <= self._site.clock.time() - asked.at <= PENDING_SECONDS:
            raise SignInFailed("it took more than ten minutes")
        if error or not 0 < len(code) <= VALUE_LENGTH_MAX:
            raise SignInFailed(f"the provider says {error[:100]!r}")
        issuer = getattr(provider, "issuer", None)
        # RFC 9207: the answer may say whose it is, so that one provider can't pass on another's.
        if issuer is not None and query.get("iss", issuer) != issuer:
            raise SignInFailed("the answer is of another issuer")
        return await provider.find_identity(self._web, code, self._ask(request, asked))

    async def _finish_connecting(
        self,
        provider: Provider,
        asked: PendingSignIn,
        who: ExternalIdentity,
        log_in: LogIn,
        user: AbstractUser | None,
    ) -> Response:
        # As they were before the other site was asked, which may have taken its time.
        if user is None or user.key != asked.user_key:
            raise SignInFailed("somebody else is logged in by now")
        await self._linking.connect(provider, who, user)
        await log_in.note_added(user, f"with {provider.name}", f"a log-in with {provider.label}")
        return Redirect(log_in.request.url_for("sign_in_with.show"))

    async def _show(self, user: AbstractUser, problem: str = "") -> Response:
        identities = await Identity.objects.filter(Identity.user_key == user.key).order_by(Identity.id)
        page = IdentitiesPage(
            identities=list(identities),
            providers=list(self._providers.values()),
            labels={name: each.label for name, each in self._providers.items()},
            problem=problem,
        )
        return render(page, status=422 if problem else 200)

    def _ask(self, request: Request, pending: PendingSignIn) -> Ask:
        path = request.url_for("sign_in_with.callback", name=pending.provider)
        base = self._base_url or request.url.origin
        return Ask(f"{base}{path}", pending.state, pending.nonce, pending.verifier)

    def _find(self, name: str) -> Provider:
        provider = self._providers.get(name)
        if provider is None:
            raise NotFound
        return provider

    def _fail(self, reason: str, status: int = 422) -> Response:
        return render(SignInFailedPage(reason=reason), status=status, headers={"cache-control": "no-store"})


def take(pending: PendingSignIn) -> PendingSignIn:
    """The question, which is forgotten by this: no answer is taken twice."""
    taken = PendingSignIn(**{name: getattr(pending, name) for name in PendingSignIn.__struct_fields__})
    for name, value in zip(PendingSignIn.__struct_fields__, PendingSignIn.__struct_defaults__, strict=True):
        setattr(pending, name, value)
    return taken
