"""Forms: what a page asks for, and what a visitor has sent."""

from bistro.forms.fields import FormField, FormTypeError, Widget, find_fields
from bistro.forms.form import Form
from bistro.forms.view import FormView

__all__ = ["Form", "FormField", "FormTypeError", "FormView", "Widget", "find_fields"]
