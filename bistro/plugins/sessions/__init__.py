"""Sessions: what a site remembers of a visitor from one request to the next."""

from bistro.plugins.sessions.cookie import CookieSessions
from bistro.plugins.sessions.database import DatabaseSessions, StoredSession, record_of
from bistro.plugins.sessions.errors import SessionDataError, SessionError
from bistro.plugins.sessions.file import FileSessions
from bistro.plugins.sessions.memory import MemorySessions
from bistro.plugins.sessions.plugin import SessionKeeper, Sessions
from bistro.plugins.sessions.record import Changes, Record, SessionStore
from bistro.plugins.sessions.session import Session, SessionData

__all__ = [
    "Changes",
    "CookieSessions",
    "DatabaseSessions",
    "FileSessions",
    "MemorySessions",
    "Record",
    "Session",
    "SessionData",
    "SessionDataError",
    "SessionError",
    "SessionKeeper",
    "SessionStore",
    "Sessions",
    "StoredSession",
    "record_of",
]
