"""Refuse what another site makes a visitor's browser do."""

from bistro.plugins.csrf.plugin import CrossSiteRequest, Csrf, CsrfError
from bistro.plugins.csrf.tokens import CsrfToken

__all__ = ["CrossSiteRequest", "Csrf", "CsrfError", "CsrfToken"]
