"""`Library`: the templates of a site, each read and parsed once; and what one program took from it."""

from __future__ import annotations

from jinja2 import Environment, TemplateNotFound

from bistro.templates.source import Source, Text, parse_source, read_text


class Library:
    """Reads templates. With `reload`, one whose file has changed is read again when it is next asked for."""

    def __init__(self, environment: Environment, *, reload: bool = False) -> None:
        self.environment = environment
        self._reload = reload
        self._texts: dict[str, Text] = {}
        self._sources: dict[str, Source] = {}

    def text(self, name: str) -> Text:
        """A template as it was read. Raises Jinja2's `TemplateNotFound`."""
        known = self._texts.get(name)
        if known is None or (self._reload and not known.is_fresh()):
            known = self._texts[name] = read_text(self.environment, name)
        return known

    def source(self, name: str) -> Source:
        """A template as it was parsed. Raises Jinja2's `TemplateNotFound` and `TemplateSyntaxError`."""
        text = self.text(name)
        known = self._sources.get(name)
        if known is None or known.read is not text:
            known = self._sources[name] = parse_source(self.environment, text)
        return known

    def names(self) -> list[str]:
        """The names of all templates, sorted."""
        return self.environment.list_templates()

    def has(self, name: str) -> bool:
        """Whether there is such a template, readable or not."""
        try:
            self.text(name)
        except TemplateNotFound:
            return False
        return True


class Reading:
    """What one program is made of, noted while it is compiled."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.sources: dict[str, Source] = {}
        self.absent: set[str] = set()
        """Templates that were looked for in vain."""
        self.classes: set[type] = set()
        """Classes whose attributes were relied on."""

    def source(self, name: str) -> Source:
        """A template as it was parsed: the same for the whole program."""
        found = self.sources.get(name)
        if found is None:
            try:
                found = self.sources[name] = self.library.source(name)
            except TemplateNotFound:
                self.absent.add(name)
                raise
        return found

    @property
    def texts(self) -> tuple[Text, ...]:
        """The templates that were read."""
        return tuple(source.read for source in self.sources.values())

    @property
    def mentioned(self) -> frozenset[str]:
        """Every name that is read anywhere in them."""
        return frozenset().union(*(source.mentioned for source in self.sources.values()))
