"""Pages and templates as answers: `render("note.html", note=note)`, and pages that handlers return."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import (  # Any: contexts hold whatever a site prints.
    TYPE_CHECKING,
    Any,
    ClassVar,
    Literal,
    TypeAlias,
)

from bistro.app import BaseApp, Finding, LateValues, Setup, quick_globals
from bistro.forms import Widgets
from bistro.ground import SetupError, find_debug
from bistro.http import Html, Request, Response, Stream, choose_language
from bistro.plugins.rendering.answers import Rendered, as_json, fields_of, find_template
from bistro.plugins.rendering.chunks import in_chunks, in_chunks_async
from bistro.plugins.rendering.templates import Templates
from bistro.plugins.rendering.widgets import FOLDER as WIDGET_FOLDER
from bistro.plugins.rendering.widgets import TemplateWidgets
from bistro.templates import MadeNames, Page

if TYPE_CHECKING:
    from bistro.app import TemplateParts
    from bistro.templates import Engine, Template

DEFAULT_FOLDER = "templates"
OFFERS = ("text/html", "application/json")
UndefinedPolicy: TypeAlias = Literal["error", "blank"]


class TemplateFolderError(SetupError):
    """A folder of templates that is not there.

    If you see this: the folder given to `Rendering` does not exist, as seen from the folder in which
    the site was started. `Rendering(Path(__file__).parent / "pages")` is found from anywhere.
    """

    code = "B314"


@dataclass(frozen=True)
class Rendering:
    """Answer with templates of `folder`, by default `templates` beside the file that makes the app.

    `sources` are templates by name, written in Python; they come first. A name without a value is an
    error; `undefined="blank"` prints nothing for it and logs a warning. `locales` are the languages that
    the site speaks, the usual one first; `locale` in templates is that which the visitor likes best.
    """

    folder: str | os.PathLike[str] = DEFAULT_FOLDER
    sources: Mapping[str, str] = field(default_factory=dict)
    undefined: UndefinedPolicy = "error"
    locales: tuple[str, ...] = ("en",)

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Answer pages and `render(…)`. Raises `TemplateFolderError`."""
        folder = Path(self.folder).absolute()
        if not folder.is_dir() and folder.name != DEFAULT_FOLDER:
            fix = "Make the folder, or give the path of the right one."
            raise TemplateFolderError(f"there is no folder {os.fspath(self.folder)}", fix=fix)
        renderer = Renderer(setup.template_parts, folder, self.sources, self.undefined, setup.folder)
        setup.answer(Page, renderer.answer_page)
        setup.answer(Rendered, renderer.answer_rendered)
        setup.provide(Templates, lambda: Templates(lambda: renderer.engine))
        setup.provide(Widgets, renderer.make_widgets)
        setup.check(renderer.find_faults)
        for name, make in STANDARD_NAMES.items():
            setup.template_global(name, make)
        locales = self.locales

        def make_locale(request: Request) -> str:
            return choose_language(request.headers.get("accept-language"), locales) or locales[0]

        setup.template_global("locale", make_locale)


