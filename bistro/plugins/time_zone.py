"""The time zone of a visitor, for dates and times in forms and on pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from zoneinfo import ZoneInfo

from bistro.app import Setup
from bistro.forms import find_zone
from bistro.ground import SetupError
from bistro.http import Request


class TimeZoneError(SetupError):
    """There is no time zone of that name."""

    code = "B958"


@dataclass(frozen=True)
class TimeZone:
    """Give handlers and forms a `ZoneInfo`: that of the visitor's browser, or `default`.

    The script of `LiveForms` keeps the browser's in the cookie `cookie`. A site that knows better,
    from a user's settings, registers a function of its own instead: `app.provide(ZoneInfo, …)`.
    """

    default: str = "UTC"
    cookie: str = "timezone"

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Provide the zone. Raises `TimeZoneError`."""
        default = find_zone(self.default)
        if default is None:
            raise TimeZoneError(
                f"there is no time zone {self.default!r}", fix='Write one of IANA\'s names: "Europe/Berlin".'
            )
        name = self.cookie

        def zone_of_visitor(request: Request) -> ZoneInfo:
            return find_zone(request.cookies.get(name, "")) or default

        setup.provide(ZoneInfo, zone_of_visitor)
