"""`Page`: the context of a template as a class, which a handler returns."""

from __future__ import annotations

from typing import Any, ClassVar  # Any: options of msgspec's own, and fields of the site's types.

from msgspec import Struct, StructMeta


class PageMeta(StructMeta):
    """Takes the options of a page from the line of its class."""

    # Any: the options that msgspec has for every Struct.
    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        /,
        *,
        template: str | None = None,
        json: bool | None = None,
        **options: Any,
    ) -> PageMeta:
        """Make the class of a page."""
        made = super().__new__(mcls, name, bases, namespace, **options)
        own = [base for base in bases if isinstance(base, PageMeta)]
        made.page_template = template or next((base.page_template for base in own if base.page_template), "")
        made.page_json = json if json is not None else any(base.page_json for base in own)
        return made

    page_template: str
    page_json: bool


class Page(Struct, metaclass=PageMeta):
    """The context of one template, with a type for each name; return it from a handler.

    class NotePage(Page, template="note.html"):
        note: Note

    The fields are what the template may use, next to the names that are always there. With
    `json=True` in the line of the class, clients that ask for JSON get the fields as JSON.
    """

    page_template: ClassVar[str]
    page_json: ClassVar[bool]
