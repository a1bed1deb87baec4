"""The root of every error that Bistro raises on purpose.

    BistroError                      has a code, says what, where and how to fix it
    ├── SetupError        B100       the site can't start as it is written
    │   ├── ConfigError   B101       settings are missing or wrong (ground/config_errors.py)
    │   ├── ConflictError B102       two parts claim one thing (ground/claims.py)
    │   ├── WeakKeyError  B110       a secret key is missing or weak (ground/keyring.py)
    │   ├── LoggingError  B120       no such level or format of logging (ground/log.py)
    │   ├── FrozenError   B304       something was added to an app that serves already
    │   ├── …                        each room keeps its own kinds in its own errors.py:
    │   └──                          B20x routing, B30x injection and hooks
    ├── AnswerableError   B001       what has an answer of its own, wherever it is raised
    │   └── DatabaseError B800       the database can't do it, or not now (bistro/db/errors.py)
    ├── BadSignature      B111       a text was not made here, or changed (ground/signing.py)
    │   └── SignatureExpired  B112   it was made here, too long ago
    ├── SessionError      B950       a session can't hold that (bistro/plugins/sessions/errors.py)
    └── HttpError         B4xx       an answer to a request (bistro/http/errors.py)

`docs/reference/errors.md` has one entry per code; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from bistro.ground.problems import Problem
from bistro.ground.registry import Origin


class BistroError(Exception):
    """An error that says what went wrong, where it was written, and how to fix it.

    `code` is stable across releases and names the entry in `docs/reference/errors.md`.
    """

    code: ClassVar[str] = "B000"

    def __init__(self, what: str, *, where: tuple[Origin, ...] = (), fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        lines = [f"{type(self).__name__} ({self.code}): {self.what}"]
        lines += [f"  {origin}" for origin in self.where]
        if self.fix:
            lines.append(self.fix)
        return "\n".join(lines)


class AnswerableError(BistroError):
    """An error of a lower floor that has an answer: where a handler lets it through, it becomes that.

    `status` is 500 for what the site itself did wrong; then nothing of the error is shown.
    If you see this: a subclass has no code of its own.
    """

    code = "B001"
    status: ClassVar[int] = 500
    detail: str = ""
    """What the client may know."""
    headers: Mapping[str, str] = {}
    """What goes with the answer, e.g. `retry-after`."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with single values of the input."""


class SetupError(BistroError):
    """The site can't start as it is written; raised while building, checking or freezing."""

    code = "B100"
    exit_code: ClassVar[int] = 1
    """With what a command ends that stops here; 78 (EX_CONFIG of sysexits.h) for configuration."""


class FrozenError(SetupError):
    """Something was added to an app that already serves.

    If you see this: a route, hook or provider was registered after the app had started or
    answered its first request. Register everything while modules are imported.
    """

    code = "B304"
