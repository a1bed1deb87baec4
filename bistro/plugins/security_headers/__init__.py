"""Headers that keep browsers from harming a site's visitors, and what they tell of it.

`HttpsOnly` is loaded when first used (PEP 562): not every site has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bistro.ground import lazy_names
from bistro.plugins.security_headers.plugin import CONTENT_SECURITY_POLICY, SecurityHeaders

if TYPE_CHECKING:
    from bistro.plugins.security_headers.https_only import HttpsOnly as HttpsOnly

__all__ = ["CONTENT_SECURITY_POLICY", "HttpsOnly", "SecurityHeaders"]

if not TYPE_CHECKING:  # checkers would take any name for one of ours
    __getattr__, __dir__ = lazy_names(__name__, {"https_only": ("HttpsOnly",)})
