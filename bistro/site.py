"""`App`: a site with the parts that every site needs, chosen once."""

from __future__ import annotations

from bistro.app import BaseApp, Plugin
from bistro.app.assemble import Plans
from bistro.routing import SlashPolicy


class App(BaseApp):
    """A site. `App()` comes with the parts that every site needs; `defaults=False` has none of them.

    A plugin given here replaces the default of its kind.
    """

    def __init__(
        self,
        *plugins: Plugin,
        defaults: bool = True,
        slash: SlashPolicy = "redirect",
        plans: Plans = "written",
    ) -> None:
        super().__init__(*plugins, slash=slash, plans=plans)
