"""A form as HTML: its fields one after the other, with groups, rows and the steps of a wizard.

How it works: what of a field is the same on every page (`markup.make_leaf`) is written once and kept;
for each page only the texts are put in. Names are paths (`lines[0].price`), ids are made of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bistro.forms.fields import FormField
from bistro.forms.initial import InitialValues, Level
from bistro.forms.markup import FieldView, make_leaf, make_wrong_leaf, message_html, render_leaf
from bistro.forms.rows import ACTION, ROWS_MAX, SEARCH, STEP
from bistro.forms.sent import SentTree
from bistro.ground.problems import Problem
from bistro.ground.text import escape_text


class Widgets(Protocol):
    """Widgets of a site's own, in the place of those that are built in."""

    def find_widget(self, field: FormField) -> Callable[[FieldView], str] | None:
        """What shows this field as HTML, label and messages included; None for the built-in one."""
        ...


class Painter:
    """Makes the HTML of one form for one page."""

    def __init__(
        self,
        level: Level,
        prefix: str,
        problems: Sequence[Problem],
        *,
        step: str,
        focus: str,
        choices: Mapping[str, Sequence[tuple[str, str]]],
        widgets: Widgets | None,
    ) -> None:
        self._level = level
        self._prefix = prefix
        self._problems = problems
        self._step = step
        self._focus = focus
        self._choices = choices
        self._widgets = widgets

    def paint_all(self, fields: Sequence[FormField]) -> list[str]:
        """Every field; of a wizard the one that is its step, and the others hidden."""
        if self._step:
            return self._paint_step(fields)
        wrong = {first_step(each.path) for each in self._problems}
        texts, start = self._level.texts, f"{self._prefix}-"
        find_widget = None if self._widgets is None else self._widgets.find_widget
        parts = []
        for each in fields:
            name = each.name
            is_plain = name not in wrong and not each.fields and each.source is None
            if is_plain and (find_widget is None or find_widget(each) is None):
                parts.append(make_leaf(each, name, start + name)(texts(name)))
            else:
                parts.append(self._paint(each, self._level, ""))
        if any("<button" in each for each in parts):
            # What Enter presses is the first button of a form (HTML, "implicit submission").
            parts.insert(0, '<button type="submit" tabindex="-1" hidden></button>')
        return parts

    def paint(self, field: FormField) -> str:
        """One field of the form itself."""
        return self._paint(field, self._level, "")

    def _paint(self, field: FormField, level: Level, path: str) -> str:
        name = path + field.name
        own_id = id_of(self._prefix, name)
        if field.kind == "group":
            return self._paint_group(field, level.group(field.name), name, own_id)
        if field.kind == "rows":
            return self._paint_rows(field, level, name, own_id)
        texts = level.texts(field.name)
        messages = self._messages(name)
        widget = self._widgets.find_widget(field) if self._widgets is not None else None
        choices = self._choices_of(field, name)
        if widget is not None:
            return widget(FieldView(field, name, own_id, texts, messages, choices))
        if field.source is None:
            if not messages:
                return make_leaf(field, name, own_id)(texts)
            if (wrong := make_wrong_leaf(field, name, own_id)) is not None:
                return wrong(texts, messages)
        return self._search(field, name, own_id) + render_leaf(field, name, own_id, texts, messages, choices)

    def _messages(self, name: str) -> list[str]:
        if not self._problems:
            return []
        inside = (f"{name}[", f"{name}.")
        return [each.message for each in self._problems if each.path == name or each.path.startswith(inside)]

    def _exact_messages(self, name: str) -> str:
        found = [each.message for each in self._problems if each.path == name]
        return message_html(id_of(self._prefix, name), found)

    def _choices_of(self, field: FormField, name: str) -> Sequence[tuple[str, str]]:
        if field.source is None:
            return field.choices
        found = self._choices.get(name)
        return self._choices.get(_without_index(name), ()) if found is None else found

    # --- groups, rows, steps --------------------------------------------------------------------------

    def _paint_group(self, field: FormField, level: Level, name: str, id: str) -> str:
        inside = "".join(self._paint(each, level, f"{name}.") for each in field.fields)
        return _fieldset("field group", id, field, self._exact_messages(name) + inside)

    def _paint_rows(self, field: FormField, level: Level, name: str, id: str) -> str:
        rows = self._rows_of(field, level)
        count = len(rows)
        parts = []
        for index, row in enumerate(rows):
            at = f"{name}[{index}]"
            inside = "".join(self._paint(each, row, f"{at}.") for each in field.fields)
            if self._focus == at:
                inside = _with_focus(inside)
            parts.append(
                f'<fieldset class="row" id="{escape_text(id_of(self._prefix, at))}">'
                f"<legend>{escape_text(field.label)} {index + 1}</legend>{self._exact_messages(at)}{inside}"
                f"{_row_buttons(at, f'{field.label} {index + 1}', index, count)}</fieldset>"
            )
        most = min(field.rows_max or ROWS_MAX, ROWS_MAX)
        add = _button(f"add:{name}", f"Add to {field.label}") if count < most else ""
        return _fieldset("field rows", id, field, self._exact_messages(name) + "".join(parts) + add)

    def _rows_of(self, field: FormField, level: Level) -> list[Level]:
        # Problems are told by the number of a row among those that were filled in.
        shows_blank = isinstance(level, SentTree) and not self._problems
        sent = level.all_rows(field.name) if shows_blank else level.rows(field.name)  # type: ignore[attr-defined]  # of a tree
        new = InitialValues(field.fields, None, dt.UTC)
        rows: list[Level] = [new if isinstance(each, SentTree) and each.is_new else each for each in sent]
        return rows + [new] * (field.rows_min - len(rows))

    def _paint_step(self, fields: Sequence[FormField]) -> list[str]:
        shown = next(each for each in fields if each.name == self._step)
        position = fields.index(shown)
        kept = [_hidden(STEP, self._step)]
        for each in fields:
            if each is not shown:
                kept += self._hide(each, self._level, "")
        back = _button("back:", "Back") if position else ""
        return [
            '<button type="submit" tabindex="-1" hidden></button>' if back else "",
            f'<p class="step">Step {position + 1} of {len(fields)}</p>',
            "".join(kept),
            self.paint(shown),
            back,
        ]

    def _hide(self, field: FormField, level: Level, path: str) -> list[str]:
        """What was filled in, in inputs that nobody sees; no files and no passwords, see `find_fields`."""
        name = path + field.name
        if field.kind == "group":
            inner = level.group(field.name)
            return [part for each in field.fields for part in self._hide(each, inner, f"{name}.")]
        if field.kind == "rows":
            return [
                part
                for index, row in enumerate(level.rows(field.name))
                for each in field.fields
                for part in self._hide(each, row, f"{name}[{index}].")
            ]
        if field.kind in ("file", "password"):
            return []
        return [_hidden(name, text) for text in level.texts(field.name)]

    def _search(self, field: FormField, name: str, id: str) -> str:
        """A text to look for among choices that are too many to show, and a button that does so."""
        searched = self._choices.get(f"{name}?")
        if searched is None:
            return ""
        path, _, own = name.rpartition(".")
        search_name = f"{path}.{SEARCH}:{own}" if path else f"{SEARCH}:{own}"
        label = escape_text(f"Search {field.label}")
        return (
            f'<div class="field search" data-search="{escape_text(id)}">'
            f'<label for="{escape_text(id)}-search">{label}</label>'
            f'<input type="search" id="{escape_text(id)}-search" name="{escape_text(search_name)}"'
            f' value="{escape_text(searched[0][0])}" maxlength="100" autocomplete="off">'
            f"{_button(f'search:{name}', 'Search', f'Search {field.label}')}</div>"
        )


