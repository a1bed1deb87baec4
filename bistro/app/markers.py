"""The types by which a parameter says where its value comes from.

    async def show(id: int, page: Query[int] = 1, token: Annotated[str, From("header", "X-Token")] = ""):

`Query[int]` is `int` to a type checker; the marker is for Bistro.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, TypeAlias, TypeVar

from msgspec import Struct

from bistro.http import Response

T = TypeVar("T")

Place: TypeAlias = Literal["path", "query", "header", "cookie", "body"]


class From(Struct, frozen=True):
    """Where a value comes from; `name` where it is not that of the parameter."""

    place: Place
    name: str = ""


Path = Annotated[T, From("path")]
"""A value that the route's pattern takes from the path."""
Query = Annotated[T, From("query")]
"""A field of the query string, or, for a Struct or dataclass, all of them."""
Header = Annotated[T, From("header")]
"""A header; `user_agent` is read from `User-Agent`."""
Cookie = Annotated[T, From("cookie")]
"""A cookie."""
Body = Annotated[T, From("body")]
"""The JSON body."""

Proceed: TypeAlias = Callable[[], Awaitable[Response]]
"""What an around hook awaits to go on with the request; gives the response made inside."""
