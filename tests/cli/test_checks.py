from __future__ import annotations

from dataclasses import dataclass

from bistro import App
from bistro.app import BaseApp, Finding, Proceed, Setup
from bistro.cli.checks import asked_types, run_checks
from bistro.http import Request, Response, WebSocket
from bistro.plugins import Mail


class Store: ...


class Basket: ...


def make_store() -> Store:
    return Store()


def find(app: BaseApp) -> dict[str, Finding]:
    return {finding.id: finding for finding in run_checks(app, app.freeze())}


def test_provider_that_a_handler_asks_is_used() -> None:
    app = BaseApp()
    app.provide(Store, make_store)

    @app.get("/")
    def show(store: Store) -> None: ...

    assert find(app) == {}


def test_provider_that_only_another_provider_asks_is_used() -> None:
    app = BaseApp()
    app.provide(Store, make_store)

    def make_basket(store: Store) -> Basket:
        return Basket()

    app.provide(Basket, make_basket)
    assert set(find(app)) == {"app.W001"}
    assert "Basket" in find(app)["app.W001"].what


def test_optional_parameter_counts_as_asking() -> None:
    app = BaseApp()

    @app.get("/")
    def show(store: Store | None = None) -> None: ...

    app.provide(Store, make_store)
    assert Store in asked_types(app.freeze())


def test_around_hook_of_a_plugin_may_ask_for_what_it_wraps() -> None:
    """Its parameter is a Callable, whose parameters are a list: `bistro check` broke on that."""
    app = BaseApp()
    app.provide(Store, make_store)

    async def wrap(proceed: Proceed, store: Store) -> Response:
        return await proceed()

    app.around(wrap)

    @app.get("/")
    def show() -> None: ...

    assert find(app) == {}


class Provides:
    def install(self, setup: Setup) -> None:
        setup.provide(Store, make_store)


def test_provider_of_a_plugin_need_not_be_used() -> None:
    assert find(BaseApp(Provides())) == {}


@dataclass(frozen=True)
class Idle:
    def install(self, setup: Setup) -> None: ...


def test_only_handlers_that_answer_should_say_what_they_return() -> None:
    app = BaseApp()

    @app.websocket("/talk")
    async def talk(socket: WebSocket): ...

    assert find(app) == {}
    app = BaseApp()

    @app.get("/")
    def show(): ...

    assert set(find(app)) == {"app.I001"}


def test_plugin_that_adds_nothing_is_found() -> None:
    found = find(BaseApp(Idle()))
    assert found["app.W002"].where[0].name == "Idle.install"


class Waits:
    def install(self, setup: Setup) -> None:
        setup.after(self.note, only_if_used=Store)

    def note(self) -> None: ...


def test_hook_that_waits_for_what_nobody_provides_is_found() -> None:
    assert "never runs" in find(BaseApp(Waits()))["app.W003"].what


def test_command_that_cannot_be_called_is_an_error() -> None:
    app = BaseApp()

    @app.command("load")
    def load(store: Store) -> None: ...

    assert find(app)["cli.E001"].level == "error"


def test_command_that_asks_for_what_a_plugin_provides_is_right() -> None:
    assert "cli.E001" not in find(App(Mail("memory:", sender="shop@example.com")))


def test_provider_of_what_may_be_missing_is_named_as_it_is_written() -> None:
    app = BaseApp()
    app.provide(Store | None, lambda: None)
    assert "Store | None" in find(app)["app.W001"].what


def test_command_with_the_name_of_a_built_in_one_is_found_with_its_place() -> None:
    app = BaseApp()

    @app.command("run")
    def run() -> None: ...

    found = [finding for finding in run_checks(app, app.freeze()) if finding.id == "cli.W001"]
    assert [len(finding.where) for finding in found] == [1]


def test_check_that_fails_is_a_finding_and_the_others_still_run() -> None:
    app = BaseApp()

    @app.check
    def broken(app: BaseApp) -> list[Finding]:
        raise LookupError("gone")

    @app.check
    def fine(app: BaseApp) -> list[Finding]:
        return [Finding("shop.W001", "warning", "old")]

    found = find(app)
    assert "LookupError: gone" in found["check.E001"].what
    assert "shop.W001" in found


def test_check_that_gives_something_else_is_a_finding() -> None:
    app = BaseApp()

    @app.check
    def strange(app: BaseApp) -> list[Finding]:
        return ["oops"]  # type: ignore[list-item]

    assert "'oops'" in find(app)["check.E001"].what


def test_parameter_of_the_path_that_has_another_name_in_the_handler() -> None:
    app = BaseApp()

    @app.get("/items/{id:int}")
    def show(item_id: int) -> None: ...

    finding = find(app)["app.W004"]
    assert "takes item_id from the query, and nobody reads {id}" in finding.what
    assert finding.fix == "Call both id or both item_id."
    assert finding.where[0].file == __file__


def test_parameters_that_are_read_or_need_no_reader() -> None:
    app = BaseApp()

    @app.get("/items/{id:int}")
    def show(id: int, currency: str) -> None: ...

    @app.get("/pages/{slug}")
    def page(number: int = 1) -> None: ...

    @app.get("/files/{name}")
    def file(request: Request) -> None: ...

    assert "app.W004" not in find(app)
