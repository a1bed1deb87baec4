"""Forms that tell what is wrong while they are filled in."""

from bistro.plugins.live_forms.plugin import LiveForms

__all__ = ["LiveForms"]
