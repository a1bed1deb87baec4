"""What goes wrong with templates: not there, not readable, a name without a value."""

from __future__ import annotations

from bistro.ground.errors import BistroError, SetupError


class TemplateError(BistroError):
    """A template can't be rendered; the kinds below say why."""

    code = "B650"


class TemplateNotFound(TemplateError):
    """There is no template of this name in any folder.

    If you see this: the file is in none of the folders that are looked into, which the message
    lists. Names are written with `/` and count from such a folder.
    """

    code = "B651"


class TemplateSyntaxError(TemplateError):
    """A template that can't be compiled.

    If you see this: the place named in the message breaks a rule of the template language, or
    uses a filter, test or tag that does not exist.
    """

    code = "B652"


class UndefinedName(TemplateError):
    """A template used a name or an attribute that has no value.

    If you see this: the handler did not give the name, the object has no such attribute, or the
    name is misspelt. Where it may be missing, say so: `{% if name is defined %}`, `name|default("")`.
    """

    code = "B653"


class PageError(SetupError):
    """A class of pages that can't be one.

    If you see this: a page needs its template (`class NotePage(Page, template="note.html")`), and
    its fields may not have the names that templates need for other things.
    """

    code = "B654"
