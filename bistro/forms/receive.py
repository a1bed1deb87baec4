"""From the form of a request to what its handler gets, or to the reason why it is not called."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final  # Any: the type of a form may be any that has fields

from msgspec.structs import replace

from bistro.forms.fields import FormTypeError
from bistro.forms.form import Form
from bistro.forms.reading import FormReader, Reading, form_reader
from bistro.forms.refusal import FormRefused
from bistro.forms.rows import ACTION, STEP, Action, change_rows, find_action
from bistro.forms.sent import Sent, SentTree
from bistro.ground.problems import Problem
from bistro.http import FormData, Request
from bistro.validation import ValidationFailed, struct_converter

LIVE_HEADER: Final = b"x-form-validate"


class FormTaker:
    """Takes forms of one type. Raises `UnsupportedType` (B603) for what no form can be read as."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self._convert = None
        self._reader: FormReader | None = None
        try:
            self._reader = form_reader(kind)
        except FormTypeError:
            # What no page can show, a program may still send.
            self._convert = struct_converter(kind)
        self.must_wait = self._reader is not None and self._reader.must_wait
        self.takes_zone = self._reader is not None and self._reader.takes_zone
        self.has_files = self._reader is not None and self._reader.has_files

    def take(self, data: FormData, request: Request, zone: dt.tzinfo = dt.UTC) -> Form[Any]:
        """The form. Raises `FormRefused`, or `ValidationFailed` where no page could show it."""
        reader = self._reader
        if reader is None:
            return self._converted(data)
        sent, only = self._begin(reader, data, zone)
        return self._end(reader, reader.read(sent, zone, only), sent, data, request, zone, only)

    async def take_waiting(self, data: FormData, request: Request, zone: dt.tzinfo = dt.UTC) -> Form[Any]:
        """The same for a type whose checks have to be awaited."""
        reader = self._reader
        assert reader is not None
        sent, only = self._begin(reader, data, zone)
        reading = await reader.read_waiting(sent, zone, only)
        return self._end(reader, reading, sent, data, request, zone, only)

    def _converted(self, data: FormData) -> Form[Any]:
        assert self._convert is not None
        try:
            return Form(self._convert(data.fields), data, self.kind)
        except ValidationFailed as failed:
            raise failed.with_place("form") from None

    def _begin(self, reader: FormReader, data: FormData, zone: dt.tzinfo) -> tuple[Sent, str]:
        """What was sent, and the step to look at alone. Raises `FormRefused` for another button."""
        sent = reader.sent(data)
        only = self._step_of(reader, data)
        action = find_action(data.fields.get_all(ACTION)) if ACTION in data.fields else None
        if action is not None:
            self._act(reader, sent, action, only, zone)
        return sent, "" if only == _last_step(reader) else only

    def _act(self, reader: FormReader, sent: Sent, action: Action, step: str, zone: dt.tzinfo) -> None:
        focus: str | None = None
        if action.verb == "back" and reader.in_steps:
            names = [each.name for each in reader.fields]
            step, focus = names[max(names.index(step) - 1, 0)], ""
        elif action.verb == "search" and reader.has_sources:
            focus = action.path
        elif isinstance(sent, SentTree) and action.verb not in ("back", "search", "next"):
            focus = change_rows(reader.fields, sent, action)
        if focus is not None:
            raise FormRefused(self.kind, sent, (), zone, step=step, focus=focus)

    def _step_of(self, reader: FormReader, data: FormData) -> str:
        if not reader.in_steps:
            return ""
        names = [each.name for each in reader.fields]
        # A program that knows nothing of steps sends everything at once.
        asked = data.fields.get(STEP, names[-1])
        return asked if asked in names else names[0]

    def _end(
        self,
        reader: FormReader,
        reading: Reading,
        sent: Sent,
        data: FormData,
        request: Request,
        zone: dt.tzinfo,
        only: str,
    ) -> Form[Any]:
        live = request.exchange.find_header(LIVE_HEADER)
        problems = [replace(each, place="form") for each in reading.problems]
        if live is not None:
            asked = _about(problems, live.decode("latin-1"))
            raise FormRefused(self.kind, sent, asked, zone, is_live=True)
        if problems:
            raise FormRefused(self.kind, sent, problems, zone, step=_step_with(reader, problems))
        if only:
            names = [each.name for each in reader.fields]
            raise FormRefused(self.kind, sent, (), zone, step=names[names.index(only) + 1])
        form = Form(reading.value, data, self.kind, zone, sent)
        request.taken_form = form
        return form


def _last_step(reader: FormReader) -> str:
    return reader.fields[-1].name if reader.in_steps else ""


def _step_with(reader: FormReader, problems: list[Problem]) -> str:
    """The first step in which something is wrong."""
    if not reader.in_steps:
        return ""
    wrong = {each.path.partition(".")[0] for each in problems}
    return next((each.name for each in reader.fields if each.name in wrong), _last_step(reader))


def _about(problems: list[Problem], name: str) -> list[Problem]:
    return [each for each in problems if each.path == name or each.path.startswith((f"{name}[", f"{name}."))]
