"""Ordered mappings with many values per key: query strings, form fields, headers by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar, cast, overload

Value = TypeVar("Value")
Default = TypeVar("Default")

_MISSING = object()


class MultiDict(Mapping[str, Value], Generic[Value]):
    """A read-only mapping from text to one or more values, in the order in which they came.

    `d["k"]` and `d.get("k")` give the *first* value, `d.get_all("k")` all of them. Iteration, `len`
    and `items()` count each key once, by its first appearance; `multi_items()` gives every pair.

        >>> fields = MultiDict([("tag", "a"), ("page", "1"), ("tag", "b")])
        >>> fields["tag"], fields.get_all("tag"), list(fields)
        ('a', ['a', 'b'], ['tag', 'page'])
    """

    __slots__ = ("_index", "_pairs")

    def __init__(self, pairs: Iterable[tuple[str, Value]] | Mapping[str, Value] = ()) -> None:
        given = multi_items_of(pairs)
        index: dict[str, list[Value]] = {}
        for key, value in given:
            values = index.get(key)
            if values is None:
                index[key] = [value]
            else:
                values.append(value)
        self._pairs = given
        self._index = index

    def __getitem__(self, key: str) -> Value:
        return self._index[key][0]

    @overload
    def get(self, key: str, /) -> Value | None: ...

    @overload
    def get(self, key: str, default: Value | Default, /) -> Value | Default: ...

    def get(self, key: str, default: object = None, /) -> object:
        """The first value of `key`, or `default`."""
        values = self._index.get(key)
        return default if values is None else values[0]

    def get_all(self, key: str, /) -> list[Value]:
        """All values of `key` in order; empty where there are none."""
        return list(self._index.get(key, ()))

    def multi_items(self) -> list[tuple[str, Value]]:
        """Every pair in order, keys repeated."""
        return list(self._pairs)

    def __contains__(self, key: object) -> bool:
        return key in self._index

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def __eq__(self, other: object) -> bool:
        """Equal to a MultiDict with the same pairs in the same order; to a dict, by first values."""
        if isinstance(other, MultiDict):
            return self._pairs == cast("MultiDict[Value]", other)._pairs
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # values may be mutable, as with Mapping itself

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._pairs!r})"


class MutableMultiDict(MultiDict[Value]):
    """A MultiDict that can be changed; `set` and `remove` cost time in proportion to its size."""

    __slots__ = ()

    def add(self, key: str, value: Value) -> None:
        """Append a value; those that `key` has already stay."""
        self._pairs.append((key, value))
        self._index.setdefault(key, []).append(value)

    def set(self, key: str, value: Value) -> None:
        """Give `key` this one value, at the place of its first, or at the end if it is new."""
        if key not in self._index:
            self.add(key, value)
            return
        place = next(i for i, (name, _) in enumerate(self._pairs) if name == key)
        rest = [pair for pair in self._pairs[place + 1 :] if pair[0] != key]
        self._pairs = [*self._pairs[:place], (key, value), *rest]
        self._index[key] = [value]

    @overload
    def remove(self, key: str, /) -> list[Value]: ...

    @overload
    def remove(self, key: str, default: Default, /) -> list[Value] | Default: ...

    def remove(self, key: str, default: object = _MISSING, /) -> object:
        """Take `key` out with all its values and return them.

        Raises KeyError where there is no such key, unless `default` says what to return instead.
        """
        if key not in self._index:
            if default is _MISSING:
                raise KeyError(key)
            return default
        self._pairs = [pair for pair in self._pairs if pair[0] != key]
        return self._index.pop(key)


def multi_items_of(pairs: Iterable[tuple[str, Value]] | Mapping[str, Value]) -> list[tuple[str, Value]]:
    """A new list of the pairs in `pairs`, whichever kind of collection it is."""
    if isinstance(pairs, MultiDict):
        return cast("MultiDict[Value]", pairs).multi_items()
    if isinstance(pairs, Mapping):
        return list(cast("Mapping[str, Value]", pairs).items())
    return list(pairs)
