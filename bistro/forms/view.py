"""A form as a page shows it: fields with the values that were sent, and what was wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Generic, TypeVar  # Any: initial values are of the types of the fields

from bistro.forms.fields import FormField, find_fields, text_of
from bistro.forms.markup import render_field, render_summary
from bistro.ground.multidict import MultiDict
from bistro.ground.problems import Problem
from bistro.ground.text import Markup
from bistro.validation import ValidationFailed, struct_converter

T = TypeVar("T")


class FormView(Generic[T]):
    """A form of type `T` for a page: empty, with initial values, or with what a visitor sent.

        form = FormView(NewNote)                      # GET
        form = FormView.read(NewNote, data.fields)    # POST, with data: FormData
        if form.value is None: show the page again with status 422

    `form.html` is the whole content of the `<form>` but for its button; a loop over it gives
    the fields one by one, and `form["title"]` one of them. Only fields of `T` are ever read.
    """

    def __init__(self, kind: type[T], initial: T | None = None, *, prefix: str = "f") -> None:
        """Show `initial`. `prefix` begins the ids, where one page has several forms.

        Raises `FormTypeError` (B953).
        """
        self.kind = kind
        hashable: Any = kind  # every class is, but a type variable may stand for others
        self.fields = find_fields(hashable)
        self.value: T | None = None
        """What was sent, checked; None where something is wrong, or nothing was sent."""
        self.problems: list[Problem] = []
        self._prefix = prefix
        self._texts = {each.name: _initial_texts(each, initial) for each in self.fields}

    @classmethod
    def read(cls, kind: type[T], sent: MultiDict[str], *, prefix: str = "f") -> FormView[T]:
        """The form as it was sent: with a value, or with problems and all texts kept."""
        hashable: Any = kind
        view = cls(kind, prefix=prefix)
        view._texts = {each.name: sent.get_all(each.name) for each in view.fields}
        try:
            view.value = _converter_of(hashable)(sent)
        except ValidationFailed as failed:
            view.problems = failed.with_place("form").problems
        return view

    @property
    def status(self) -> int:
        """422 where something is wrong, else 200."""
        return 422 if self.problems else 200

    def add_problem(self, name: str, message: str, code: str = "invalid") -> None:
        """Say what else is wrong, such as a title that is taken; `name` is empty for the whole form."""
        self.problems.append(Problem("form", name, message, code))
        self.value = None

    def messages(self, name: str) -> list[str]:
        """What is wrong with a field, and with anything inside it."""
        return [
            each.message
            for each in self.problems
            if each.path == name or each.path.startswith((f"{name}[", f"{name}."))
        ]

    def __iter__(self) -> Iterator[Markup]:
        return (self._render(each) for each in self.fields)

    def __getitem__(self, name: str) -> Markup:
        return self._render(next(each for each in self.fields if each.name == name))

    @property
    def summary(self) -> Markup:
        """All problems with links to their fields, focused when the page opens; empty without any."""
        labels = {each.name: each.label for each in self.fields}
        found = []
        for problem in self.problems:
            name = problem.path.partition("[")[0].partition(".")[0]
            found.append((self._id(name) if name in labels else "", labels.get(name, ""), problem.message))
        return render_summary(found, self._prefix)

    @property
    def html(self) -> Markup:
        """The summary and all fields."""
        return Markup("\n".join([*filter(None, [self.summary]), *self]))

    def __html__(self) -> str:
        return self.html

    def _render(self, field: FormField) -> Markup:
        return render_field(field, self._id(field.name), self._texts[field.name], self.messages(field.name))

    def _id(self, name: str) -> str:
        return f"{self._prefix}-{name}"


# Making a converter takes as long as using it a few hundred times.
_converter_of = lru_cache(maxsize=1024)(struct_converter)


def _initial_texts(field: FormField, initial: Any) -> list[str]:
    if initial is None:
        value = field.make_default()
    elif isinstance(initial, Mapping):
        value = initial.get(field.attribute)
    else:
        value = getattr(initial, field.attribute)
    if isinstance(value, list | tuple | set | frozenset):
        return [text_of(each) for each in value]
    text = text_of(value)
    return [text] if text else []
