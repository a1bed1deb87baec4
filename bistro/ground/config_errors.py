"""All that is wrong with a site's configuration, told at once."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from bistro.ground.errors import SetupError
from bistro.ground.text import escape_control_characters


class ConfigFault(Struct, frozen=True):
    """One setting that is missing or wrong, or one line of a file that can't be read."""

    name: str
    """The setting as one would set it, e.g. `MAIL_HOST`; or the file."""
    wanted: str = ""
    """What to write, in words, e.g. `a whole number`."""
    origin: str = ""
    """Where the wrong value stands: `environment`, `.env:3`, `shop.toml: mail.host`; empty if nowhere."""
    problem: str = "is missing"
    hint: str = ""

    def __str__(self) -> str:
        parts = [f"{self.name} {self.problem}"]
        if self.wanted:
            parts.append(f"; wanted {self.wanted}")
        if self.origin:
            parts.append(f"   ({self.origin})")
        line = escape_control_characters("".join(parts))
        return f"{line}\n    {self.hint}" if self.hint else line


class ConfigError(SetupError):
    """The configuration can't be used; `faults` holds everything that is wrong with it."""

    code = "B101"
    exit_code = 78

    def __init__(self, what_for: str, faults: Sequence[ConfigFault]) -> None:
        self.faults = tuple(faults)
        number = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        lines = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(
            f"{number} in the configuration of {what_for}\n{lines}",
            fix="Set each in the environment, in .env (read in development) or in the TOML file.",
        )
