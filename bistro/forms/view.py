"""A form as a page shows it: fields with the values that were sent, and what was wrong with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar  # Any: initial values are of the types of the fields

from bistro.forms.choosing import find_choices
from bistro.forms.fields import FormField, FormTypeError, find_fields, walk
from bistro.forms.initial import InitialValues, Level
from bistro.forms.markup import render_summary
from bistro.forms.painting import Painter, Widgets, id_of, label_of
from bistro.forms.reading import form_reader
from bistro.forms.refusal import FormRefused
from bistro.forms.sent import as_form_data
from bistro.ground.multidict import MultiDict
from bistro.ground.problems import Problem
from bistro.ground.text import Markup
from bistro.http import FormData

T = TypeVar("T")


class FormView(Generic[T]):
    """A form of type `T` for a page: empty, with initial values, or with what a visitor sent.

        async def new(form: FormView[NewNote]):       # GET; shown again where POST's Form[NewNote] fails
        form = FormView(NewNote)                      # the same by hand
        form = FormView.read(NewNote, data)           # POST, with data: FormData
        if form.value is None: show the page again with status 422

    `form.html` is the whole content of the `<form>` but for its button; a loop over it gives
    the fields one by one, and `form["title"]` one of them. Only fields of `T` are ever read.
    """

    def __init__(
        self,
        kind: type[T],
        initial: Any = None,
        *,
        prefix: str = "f",
        zone: dt.tzinfo = dt.UTC,
        widgets: Widgets | None = None,
    ) -> None:
        """Show `initial`: a `T`, or any object or mapping with the same names.

        `prefix` begins the ids, where one page has several forms. Moments are shown in `zone`.
        Raises `FormTypeError` (B953).
        """
        self.kind = kind
        hashable: Any = kind  # every class is, but a type variable may stand for others
        self.fields: tuple[FormField, ...] = find_fields(hashable)
        self.value: T | None = None
        """What was sent, checked; None where something is wrong, or nothing was sent."""
        self.problems: list[Problem] = []
        self.widgets = widgets
        self.step = ""
        """The step of a wizard that is shown; empty for other forms."""
        self.focus = ""
        self.choices: dict[str, Sequence[tuple[str, str]]] = {}
        self._prefix = prefix
        self._zone = zone
        self._initial = initial
        self._sent: Level | None = None
        if getattr(kind, "__form_steps__", False):
            self.step = self.fields[0].name

    @classmethod
    def read(
        cls, kind: type[T], sent: MultiDict[str] | FormData, *, prefix: str = "f", zone: dt.tzinfo = dt.UTC
    ) -> FormView[T]:
        """The form as it was sent: with a value, or with problems and all texts kept.

        Raises `FormTypeError` (B953) for a type with checks that have to be awaited: those are for
        handlers that take a `Form[T]`.
        """
        hashable: Any = kind
        reader = form_reader(hashable)
        if reader.must_wait:
            raise FormTypeError(
                f"{kind.__name__} can't be read at once: some of its checks have to be awaited",
                fix=f"Let the handler take form: Form[{kind.__name__}].",
            )
        view = cls(kind, prefix=prefix, zone=zone)
        data = reader.sent(as_form_data(sent))
        reading = reader.read(data, zone)
        view._sent = data
        view.value = reading.value
        for each in reading.problems:
            view.add_problem(each.path, each.message, each.code)
        return view

    def take_refused(self, refused: FormRefused) -> None:
        """Show what was sent, and what was wrong with it."""
        self._sent = refused.sent
        self._zone = refused.zone
        self.problems = list(refused.problems)
        self.step = refused.step or self.step
        self.focus = refused.focus

    async def prepare(self) -> None:
        """Look up the choices of fields whose choices are not in the type; the app does so by itself."""
        self.choices = await find_choices(self.fields, self._level)

    def fill(self, initial: Any) -> FormView[T]:
        """Show what is in `initial`, such as the row to be edited, unless a visitor has sent something.

        Gives the same form, for `return EditPage(form.fill(note))`.
        """
        self._initial = initial
        return self

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
        if not self.problems:
            return []
        inside = (f"{name}[", f"{name}.")
        return [each.message for each in self.problems if each.path == name or each.path.startswith(inside)]

    @property
    def is_last_step(self) -> bool:
        """Whether its button sends the form for good; False for the steps before the last of a wizard."""
        return not self.step or self.step == self.fields[-1].name

    @property
    def enctype(self) -> str:
        """How a browser is to send it, for `<form enctype="…">`: as multipart where it has files."""
        has_files = any(each.kind == "file" for each in walk(self.fields))
        return "multipart/form-data" if has_files else "application/x-www-form-urlencoded"

    def __iter__(self) -> Iterator[Markup]:
        painter = self._painter()
        return (Markup(painter.paint(each)) for each in self.fields)

    def __getitem__(self, name: str) -> Markup:
        field = next((each for each in self.fields if each.name == name), None)
        if field is None:
            raise KeyError(name)
        return Markup(self._painter().paint(field))

    @property
    def summary(self) -> Markup:
        """All problems with links to their fields, focused when the page opens; empty without any."""
        if not self.problems:
            return Markup("")
        found = []
        for problem in self.problems:
            target, label = label_of(self.fields, problem.path)
            found.append((id_of(self._prefix, target) if target else "", label, problem.message))
        return render_summary(found, self._prefix)

    @property
    def html(self) -> Markup:
        """The summary and all fields; of a wizard, those of its step, with what was filled in before."""
        painter = self._painter()
        summary = [self.summary] if self.problems else []
        return Markup("\n".join([*summary, *painter.paint_all(self.fields)]))

    def __html__(self) -> str:
        return self.html

    @property
    def _level(self) -> Level:
        if self._sent is None:
            return InitialValues(self.fields, self._initial, self._zone)
        return self._sent

    def _painter(self) -> Painter:
        return Painter(
            self._level,
            self._prefix,
            self.problems,
            step=self.step,
            focus=self.focus,
            choices=self.choices,
            widgets=self.widgets,
        )
