"""Forms: what a page asks for, and what a visitor has sent."""

from bistro.forms.checks import check
from bistro.forms.fields import FormField, FormTypeError, find_fields
from bistro.forms.files import FileCheck, ImageCheck, ImageLibraryError, find_type
from bistro.forms.form import Form
from bistro.forms.markup import FieldView
from bistro.forms.painting import Widgets
from bistro.forms.refusal import FormRefused
from bistro.forms.view import FormView
from bistro.forms.widget import ChoiceSource, Widget, in_steps
from bistro.forms.zones import find_zone

__all__ = [
    "ChoiceSource",
    "FieldView",
    "FileCheck",
    "Form",
    "FormField",
    "FormRefused",
    "FormTypeError",
    "FormView",
    "ImageCheck",
    "ImageLibraryError",
    "Widget",
    "Widgets",
    "check",
    "find_fields",
    "find_type",
    "find_zone",
    "in_steps",
]
