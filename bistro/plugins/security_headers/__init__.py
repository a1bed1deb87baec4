"""Headers that keep browsers from harming a site's visitors, and what they tell of it."""

from bistro.plugins.security_headers.https_only import HttpsOnly
from bistro.plugins.security_headers.plugin import CONTENT_SECURITY_POLICY, SecurityHeaders

__all__ = ["CONTENT_SECURITY_POLICY", "HttpsOnly", "SecurityHeaders"]
