"""`App`: a site with the parts that every site needs, chosen once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bistro.app import BaseApp, Plugin
from bistro.app.assemble import Plans
from bistro.ground.environment import find_debug
from bistro.ground.registry import Origin, origin_of_caller
from bistro.plugins.error_pages import ErrorPages
from bistro.plugins.health import Health
from bistro.plugins.host_check import HostCheck
from bistro.plugins.request_log import RequestLog
from bistro.plugins.security_headers import SecurityHeaders
from bistro.plugins.static import DEFAULT_FOLDER, Static
from bistro.routing import Route, SlashPolicy


class App(BaseApp):
    """A site. `App()` comes with the parts that every site needs; `defaults=False` has none of them.

    A plugin given here replaces the default of its kind. The defaults, in order: `RequestLog`,
    `HostCheck`, `SecurityHeaders`, `ErrorPages`, `DebugPage` (in development),
    `Static` (where there is a folder `static` beside the file that makes the app), `Health`.
    """

    def __init__(
        self,
        *plugins: Plugin,
        defaults: bool = True,
        slash: SlashPolicy = "redirect",
        plans: Plans = "written",
        threads_max: int | None = None,
    ) -> None:
        chosen = self._with_defaults(plugins, origin_of_caller("App")) if defaults else plugins
        super().__init__(*chosen, slash=slash, plans=plans, threads_max=threads_max)

    def _with_defaults(self, given: Sequence[Plugin], origin: Origin) -> tuple[Plugin, ...]:
        """The default plugins, each replaced where one of its kind is given, then the others."""
        chosen: list[Plugin] = []
        rest = list(given)
        for default in self._defaults(origin):
            own = next((plugin for plugin in rest if type(plugin) is type(default)), None)
            if own is not None:
                rest.remove(own)
            chosen.append(default if own is None else own)
        everything = [*chosen, *rest]
        # Readiness needs the other plugins, which are only known here; what was told to watch stays.
        return tuple(
            replace(plugin, watch=tuple(everything))
            if isinstance(plugin, Health) and not plugin.watch
            else plugin
            for plugin in everything
        )

    def _defaults(self, origin: Origin) -> list[Plugin]:
        defaults: list[Plugin] = [RequestLog(), HostCheck(), SecurityHeaders(), ErrorPages()]
        if find_debug():
            # Loaded only here: production has no use for what reads source code.
            from bistro.plugins.debug_page import DebugPage

            defaults.append(DebugPage(self._list_routes))
        folder = Path(origin.file).parent / DEFAULT_FOLDER
        if folder.is_dir():
            defaults.append(Static(folder))
        defaults.append(Health())
        return defaults

    def _list_routes(self) -> tuple[Route, ...]:
        return self.freeze().routes
