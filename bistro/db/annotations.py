"""Read the annotations of a model's class body, also where they name models that are defined later."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator, Mapping
from types import FrameType

# Any: an annotation is any object.
from typing import Any, ClassVar, ForwardRef, get_args, get_origin

from bistro.db.column_types import without_none


class Names(dict[str, Any]):
    """The names that a class body sees; an unknown one stands for a model that is not defined yet."""

    def __init__(self, module: str) -> None:
        super().__init__(vars(builtins))
        self.update(vars(sys.modules[module]) if module in sys.modules else {})
        for frame in _frames_of(module):
            self.update(frame.f_locals)

    def __missing__(self, name: str) -> ForwardRef:
        return ForwardRef(name)


def read_annotations(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The annotations of a class body as objects, without those of class variables.

    Raises NameError, TypeError, AttributeError or SyntaxError for what can't be evaluated.
    """
    names: Names | None = None
    found = {}
    for name, annotation in namespace.get("__annotations__", {}).items():
        if isinstance(annotation, str):
            # The text is the program's own; the names are looked up where the class stands.
            names = Names(namespace["__module__"]) if names is None else names
            annotation = evaluate(annotation, names)
        if get_origin(annotation) is not ClassVar and annotation is not ClassVar:
            found[name] = annotation
    return found


def evaluate(text: str, names: Names) -> Any:
    """What an annotation means among `names`."""
    return eval(text, {}, names)  # noqa: S307 - an annotation of the program's own text


def read_target(annotation: Any) -> tuple[Any, bool]:
    """The model in `ForeignKey[Model]`, or its name, and whether None was allowed."""
    target, optional = without_none(get_args(annotation)[0])
    if isinstance(target, ForwardRef):
        text = target.__forward_arg__
        name, bar, none = text.partition("|")
        return name.strip(), optional or (bar == "|" and none.strip() == "None")
    return target, optional


def _frames_of(module: str) -> Iterator[FrameType]:
    """The functions in whose bodies the class stands, outermost first: models may be local to one."""
    frame: FrameType | None = sys._getframe(1)
    found = []
    while frame is not None:
        if frame.f_globals.get("__name__") == module and frame.f_locals is not frame.f_globals:
            found.append(frame)
        frame = frame.f_back
    return reversed(found)
