"""Fields as HTML that everybody can use: labels, hints and messages are tied to their input.

WCAG 2.2: 1.3.1 and 3.3.2 (labels, groups), 3.3.1 and 3.3.3 (messages in text, at the field), 4.1.2.
Every value is escaped here; names of attributes come from this file and `fields.py` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from bistro.forms.fields import FormField
from bistro.ground.text import Markup, escape_text

Leaf: TypeAlias = Callable[[list[str]], str]
"""Puts texts into the HTML of a field in which nothing is wrong."""
WrongLeaf: TypeAlias = Callable[[list[str], Sequence[str]], str]
"""Puts texts and messages into the HTML of a field."""


class FieldView:
    """One field of a page, for widgets of a site's own and their templates."""

    def __init__(
        self,
        field: FormField,
        name: str,
        id: str,
        texts: Sequence[str],
        messages: Sequence[str],
        choices: Sequence[tuple[str, str]],
    ) -> None:
        self.field = field
        self.name = name
        self.id = id
        self.texts = texts
        """What stands in it."""
        self.messages = messages
        """What is wrong with it."""
        self.choices = choices
        self.label = field.label
        self.help = field.help
        self.kind = field.kind
        self.is_required = field.is_required
        self.attributes = field.attributes

    @property
    def text(self) -> str:
        """What stands in it, if that is one text."""
        return self.texts[0] if self.texts else ""

    @property
    def html(self) -> Markup:
        """The built-in HTML of the whole field."""
        return Markup(render_leaf(self.field, self.name, self.id, self.texts, self.messages, self.choices))

    @property
    def input(self) -> Markup:
        """The built-in HTML of the input alone, tied to `{id}-help` and `{id}-error`, if these are there."""
        named = _named(self.field, self.name, self.id, _tied(self.field, self.id, self.messages))
        return Markup(_input(self.field, named, self.texts, self.choices))


@lru_cache(maxsize=8192)
def make_leaf(field: FormField, name: str, id: str) -> Leaf:
    """What makes the HTML of a field without problems from its texts: the rest of it is always the same."""
    if field.kind in ("checkbox", "radio", "select", "checkboxes"):
        return _choosing_leaf(field, name, id)
    # Rendered once with a mark in the place of the text, and cut there.
    html = render_leaf(field, name, id, [_MARK], (), field.choices)
    empty = render_leaf(field, name, id, [], (), field.choices)
    before, mark, after = html.partition(_MARK)
    if not mark:
        return lambda _: html  # a file, or a password: nothing is sent back

    def leaf(texts: list[str]) -> str:
        if not texts or not (text := texts[0]):
            return empty
        return f"{before}{escape_text(text)}{after}"

    return leaf


_MARK = "\0"
KEPT_OF_A_FIELD = 1024 * 1024
KEPT_OF_A_ROW = 8 * 1024
"""Characters of HTML that are kept of one field, and of one in a row, for the choices that were made."""
_MESSAGE_MARK = "\1"


@lru_cache(maxsize=8192)
def make_wrong_leaf(field: FormField, name: str, id: str) -> WrongLeaf | None:
    """The same for a field with problems; None where the HTML depends on more than a text and messages."""
    if field.kind in ("checkbox", "radio", "select", "checkboxes", "file", "password", "hidden"):
        return None
    html = render_leaf(field, name, id, [_MARK], [_MESSAGE_MARK], field.choices)
    empty = render_leaf(field, name, id, [], [_MESSAGE_MARK], field.choices)
    before, _, rest = html.partition(_MESSAGE_MARK)
    middle, _, after = rest.partition(_MARK)
    empty_end = empty.partition(_MESSAGE_MARK)[2]

    def leaf(texts: list[str], messages: Sequence[str]) -> str:
        told = '</span><span class="message">'.join(map(escape_text, messages))
        if not texts or not (text := texts[0]):
            return f"{before}{told}{empty_end}"
        return f"{before}{told}{middle}{escape_text(text)}{after}"

    return leaf