def id_of(prefix: str, name: str) -> str:
    """The id of the input with this name: `f-lines-0-price`."""
    if "[" in name or "." in name:
        name = name.replace("[", "-").replace("]", "").replace(".", "-")
    return f"{prefix}-{name}"


def first_step(path: str) -> str:
    """`lines` of `lines[0].price`."""
    return path.partition(".")[0].partition("[")[0]


def label_of(fields: Sequence[FormField], path: str) -> tuple[str, str]:
    """The name of the input at which a problem stands, and what people call it; empty for the whole form."""
    names: list[str] = []
    labels: list[str] = []
    for step in path.split("."):
        own, bracket, rest = step.partition("[")
        field = next((each for each in fields if each.name == own), None)
        if field is None:
            break
        number = rest.partition("]")[0]
        is_row = bool(bracket) and field.kind == "rows"
        names.append(f"{own}[{number}]" if is_row else own)
        labels.append(f"{field.label} {int(number) + 1}" if is_row and number.isdigit() else field.label)
        fields = field.fields
    return ".".join(names), ": ".join(labels)


def _without_index(name: str) -> str:
    """`lines[0].author` as `lines[].author`: what a new row may choose from."""
    path, bracket, rest = name.rpartition("[")
    return f"{path}[]{rest.partition(']')[2]}" if bracket else name


def _fieldset(classes: str, id: str, field: FormField, inside: str) -> str:
    hint = f'<p class="help" id="{escape_text(id)}-help">{escape_text(field.help)}</p>' if field.help else ""
    described = f' aria-describedby="{escape_text(id)}-help"' if hint else ""
    return (
        f'<fieldset class="{classes}" id="{escape_text(id)}"{described}>'
        f"<legend>{escape_text(field.label)}</legend>"
        f"{hint}{inside}</fieldset>"
    )


def _row_buttons(path: str, label: str, index: int, count: int) -> str:
    buttons = [_button(f"up:{path}", "Move up", f"Move {label} up")] if index else []
    if index < count - 1:
        buttons.append(_button(f"down:{path}", "Move down", f"Move {label} down"))
    buttons.append(_button(f"remove:{path}", "Remove", f"Remove {label}"))
    return f'<div class="row-buttons">{"".join(buttons)}</div>'


def _button(action: str, text: str, label: str = "") -> str:
    # Nothing is sent for good, so the browser is not to complain of what is still missing.
    named = f' aria-label="{escape_text(label)}"' if label else ""
    return (
        f'<button type="submit" name="{ACTION}" value="{escape_text(action)}" formnovalidate{named}>'
        f"{escape_text(text)}</button>"
    )


def _with_focus(html: str) -> str:
    """The first input of a row has the focus, so that whoever added it can go on typing."""
    for start in ("<input type=", "<select ", "<textarea "):
        if start in html:
            return html.replace(start, start.replace(" ", " autofocus ", 1), 1)
    return html


def _hidden(name: str, text: str) -> str:
    return f'<input type="hidden" name="{escape_text(name)}" value="{escape_text(text)}">'
