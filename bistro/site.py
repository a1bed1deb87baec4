"""`App`: a site with the parts that every site needs, chosen once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from bistro.app import BaseApp, Plugin
from bistro.app.options import Plans
from bistro.ground.environment import RELOADS_NAME, find_debug
from bistro.ground.registry import Origin, origin_of_caller
from bistro.http import WebSocketOptions
from bistro.plugins.csrf import Csrf
from bistro.plugins.error_pages import ErrorPages
from bistro.plugins.health import Health
from bistro.plugins.host_check import HostCheck
from bistro.plugins.rendering import DEFAULT_FOLDER as TEMPLATES_FOLDER
from bistro.plugins.rendering import Rendering
from bistro.plugins.request_log import RequestLog
from bistro.plugins.security_headers import SecurityHeaders
from bistro.plugins.static import DEFAULT_FOLDER, Static
from bistro.routing import GroupOptions, Route, SlashPolicy


class App(BaseApp):
    """A site. `App()` comes with the parts that every site needs; `defaults=False` has none of them.

    A plugin given here replaces the default of its kind. The defaults, in order: `RequestLog`,
    `HostCheck`, `SecurityHeaders`, `ErrorPages`, `Csrf`, `DebugPage` (in development), `LiveReload`
    (there, under `bistro run`), `Rendering`,
    `Static` (the folder `static` beside the file that makes the app), `Health`.
    """

    def __init__(
        self,
        *plugins: Plugin,
        defaults: bool = True,
        slash: SlashPolicy = "redirect",
        plans: Plans = "written",
        threads_max: int | None = None,
        websockets: WebSocketOptions | None = None,
        root_path: str = "",
        trusted_proxies: Sequence[str] | None = None,
        **options: Unpack[GroupOptions],
    ) -> None:
        chosen = self._with_defaults(plugins, origin_of_caller("App")) if defaults else plugins
        super().__init__(
            *chosen,
            slash=slash,
            plans=plans,
            threads_max=threads_max,
            websockets=websockets,
            root_path=root_path,
            trusted_proxies=trusted_proxies,
            **options,
        )

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
        defaults: list[Plugin] = [RequestLog(), HostCheck(), SecurityHeaders(), ErrorPages(), Csrf()]
        if find_debug():
            # Loaded only here: production has no use for what reads source code.
            from bistro.plugins.debug_page import DebugPage

            defaults.append(DebugPage(self._list_routes))
            if os.environ.get(RELOADS_NAME) == "1":
                from bistro.plugins.live_reload import LiveReload

                defaults.append(LiveReload())
        beside = Path(origin.file).parent
        defaults.append(Rendering(beside / TEMPLATES_FOLDER))
        defaults.append(Static(beside / DEFAULT_FOLDER))
        defaults.append(Health())
        return defaults

    def _list_routes(self) -> tuple[Route, ...]:
        return self.freeze().routes
