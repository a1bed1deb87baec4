"""`RemoteUser`: a proxy in front of the site has logged people in, and says who it is in a header."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bistro.app import Setup
from bistro.db import UniqueViolation, transaction
from bistro.http import Request
from bistro.plugins.accounts.current import LoggedIn
from bistro.plugins.accounts.log_in import LogIn
from bistro.plugins.accounts.names import EMAIL_LENGTH_MAX, find_email_fault, find_name_fault
from bistro.plugins.accounts.site import AccountSite
from bistro.plugins.accounts.users import AbstractUser
from bistro.plugins.sessions import Session, SessionData

METHOD: Final = "remote user"


class RemoteSession(SessionData):
    """Whom the proxy has said this session is of."""

    login: str = ""


@dataclass(frozen=True)
class RemoteUser:
    """Believe the proxy about who somebody is: `Accounts(methods=[RemoteUser("remote-user")])`.

    The header says what users would type to log in. It counts only in requests that a proxy of the
    app's `trusted_proxies` has passed on; that proxy must take the header out of what it is sent.
    Who has no account gets one, unless `sign_up` is off, with the address in `email_header`, or what
    the header says where that is an address. A request without the header ends such a session.
    """

    header: str = "remote-user"
    email_header: str = ""
    sign_up: bool = True

    def install(self, setup: Setup, site: AccountSite) -> None:
        """Look at the header wherever a session is asked for."""
        reader = RemoteUserReader(site, self.header.lower(), self.email_header.lower(), self.sign_up)
        setup.before(reader.follow, only_if_used=Session)
        site.doubts.append(reader.is_of_another)


class RemoteUserReader:
    """Makes the session that of whom the proxy names."""

    def __init__(self, site: AccountSite, header: str, email_header: str, sign_up: bool) -> None:
        self._site = site
        self._header = header
        self._email_header = email_header
        self._sign_up = sign_up

    async def follow(self, request: Request, session: Session, log_in: LogIn) -> None:
        """Log in, or out, as the header says."""
        login, remote = self._read(request, self._header), session.data(RemoteSession)
        if login == remote.login and (session.owner or not login):
            return
        if remote.login:
            session.owner = ""  # which empties it of what the one before had there
            session.data(RemoteSession).login = ""
        user = await self._find_user(request, login) if login else None
        if user is not None and user.is_active:
            await log_in.begin(user, method=METHOD, skip_steps=True)
            session.data(RemoteSession).login = login
            session.data(LoggedIn).stamp = ""  # a password here is nothing that the proxy goes by

    def is_of_another(self, request: Request, session: Session) -> bool:
        """Whether the proxy no longer names whose session it is.

        Only in templates, which may be the first to look at a session, behind the handler: too late to
        log in or out.
        """
        login = session.data(RemoteSession).login
        return bool(login) and self._read(request, self._header) != login

    def _read(self, request: Request, header: str) -> str:
        """What the header says; nothing where it could be anybody's word, or can't be a name."""
        if not header or not request.exchange.is_from_proxy:
            return ""
        values = request.headers.get_all(header)
        text = values[0].strip() if len(values) == 1 else ""
        return text if len(text) <= EMAIL_LENGTH_MAX and text.isprintable() else ""

    async def _find_user(self, request: Request, login: str) -> AbstractUser | None:
        user = await self._site.find_user(login)
        if user is not None or not self._sign_up:
            return user
        email = self._read(request, self._email_header) or login
        name = "" if "@" in login else login
        if find_email_fault(email) is not None or (name and find_name_fault(name) is not None):
            return None
        try:
            # Another request may be quicker; the transaction of this one has to go on then.
            async with transaction():
                user = await self._site.create_user(email, None, name=name)
        except (UniqueViolation, ValueError):
            return await self._site.find_user(login)
        await self._site.events.note(request, "signed up", user.key, detail=METHOD)
        return user
