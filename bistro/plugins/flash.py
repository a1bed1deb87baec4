"""Flash messages: what one request wants to tell the visitor on the next page, and there only once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from msgspec import Struct, field

from bistro.app import Setup
from bistro.plugins.sessions import Session, SessionData, SessionError, Sessions

COUNT_MAX: Final = 20
TEXT_LENGTH_MAX: Final = 1_000


class Flash(Struct, frozen=True):
    """One message: its text, and a kind such as "success" or "error" for the style sheet."""

    text: str
    kind: str = "info"


class KeptFlashes(SessionData):
    """The messages that no page has shown yet, as the session keeps them."""

    messages: list[Flash] = field(default_factory=list)


class Flashes:
    """The messages of a visitor: `add` one before a redirect, `take` them all on the page that shows them.

    They live in the session, so two pages of one visitor never show the same one twice.
    """

    __provided_by__: ClassVar[str] = "FlashMessages"

    def __init__(self, kept: KeptFlashes) -> None:
        self._kept = kept

    def add(self, text: str, kind: str = "info") -> None:
        """Show `text` on the next page that shows messages; of more than 20 the oldest is forgotten.

        Raises `SessionError` (B950) for a text of more than 1,000 characters.
        """
        if len(text) > TEXT_LENGTH_MAX:
            raise SessionError(
                f"a flash message has {len(text):,} characters, and may have {TEXT_LENGTH_MAX:,}",
                fix="Say it shorter, and link to a page with the rest.",
            )
        self._kept.messages = [*self._kept.messages, Flash(text, kind)][-COUNT_MAX:]

    def take(self) -> list[Flash]:
        """All messages, oldest first; they are forgotten by this."""
        messages, self._kept.messages = self._kept.messages, []
        return messages

    def __iter__(self) -> Iterator[Flash]:
        return iter(self.take())

    def __len__(self) -> int:
        return len(self._kept.messages)


@dataclass(frozen=True)
class FlashMessages:
    """Give handlers `Flashes` and templates `flashes`: messages for the next page. Needs `Sessions`."""

    requires: ClassVar[tuple[type, ...]] = (Sessions,)

    def install(self, setup: Setup) -> None:
        """Provide them out of the session, which only pages that show or add some load."""
        setup.provide(Flashes, open_flashes)
        setup.template_global("flashes", show_flashes)


def open_flashes(session: Session) -> Flashes:
    """The messages in a session."""
    return Flashes(session.data(KeptFlashes))


def show_flashes(flashes: Flashes) -> Flashes:
    """What templates go through; those that they have shown are forgotten."""
    return flashes
