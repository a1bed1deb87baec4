"""Forms that people submit."""

from bistro.forms.form import Form

__all__ = ["Form"]
