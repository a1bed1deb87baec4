"""The fields of the current request, which every log line written on its behalf carries.

One of the two context variables of Bistro (docs/decisions): log calls happen anywhere, also in
libraries that know nothing of requests, so that no parameter could carry these fields there.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar, Token

request_log_fields: ContextVar[Mapping[str, object] | None] = ContextVar("request_log_fields", default=None)
"""Set once a request, e.g. to `{"request_id": …}`; a mapping that is made anew, never changed in place.

It may be a lazy mapping: it is read only when a line is really written.
"""


def bind_log_fields(**fields: object) -> Token[Mapping[str, object] | None]:
    """Add `fields` to every log line of this request or task from here on.

    Holds for the current context: another request, and tasks begun before, don't see them.
    `request_log_fields.reset(token)` takes them away again.
    """
    return request_log_fields.set({**(request_log_fields.get() or {}), **fields})