class Renderer:
    """Makes the answers of one site."""

    def __init__(
        self,
        parts: TemplateParts,
        folder: Path,
        sources: Mapping[str, str],
        undefined: UndefinedPolicy,
        keep_beside: Path,
    ) -> None:
        self._parts = parts
        self._folder = folder
        self._sources = sources
        self._undefined: UndefinedPolicy = undefined
        self._widget_names: frozenset[str] | None = None
        self._keep_beside = keep_beside

    @cached_property
    def engine(self) -> Engine:
        """The site's templates; made at the first use, since a site may have none."""
        # Loaded late: Jinja2's parser costs a site without templates its start.
        from bistro.templates import Engine

        return Engine(
            [self._folder, *self._parts.find_folders()],
            sources=self._sources,
            filters=self._parts.find_names("filter"),
            tests=self._parts.find_names("test"),
            functions=self._parts.find_names("function"),
            tags=self._tags(),
            made_names=self._parts.find_names("global"),
            undefined=self._undefined,
            reload=find_debug(),
            keep_beside=self._keep_beside,
        )

    def _tags(self) -> Iterable[Any]:
        """The extensions of Jinja2, each once however many tags it has."""
        return dict.fromkeys(self._parts.find_names("tag").values())

    @cached_property
    def makers(self) -> Mapping[str, Callable[[Request], Any]]:
        """What makes each global that needs no more than the request."""
        return quick_globals(self._parts)

    def make_widgets(self, request: Request) -> Widgets:
        """What shows the fields of forms: the site's templates for them, if it has some."""
        return TemplateWidgets(
            self._find_widget_names(), lambda name, context: self._render_widget(name, context, request)
        )

    def _render_widget(self, name: str, context: Mapping[str, Any], request: Request) -> str:
        return self.render(name, context, MadeNames(self.makers, request))

    def _find_widget_names(self) -> frozenset[str]:
        """The templates for fields; looked up once, in development each time."""
        if self._widget_names is None or find_debug():
            # Without the engine: a site without such templates shall not load Jinja2 for them.
            folders = [each / WIDGET_FOLDER for each in (self._folder, *self._parts.find_folders())]
            found = {f"{WIDGET_FOLDER}/{path.name}" for each in folders for path in each.glob("*.html")}
            own = (name for name in self._sources if name.startswith(f"{WIDGET_FOLDER}/"))
            self._widget_names = frozenset([*found, *own])
        return self._widget_names

    def find_faults(self, app: BaseApp) -> list[Finding]:
        """What is wrong with the templates, for `bistro check`."""
        from bistro.plugins.rendering.checks import find_faults  # late: only the check needs it

        return find_faults(app, self.engine, self._parts)

    def answer_rendered(
        self, rendered: Rendered, request: Request, late: LateValues | None = None
    ) -> Response | Coroutine[Any, Any, Response]:
        """The answer with its body; one that has it already stays as it is."""
        context = rendered.context
        if context is None:
            return rendered
        names: Mapping[str, Any] | Page = context
        if rendered.page is not None:
            names = {**fields_of(rendered.page), **context} if context else rendered.page
        missing = self._missing(rendered.template, names, late, rendered.block)
        if late is not None and missing:
            return self._answer_prepared(rendered, names, request, late, missing)
        return self._answer(rendered, names, self._made_names(request, late))

    async def _answer_prepared(
        self,
        rendered: Rendered,
        names: Mapping[str, Any] | Page,
        request: Request,
        late: LateValues,
        missing: frozenset[str],
    ) -> Response:
        return self._answer(rendered, names, self._made_names(request, late, await late.prepare(missing)))

    def _answer(self, rendered: Rendered, names: Mapping[str, Any] | Page, made: MadeNames) -> Response:
        if rendered.is_streamed:
            return self._streamed(rendered, names, made)
        rendered.body = self.render(rendered.template, names, made, rendered.block).encode()
        rendered.context = None
        return rendered

    def _streamed(self, rendered: Rendered, names: Mapping[str, Any] | Page, made: MadeNames) -> Stream:
        pieces = self.engine.stream(rendered.template, names, made)
        chunks = in_chunks(pieces) if isinstance(pieces, Iterator) else in_chunks_async(pieces)
        answer = Stream(chunks, status=rendered.status)
        for name, value in rendered.headers.multi_items():
            answer.add_header(name, value)
        answer.headers["content-type"] = "text/html; charset=utf-8"
        return answer

    def answer_page(
        self, page: Page, request: Request, late: LateValues | None = None
    ) -> Response | Coroutine[Any, Any, Response]:
        """The page as HTML, or as JSON where it is declared and the client likes that better."""
        kind = type(page)
        missing = self._missing(kind.page_template, page, late)
        if late is not None and missing:
            if not kind.page_json:
                return self._html_prepared(page, request, late, missing)
            if request.choose(*OFFERS) == "text/html":
                return self._negotiated_prepared(page, request, late, missing)
        made = self._made_names(request, late)
        return self._as_html(page, made) if not kind.page_json else self._negotiated(page, request, made)

    async def _html_prepared(
        self, page: Page, request: Request, late: LateValues, missing: frozenset[str]
    ) -> Response:
        return self._as_html(page, self._made_names(request, late, await late.prepare(missing)))

    async def _negotiated_prepared(
        self, page: Page, request: Request, late: LateValues, missing: frozenset[str]
    ) -> Response:
        made = self._made_names(request, late, await late.prepare(missing))
        return self._negotiated(page, request, made)

    def _negotiated(self, page: Page, request: Request, made: MadeNames) -> Response:
        makers = (lambda: self._as_html(page, made), lambda: as_json(page))
        return request.negotiate(dict(zip(OFFERS, makers, strict=True)))

    def _as_html(self, page: Page, made: MadeNames) -> Response:
        return Html(self.render(find_template(type(page)), page, made))

    def _missing(
        self,
        template: str,
        names: Mapping[str, Any] | Page,
        late: LateValues | None,
        block: str | None = None,
    ) -> frozenset[str]:
        """The globals that have to be awaited before the template is rendered with `names`."""
        if late is None or not late.waiting or not template:
            return frozenset()
        given = names.__struct_fields__ if isinstance(names, Page) else names
        return late.missing(self._template(template, names, block).mentioned, given)

    def _made_names(
        self, request: Request, late: LateValues | None, prepared: Mapping[str, Any] | None = None
    ) -> MadeNames:
        if late is None:
            return MadeNames(self.makers, request)
        return MadeNames(self.makers, request, late.names, late.get, prepared)

    def render(
        self, template: str, context: Mapping[str, Any] | Page, made: MadeNames, block: str | None = None
    ) -> str:
        """The text of a template, or of one of its blocks."""
        return self._template(template, context, block).render(context, made)

    def _template(self, name: str, context: Mapping[str, Any] | Page, block: str | None) -> Template:
        page = type(context) if isinstance(context, Page) else None
        return self.engine.get(name, block=block, page=page)


def make_request(request: Request) -> Request:
    """The request, for templates."""
    return request


def make_url(request: Request) -> Callable[..., str]:
    """What makes the URLs of routes."""
    return request.url_for


def make_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


STANDARD_NAMES: Mapping[str, Callable[..., Any]] = {
    "request": make_request,
    "url": make_url,
    "now": make_now,
}
