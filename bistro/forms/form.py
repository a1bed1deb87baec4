"""A submitted form as a handler receives it."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

from bistro.ground.multidict import MultiDict
from bistro.http import FormData, Upload

T = TypeVar("T")


class Form(Struct, Generic[T], frozen=True):
    """`form: Form[T]` gives a handler the fields of a form as a checked `T`, in `form.value`.

    `T` is a Struct, dataclass or TypedDict. What is wrong with the fields is answered with 422 and
    one problem for each. `data` holds the fields and files as they were sent.
    """

    value: T
    data: FormData

    @property
    def fields(self) -> MultiDict[str]:
        """The fields as text."""
        return self.data.fields

    @property
    def files(self) -> MultiDict[Upload]:
        """The uploaded files by field name."""
        return self.data.files