def _choosing_leaf(field: FormField, name: str, id: str) -> Leaf:
    # Of one choice each, the HTML is kept; what is no choice at all is not. Rows have as many names as
    # they have numbers, and a client may choose each of hundreds of choices in each: only little is kept.
    kept: dict[str, str] = {}
    left = KEPT_OF_A_ROW if "[" in name else KEPT_OF_A_FIELD
    allowed = {value for value, _ in field.choices} | {"", "true", "on"}

    def leaf(texts: list[str]) -> str:
        key = texts[0] if len(texts) == 1 else ("" if not texts else None)
        if key is None or key not in allowed or field.is_many:
            return render_leaf(field, name, id, texts, (), field.choices)
        # Nothing sent and an empty text look the same but for a choice that is required.
        key = f"+{key}" if texts else "-"
        found = kept.get(key)
        if found is None:
            found = render_leaf(field, name, id, texts, (), field.choices)
            if (len(kept) + 1) * len(found) <= left:
                kept[key] = found
        return found

    return leaf


def render_leaf(
    field: FormField,
    name: str,
    id: str,
    texts: Sequence[str],
    messages: Sequence[str],
    choices: Sequence[tuple[str, str]],
) -> str:
    """Label, help, messages and input of one field; `texts` are what stands in it."""
    if field.kind == "hidden":
        return f"<input{_attributes({'type': 'hidden', 'name': name, 'value': _first(texts)})}>"
    tied = _tied(field, id, messages)
    notes = _help_html(field, id) + message_html(id, messages)
    if field.kind in ("radio", "checkboxes"):
        return _render_group(field, name, id, texts, notes, tied, choices)
    label = f'<label for="{escape_text(id)}">{escape_text(field.label)}</label>'
    shown = _input(field, _named(field, name, id, tied), texts, choices)
    if field.kind == "checkbox":
        return f'<div class="field">{_shown_mark(field, name)}{shown} {label}{notes}</div>'
    return f'<div class="field">{label}{notes}{_shown_mark(field, name)}{shown}</div>'


def message_html(id: str, messages: Sequence[str]) -> str:
    """What is wrong with the field of this id; empty for nothing."""
    if not messages:
        return ""
    inside = "".join(f'<span class="message">{escape_text(each)}</span>' for each in messages)
    return f'<p class="error" id="{escape_text(id)}-error">{inside}</p>'


def render_summary(problems: Sequence[tuple[str, str, str]], prefix: str) -> Markup:
    """A list of id, label and message of each problem; empty for none.

    It has the focus when the page opens, so that a screen reader begins with what is wrong.
    """
    if not problems:
        return Markup("")
    items = []
    for target, label, message in problems:
        text = escape_text(f"{label}: {message}" if label else message)
        items.append(
            f'<li><a href="#{escape_text(target)}">{text}</a></li>' if target else f"<li>{text}</li>"
        )
    title = escape_text(f"{prefix}-summary")
    return Markup(
        f'<div class="error-summary" role="alert" tabindex="-1" autofocus aria-labelledby="{title}">'
        f'<h2 id="{title}">There is a problem</h2><ul>{"".join(items)}</ul></div>'
    )


def _tied(field: FormField, id: str, messages: Sequence[str]) -> dict[str, str]:
    return {
        "aria-describedby": " ".join([f"{id}-help"] * bool(field.help) + [f"{id}-error"] * bool(messages)),
        "aria-invalid": "true" if messages else "",
    }


def _named(field: FormField, name: str, id: str, tied: Mapping[str, str]) -> dict[str, str]:
    named = {"id": id, "name": name, **tied}
    if field.is_required:
        named["required"] = "required"
    return named


def _help_html(field: FormField, id: str) -> str:
    return f'<p class="help" id="{escape_text(id)}-help">{escape_text(field.help)}</p>' if field.help else ""


