"""`Setup`: the only verbs by which a plugin, built-in or not, adds to an app."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypeVar, Unpack, runtime_checkable

from msgspec import Struct, field

from bistro.app.answers import Answer, Answerer
from bistro.app.hooks import Function, Hook, HookKind, Observer, Provider
from bistro.app.lifespan import LifespanFunction, LifespanStep
from bistro.app.static_folder import StaticFolder
from bistro.app.template_parts import CallCheck, TemplateFolder, TemplateName, TemplateNameKind, TemplateParts
from bistro.ground.registry import Origin, find_origin, origin_of_caller
from bistro.http import Request
from bistro.routing import Routes
from bistro.routing.options import HookOptions
from bistro.storage import FileStorage

FunctionType = TypeVar("FunctionType", bound=Function)
PluginType = TypeVar("PluginType")
Refusal = Callable[[int, str, "tuple[str, int] | None"], None]
"""Called with status, detail and client where the server refused what is no valid request."""


@runtime_checkable
class Plugin(Protocol):
    """A bundle of routes, hooks, providers and commands; its configuration is its constructor.

    It may have a method `bring()` that gives other plugins, as it needs them: each is installed where
    the site gives none of its kind.
    """

    requires: ClassVar[tuple[type[Any], ...]] = ()  # Any: a protocol can't name its own classes
    """Plugins that must be installed before this one."""

    def install(self, setup: Setup) -> None:
        """Add to the app through `setup`; called once, when the app is frozen."""
        ...


class Command(Struct, frozen=True):
    """A command of the `bistro` command line: `name`, the function, and who added it where."""

    name: str
    function: Function
    help: str
    origin: Origin
    override: bool = False


HeaderValue = str | Callable[[Request], str]
"""The value of a header of every answer, or what makes it from the request."""


class DefaultHeader(Struct, frozen=True):
    """A header of every answer that does not set it itself."""

    name: str
    value: HeaderValue
    origin: Origin
    override: bool = False


Level = Literal["error", "warning", "info"]


class Finding(Struct, frozen=True):
    """What a check found: a stable `id` such as `security.W001`, how grave it is, what and how to fix it."""

    id: str
    level: Level
    what: str
    where: tuple[Origin, ...] = ()
    fix: str = ""


# Any: the app; a check may look at everything in it, and this floor can't name its class here.
Check = Callable[[Any], "list[Finding]"]


class ModelPackage(Struct, frozen=True):
    """Models that belong together, and the folder of the migrations that make their tables."""

    name: str
    models: tuple[type[Any], ...]  # Any: a model; the room of databases is not this one's business
    folder: Path
    origin: Origin
    override: bool = False


class Registered(Struct):
    """Everything that plugins and the site have added besides routes, in order."""

    hooks: list[Hook] = field(default_factory=list)
    providers: list[Provider] = field(default_factory=list)
    steps: list[LifespanStep] = field(default_factory=list)
    observers: list[tuple[Observer, Origin]] = field(default_factory=list)
    refusals: list[tuple[Refusal, Origin]] = field(default_factory=list)
    headers: list[DefaultHeader] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    checks: list[tuple[Check, Origin]] = field(default_factory=list)
    answerers: list[Answerer] = field(default_factory=list)
    template_parts: TemplateParts = field(default_factory=TemplateParts)
    static_folders: list[StaticFolder] = field(default_factory=list)
    last_steps: list[Callable[[], object]] = field(default_factory=list)
    model_packages: list[ModelPackage] = field(default_factory=list)
    file_storages: list[FileStorage] = field(default_factory=list)
    plugins: list[Plugin] = field(default_factory=list)

    def extend(self, other: Registered) -> None:
        """Put everything that `other` holds behind what is here."""
        for name in self.__struct_fields__:
            getattr(self, name).extend(getattr(other, name))


class Setup:
    """What `install` is given. Every verb notes who called it and where."""

    def __init__(self, registered: Registered, by: str, folder: Path | None = None) -> None:
        """`by`: the name of the plugin, shown wherever its additions are listed."""
        self._registered = registered
        self._by = by
        self.routes = Routes(by=by)
        """The plugin's own routes; include them under any prefix of your choice."""
        self.folder = folder or Path()
        """The folder of the file that makes the app, for what stands beside it."""

    def before(self, function: FunctionType, **options: Unpack[HookOptions]) -> FunctionType:
        """Call `function` before handlers; what it returns, if anything, is the answer."""
        return self._hook("before", function, options)

    def after(self, function: FunctionType, **options: Unpack[HookOptions]) -> FunctionType:
        """Call `function` with every answer; it may change it or return another."""
        return self._hook("after", function, options)

    def around(self, function: FunctionType, **options: Unpack[HookOptions]) -> FunctionType:
        """Wrap the async `function` around handlers; it awaits its `Proceed` parameter to go on."""
        return self._hook("around", function, options)

    def on_error(self, exception: type[BaseException]) -> Callable[[FunctionType], FunctionType]:
        """Answer `exception` with the decorated function, which may take the error and the request."""

        def record(function: FunctionType) -> FunctionType:
            return self._hook("on_error", function, {"exception": exception})

        return record

    # Any: a type, or what stands for several, such as `User | None`.
    def provide(self, kind: Any, function: Function, *, override: bool = False) -> None:
        """Give every parameter of type `kind` what `function` makes, once a request.

        A provider of `User | None` is for those parameters alone that are annotated so; without one
        they get what `User` gets.

        `function` may ask for values itself, be async, and clean up behind a `yield`.
        """
        origin = find_origin(function, self._by)
        self._registered.providers.append(Provider(kind, function, origin, override))

    def provide_subclasses(self, base: type, make: Function, *, override: bool = False) -> None:
        """Give parameters whose type is a subclass of `base` what the function `make(that type)` makes.

        `make` is called once for each route, when the app is frozen; what it returns is a provider as
        `provide` takes it. A subclass that has a provider of its own keeps it.
        """
        origin = find_origin(make, self._by)
        self._registered.providers.append(Provider(base, make, origin, override, for_subclasses=True))

    def provide_marked(self, mark: type, make: Function, *, override: bool = False) -> None:
        """Give parameters annotated with a `mark`, `Annotated[Note, Allowed("edit")]`, what `make` makes.

        `make(type, mark, path)` is called when the app is frozen, with the names of the path's
        parameters; what it returns is a provider as `provide` takes it. Marks must be hashable.
        """
        origin = find_origin(make, self._by)
        self._registered.providers.append(Provider(mark, make, origin, override, for_marks=True))

    def observe(self, function: Observer) -> None:
        """Call `function` with request, status and seconds once for each answer that was sent."""
        self._registered.observers.append((function, find_origin(function, self._by)))

    def observe_refusal(self, function: Refusal) -> None:
        """Call `function` with status, detail and client where the server refused malformed bytes."""
        self._registered.refusals.append((function, find_origin(function, self._by)))

    def headers(self, pairs: Mapping[str, HeaderValue], *, override: bool = False) -> None:
        """Put these headers on every answer that does not set them itself.

        A text is made into bytes once, and then costs nothing; a function is called with each request.
        """
        origin = origin_of_caller("headers", self._by)
        self._registered.headers += [
            DefaultHeader(name.lower(), value, origin, override) for name, value in pairs.items()
        ]

    def on_start(self, function: Callable[[], object]) -> None:
        """Call (or await) `function` when the app starts."""
        self._step("start", function)

    def on_stop(self, function: Callable[[], object]) -> None:
        """Call (or await) `function` when the app stops, the last registered first."""
        self._step("stop", function)

    def lifespan(self, function: LifespanFunction) -> None:
        """Run the generator `function` to its `yield` at start, and from there at stop."""
        self._step("around", function)

    def command(self, name: str, function: Function, *, help: str = "", override: bool = False) -> None:
        """Add `bistro NAME`; the function's parameters are its arguments and options."""
        origin = find_origin(function, self._by)
        text = help or (function.__doc__ or "").strip().partition("\n")[0]
        self._registered.commands.append(Command(name, function, text, origin, override))

    def check(self, function: Check) -> None:
        """Let `bistro check` call `function` with the app and report its findings."""
        self._registered.checks.append((function, find_origin(function, self._by)))

    def answer(self, kind: type, function: Answer, *, override: bool = False) -> None:
        """Turn results of type `kind`, or of a subclass, into a response by `function(result, request)`.

        A third parameter is given the `LateValues` that template globals are made of.
        """
        origin = find_origin(function, self._by)
        self._registered.answerers.append(Answerer(kind, function, origin, override))

    def templates(self, folder: str | os.PathLike[str], *, override: bool = False) -> None:
        """Look for templates in `folder` too, behind the site's own; with `override`, before all others."""
        path, origin = Path(folder).absolute(), origin_of_caller("templates", self._by)
        self._registered.template_parts.folders.append(TemplateFolder(path, origin, override))

    def template_global(
        self, name: str, make: Function, *, override: bool = False, check: CallCheck | None = None
    ) -> None:
        """Let templates use `name`: what `make` gives, once a request, where a template uses it.

        `make` may ask for values as a provider does, be async, and clean up behind a `yield`, which
        runs once the answer is sent. What its return type says, `bistro check` holds templates to.
        Where templates call it with constants, `check(*constants)` says what is wrong, or None.
        """
        self._template_name("global", name, make, override, check)

    def template_function(self, name: str, function: Function, *, override: bool = False) -> None:
        """Let templates call `function` as `name`."""
        self._template_name("function", name, function, override)

    def template_filter(self, name: str, function: Function, *, override: bool = False) -> None:
        """Let templates write `value|name`, which gives `function(value)`."""
        self._template_name("filter", name, function, override)

    def template_test(self, name: str, function: Function, *, override: bool = False) -> None:
        """Let templates write `value is name`, which asks `function(value)`."""
        self._template_name("test", name, function, override)

    def template_tag(self, extension: type, *, override: bool = False) -> None:
        """Let templates use the tags of `extension`, a class made from `jinja2.ext.Extension`."""
        tags: Iterable[str] = getattr(extension, "tags", ())
        for tag in sorted(tags):
            self._template_name("tag", tag, extension, override)

    def find_plugin(self, kind: type[PluginType]) -> PluginType | None:
        """The plugin of this kind, if it is installed already, as those that a plugin requires are."""
        return next((each for each in self._registered.plugins if isinstance(each, kind)), None)

    def when_installed(self, function: Callable[[], object]) -> None:
        """Call `function` once all plugins are installed, to add what depends on what others have added."""
        self._registered.last_steps.append(function)

    def static(self, folder: str | os.PathLike[str], prefix: str = "", *, override: bool = False) -> None:
        """Serve the files in `folder` among the site's static files, their names behind `prefix`.

        With a prefix of the plugin's own, no other's files can have the same names. Where two folders
        have a file for one name the site does not start, unless one was given with `override`.
        """
        path, origin = Path(folder).absolute(), origin_of_caller("static", self._by)
        start = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._registered.static_folders.append(StaticFolder(path, start, origin, override))

    def models(
        self,
        *models: type[Any],  # Any: see ModelPackage
        package: str,
        migrations: str | os.PathLike[str],
        override: bool = False,
    ) -> None:
        """Say which models are the plugin's own, and where its migrations are.

        `bistro db make` leaves their tables to the plugin, and `bistro db migrate` makes them by the
        files in the folder `migrations`, whose names have `package` before them: `accounts:0001_first`.
        """
        origin = origin_of_caller("models", self._by)
        made = ModelPackage(package, models, Path(migrations).absolute(), origin, override)
        self._registered.model_packages.append(made)

    def file_storage(self, storage: FileStorage) -> None:
        """Say where the files of models are kept: those of fields that hold a `StoredFile`."""
        self._registered.file_storages.append(storage)

    @property
    def file_storages(self) -> Sequence[FileStorage]:
        """What was given with `file_storage`, the first of which counts; complete once the app is frozen."""
        return self._registered.file_storages

    @property
    def static_folders(self) -> Sequence[StaticFolder]:
        """The folders given with `static`, by everybody; complete once the app is frozen."""
        return self._registered.static_folders

    @property
    def model_packages(self) -> Sequence[ModelPackage]:
        """The models given with `models`, by everybody; complete once the app is frozen."""
        return self._registered.model_packages

    @property
    def template_parts(self) -> TemplateParts:
        """What was added to templates, by everybody; complete once the app is frozen."""
        return self._registered.template_parts

    # Any: each option has a type of its own, see HookOptions.
    def _hook(self, kind: HookKind, function: FunctionType, options: Mapping[str, Any]) -> FunctionType:
        hook = Hook(
            kind,
            function,
            find_origin(function, self._by),
            only_if_used=options.get("only_if_used"),
            only_for=options.get("only_for"),
            exception=options.get("exception"),
        )
        self._registered.hooks.append(hook)
        return function

    def _template_name(
        self,
        kind: TemplateNameKind,
        name: str,
        function: Function,
        override: bool,
        check: CallCheck | None = None,
    ) -> None:
        made = TemplateName(kind, name, function, find_origin(function, self._by), override, check)
        self._registered.template_parts.names.append(made)

    def _step(self, kind: Literal["start", "stop", "around"], function: Callable[[], object]) -> None:
        self._registered.steps.append(LifespanStep(kind, function, find_origin(function, self._by)))
