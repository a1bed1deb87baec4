"""A text that must not be shown, and the names by which other such texts are known."""

from __future__ import annotations

import hmac
import re
from functools import lru_cache

MASK = "***"
"""What stands in the place of a secret."""


class Secret:
    """Holds a text that never shows itself: not in `repr`, `str`, an f-string, JSON or a log line.

    `reveal()` gives the text, so that each place that uses it can be found by that word.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # In constant time, so that comparing does not tell how much of a guess was right.
        return hmac.compare_digest(
            self._text.encode("utf-8", "surrogatepass"), other._text.encode("utf-8", "surrogatepass")
        )

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __str__(self) -> str:
        return MASK

    def __format__(self, _: str) -> str:
        return MASK

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return (Secret, (self._text,))


# Compared with the name in lower case: password, userPassword, API_KEY, X-Api-Key, session_id.
_SENSITIVE = re.compile(
    "pass[-_ ]?(?:word|wd|phrase)|pwd|secret|token|authori[sz]ation|cookie|api[-_ ]?key|private[-_ ]?key"
    "|credential|session|csrf|xsrf|credit|card[-_ ]?number|cvv|cvc"
)
_NAME_LENGTH_MAX = 200


# The same few names come with every log line. What is kept is bounded and can't go stale.
@lru_cache(maxsize=2_048)
def is_sensitive_name(name: str) -> bool:
    """Whether a field, setting, header or argument of this name holds what must not be shown."""
    # A name longer than this is no name; what it holds is not worth showing.
    return len(name) > _NAME_LENGTH_MAX or _SENSITIVE.search(name.lower()) is not None