def _input(
    field: FormField, named: Mapping[str, str], texts: Sequence[str], choices: Sequence[tuple[str, str]]
) -> str:
    if field.kind == "checkbox":
        box = {"type": "checkbox", "value": "true", **named, **_if(_is_ticked(texts), "checked")}
        return f"<input{_attributes(box)}>"
    if field.kind == "textarea":
        # HTML, §13.2.6.4.7: a line break right behind the tag is dropped, so one more keeps that of the text.
        return (
            f"<textarea{_attributes({**named, **field.attributes})}>\n{escape_text(_first(texts))}</textarea>"
        )
    if field.kind == "select":
        # Without a choice there must be an empty one, or the browser would choose the first.
        is_chosen = any(value in texts for value, _ in choices)
        needs_none = field.is_many or (field.is_required and is_chosen)
        empty = "" if needs_none else '<option value=""></option>'
        options = _options(choices if isinstance(choices, tuple) else tuple(choices), texts)
        return f"<select{_attributes({**named, **field.attributes})}>{empty}{options}</select>"
    # What was typed as a password is not sent back (ASVS 5.0, 14.2.1), and no file can be.
    value = "" if field.kind in ("password", "file") else _first(texts)
    return f"<input{_attributes({'type': field.kind, **named, 'value': value, **field.attributes})}>"


def _options(choices: tuple[tuple[str, str], ...], texts: Sequence[str]) -> str:
    html, places = _plain_options(choices)
    for place in sorted({places[each] for each in texts if each in places}, reverse=True):
        html = f'{html[:place]} selected="selected"{html[place:]}'
    return html


@lru_cache(maxsize=64)
def _plain_options(choices: tuple[tuple[str, str], ...]) -> tuple[str, Mapping[str, int]]:
    """The choices with none of them chosen, and where each would say that it is: quick in many rows."""
    parts: list[str] = []
    places: dict[str, int] = {}
    length = 0
    for value, text in choices:
        start = f"<option{_attributes({'value': value}, keep='value')}"
        places.setdefault(value, length + len(start))
        parts.append(f"{start}>{escape_text(text)}</option>")
        length += len(parts[-1])
    return "".join(parts), places


def _render_group(
    field: FormField,
    name: str,
    id: str,
    texts: Sequence[str],
    notes: str,
    tied: Mapping[str, str],
    choices: Sequence[tuple[str, str]],
) -> str:
    kind = "radio" if field.kind == "radio" else "checkbox"
    boxes = []
    for position, (value, text) in enumerate(choices):
        # The first has the id that the summary links to.
        own = id if position == 0 else f"{id}-{position}"
        box = {"type": kind, "id": own, "name": name, "value": value}
        box |= _if(value in texts, "checked")
        if kind == "radio" and field.is_required:
            box["required"] = "required"
        boxes.append(
            f"<div><input{_attributes(box)}> "
            f'<label for="{escape_text(own)}">{escape_text(text)}</label></div>'
        )
    described = _attributes({"aria-describedby": tied["aria-describedby"]})
    return (
        f'<fieldset class="field"{described}><legend>{escape_text(field.label)}</legend>'
        f"{notes}{_shown_mark(field, name)}{''.join(boxes)}</fieldset>"
    )


def _shown_mark(field: FormField, name: str) -> str:
    """Says that a box was shown, where one that is not sent would otherwise be left as it is."""
    if not field.is_partial or not (field.kind == "checkbox" or field.is_many):
        return ""
    value = "false" if field.kind == "checkbox" else ""
    return f"<input{_attributes({'type': 'hidden', 'name': name, 'value': value}, keep='value')}>"


def _attributes(values: Mapping[str, str], keep: str = "") -> str:
    return "".join(
        f' {name}="{escape_text(value)}"' for name, value in values.items() if value or name == keep
    )


def _first(texts: Sequence[str]) -> str:
    return texts[0] if texts else ""


def _is_ticked(texts: Sequence[str]) -> bool:
    # A hidden input in front of the box says that it was shown, so the last one counts.
    return bool(texts) and texts[-1].lower() in ("true", "on", "1", "yes")


def _if(is_true: bool, name: str) -> dict[str, str]:
    return {name: name} if is_true else {}
