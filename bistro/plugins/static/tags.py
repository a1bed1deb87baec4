"""`script("app.js")` and `stylesheet("site.css")`: tags for static files, with all that they should have."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from bistro.ground import Markup, escape
from bistro.http import Request
from bistro.plugins.static.site import StaticSite

NonceMaker: TypeAlias = Callable[[Request], str]
AttributeValue: TypeAlias = "str | int | bool | None"

ATTRIBUTE = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)


class AssetTags:
    """Makes the tags of one site.

    They have the URL of the file, the hash of its content (Subresource Integrity, W3C) once the files
    were collected, and the nonce of the answer where the policy wants one.
    """

    def __init__(self, site: StaticSite, find_nonce: Callable[[], NonceMaker | None]) -> None:
        self._site = site
        self._find_nonce = find_nonce

    def make_script(self, request: Request) -> Callable[..., Markup]:
        """What makes `<script>` tags for the answer to `request`."""

        def script(name: str, **attributes: AttributeValue) -> Markup:
            return Markup("<script{}></script>").format(self._attributes(request, "src", name, attributes))

        return script

    def make_stylesheet(self, request: Request) -> Callable[..., Markup]:
        """What makes `<link rel="stylesheet">` tags for the answer to `request`."""

        def stylesheet(name: str, **attributes: AttributeValue) -> Markup:
            written = self._attributes(request, "href", name, attributes)
            return Markup('<link rel="stylesheet"{}>').format(written)

        return stylesheet

    def _attributes(
        self, request: Request, address: str, name: str, given: dict[str, AttributeValue]
    ) -> Markup:
        nonce = self._find_nonce()
        attributes: dict[str, AttributeValue] = {
            address: self._site.make_urls(request)(name),
            "integrity": self._site.find_integrity(name),
            "nonce": nonce(request) if nonce else None,
            **{each.replace("_", "-"): value for each, value in given.items()},
        }
        return Markup("").join(_write(each, value) for each, value in attributes.items())


def _write(name: str, value: AttributeValue) -> Markup:
    if value is None or value is False:
        return Markup("")
    if not ATTRIBUTE.fullmatch(name):
        raise ValueError(f"{name!r} can't be the name of an attribute")
    if value is True:
        return Markup(" {}").format(name)
    return Markup(' {}="{}"').format(name, escape(value))
