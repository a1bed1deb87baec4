"""Fields as HTML that everybody can use: labels, hints and messages are tied to their input.

WCAG 2.2: 1.3.1 and 3.3.2 (labels, groups), 3.3.1 and 3.3.3 (messages in text, at the field), 4.1.2.
Every value is escaped here; names of attributes come from this file and `fields.py` alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bistro.forms.fields import FormField
from bistro.ground.text import Markup, escape


def render_field(field: FormField, id: str, texts: Sequence[str], messages: Sequence[str]) -> Markup:
    """Label, help, messages and input of one field; `texts` are what stands in it."""
    if field.kind == "hidden":
        return Markup(f"<input{_attributes({'type': 'hidden', 'name': field.name, 'value': _first(texts)})}>")
    hint = f'<p class="help" id="{escape(id)}-help">{escape(field.help)}</p>' if field.help else ""
    error = "".join(f'<span class="message">{escape(each)}</span>' for each in messages)
    error = f'<p class="error" id="{escape(id)}-error">{error}</p>' if error else ""
    tied = {
        "aria-describedby": " ".join([f"{id}-help"] * bool(hint) + [f"{id}-error"] * bool(error)),
        "aria-invalid": "true" if error else "",
    }
    if field.kind in ("radio", "checkboxes"):
        return _render_group(field, id, texts, hint + error, tied)
    label = f'<label for="{escape(id)}">{escape(field.label)}</label>'
    named = {"id": id, "name": field.name, **tied}
    if field.is_required:
        named["required"] = "required"
    if field.kind == "checkbox":
        box = {"type": "checkbox", "value": "true", **named, **_if(_is_ticked(texts), "checked")}
        return Markup(f'<div class="field"><input{_attributes(box)}> {label}{hint}{error}</div>')
    return Markup(f'<div class="field">{label}{hint}{error}{_render_input(field, named, texts)}</div>')


def render_summary(problems: Sequence[tuple[str, str, str]], prefix: str) -> Markup:
    """A list of id, label and message of each problem; empty for none.

    It has the focus when the page opens, so that a screen reader begins with what is wrong.
    """
    if not problems:
        return Markup("")
    items = []
    for target, label, message in problems:
        text = escape(f"{label}: {message}" if label else message)
        items.append(f'<li><a href="#{escape(target)}">{text}</a></li>' if target else f"<li>{text}</li>")
    title = escape(f"{prefix}-summary")
    return Markup(
        f'<div class="error-summary" role="alert" tabindex="-1" autofocus aria-labelledby="{title}">'
        f'<h2 id="{title}">There is a problem</h2><ul>{"".join(items)}</ul></div>'
    )


def _render_input(field: FormField, named: Mapping[str, str], texts: Sequence[str]) -> str:
    if field.kind == "textarea":
        # HTML, §13.2.6.4.7: a line break right behind the tag is dropped, so one more keeps that of the text.
        return f"<textarea{_attributes({**named, **field.attributes})}>\n{escape(_first(texts))}</textarea>"
    if field.kind == "select":
        empty = '<option value=""></option>' if not (field.is_required and texts) else ""
        options = "".join(
            f"<option{_attributes({'value': value, **_if(value in texts, 'selected')}, keep='value')}>"
            f"{escape(text)}</option>"
            for value, text in field.choices
        )
        return f"<select{_attributes(named)}>{empty}{options}</select>"
    # What was typed as a password is not sent back (ASVS 5.0, 14.2.1).
    value = "" if field.kind == "password" else _first(texts)
    return f"<input{_attributes({'type': field.kind, **named, 'value': value, **field.attributes})}>"


def _render_group(
    field: FormField, id: str, texts: Sequence[str], notes: str, tied: Mapping[str, str]
) -> Markup:
    kind = "radio" if field.kind == "radio" else "checkbox"
    boxes = []
    for position, (value, text) in enumerate(field.choices):
        # The first has the id that the summary links to.
        own = id if position == 0 else f"{id}-{position}"
        box = {"type": kind, "id": own, "name": field.name, "value": value}
        box |= _if(value in texts, "checked")
        if kind == "radio" and field.is_required:
            box["required"] = "required"
        boxes.append(
            f'<div><input{_attributes(box)}> <label for="{escape(own)}">{escape(text)}</label></div>'
        )
    described = _attributes({"aria-describedby": tied["aria-describedby"]})
    return Markup(
        f'<fieldset class="field"{described}><legend>{escape(field.label)}</legend>'
        f"{notes}{''.join(boxes)}</fieldset>"
    )


def _attributes(values: Mapping[str, str], keep: str = "") -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in values.items() if value or name == keep)


def _first(texts: Sequence[str]) -> str:
    return texts[0] if texts else ""


def _is_ticked(texts: Sequence[str]) -> bool:
    return _first(texts).lower() in ("true", "on", "1", "yes")


def _if(is_true: bool, name: str) -> dict[str, str]:
    return {name: name} if is_true else {}
