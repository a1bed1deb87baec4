"""Scopes of an RSGI server, made by hand."""

from __future__ import annotations


class Headers:
    def __init__(self, pairs) -> None:
        self._pairs = pairs

    def __contains__(self, name) -> bool:
        return any(each == name for each, _ in self._pairs)

    def get(self, name, default=None):
        return next((value for each, value in self._pairs if each == name), default)

    def items(self):
        return list(self._pairs)


class Scope:
    """A scope as granian makes it."""

    proto, http_version, scheme, method = "http", "1.1", "http", "GET"
    client, path, query_string, authority = "192.0.2.1:5000", "/", "", None

    def __init__(self, *headers, **changes) -> None:
        self.headers = Headers([("host", "localhost"), *headers])
        vars(self).update(changes)
