"""Headers that keep browsers from harming a site's visitors, on every answer, at no cost.

They are bytes made once, when the app is frozen; an answer that sets one of them itself keeps its own.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, TypeAlias

from bistro.app import Finding, Setup
from bistro.ground import find_environment
from bistro.http import Request
from bistro.plugins.security_headers.violations import REPORT_SIZE_MAX, ViolationLog

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)


NONCE = "{nonce}"
HeaderValue: TypeAlias = str | Callable[[Request], str]


@dataclass(frozen=True)
class SecurityHeaders:
    """Send the security headers that a site should have from its first day (ASVS 5.0, 3.4).

    `None` for one of them leaves it out. `content_security_policy` lets in scripts and styles of the
    site's own files only: nothing inline and nothing from elsewhere. `transport_security` (HSTS) is
    sent only if it is set, since a browser that has seen it won't speak plain HTTP with the site any
    more: set it once the site is reached by https only, say to `timedelta(days=365)`.

    A policy with `{nonce}` in it, as in `script-src 'self' {nonce}`, lets in those inline scripts and
    styles that carry the nonce of the answer: `<script nonce="{{ csp_nonce }}">` in templates.
    """

    content_security_policy: str | None = CONTENT_SECURITY_POLICY
    referrer_policy: str | None = "strict-origin-when-cross-origin"
    frame_options: str | None = "DENY"
    opener_policy: str | None = "same-origin"
    permissions_policy: str | None = None
    transport_security: timedelta | None = None
    """How long browsers shall keep to https; subdomains are included."""
    violations_at: str = ""
    """The path, such as "/csp-report", at which browsers tell what the policy kept away, for the log."""

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Put the headers on every answer."""
        headers: dict[str, HeaderValue] = {**self.headers()}
        policy = headers.get("content-security-policy")
        if policy and self.violations_at:
            # A browser sends no cookie that would count here, and no token.
            add = setup.routes.post(
                self.violations_at,
                name="csp-report",
                csrf=False,
                public=True,
                include_in_schema=False,
                body_size_max=REPORT_SIZE_MAX,
            )
            add(ViolationLog().take)
        if isinstance(policy, str) and NONCE in policy:
            nonces = NonceMaker()
            headers["content-security-policy"] = nonces.policy_maker(policy)
            setup.template_global("csp_nonce", nonces.nonce_for)
        setup.headers(headers)
        setup.check(self.find_faults)

    def headers(self) -> Mapping[str, str]:
        """The headers as they are sent."""
        age = self.transport_security
        chosen = {
            "x-content-type-options": "nosniff",
            "referrer-policy": self.referrer_policy,
            "x-frame-options": self.frame_options,
            "cross-origin-opener-policy": self.opener_policy,
            "content-security-policy": self._policy(),
            "permissions-policy": self.permissions_policy,
            # RFC 6797 §6.1.1: seconds, without a sign.
            "strict-transport-security": age and f"max-age={int(age.total_seconds())}; includeSubDomains",
        }
        return {name: value for name, value in chosen.items() if value}

    def _policy(self) -> str | None:
        policy = self.content_security_policy
        if not policy or not self.violations_at or "report-" in policy:
            return policy
        return f"{policy}; report-uri {self.violations_at}"

    def find_faults(self, _: Any) -> list[Finding]:  # Any: a check is given the app, which it need not know
        """What `bistro check` says: HSTS is missing in production, or the policy lets inline scripts in."""
        found = []
        if self.transport_security is None and find_environment() == "production":
            fix = "Once all is https: SecurityHeaders(transport_security=timedelta(days=365))."
            found.append(Finding("security.I001", "info", "Strict-Transport-Security is not sent", fix=fix))
        if "'unsafe-inline'" in (self.content_security_policy or ""):
            fix = "Move scripts and styles into files, and take 'unsafe-inline' out of the policy."
            found.append(
                Finding(
                    "security.W001", "warning", "the content security policy lets inline code in", fix=fix
                )
            )
        return found


class NonceMaker:
    """Makes a nonce for each answer, the same wherever it is asked for (CSP Level 3, §7.1).

    It comes from the request's id and a key that is made anew at each start and never told, so that
    nobody can know it beforehand, whoever chose the id.
    """

    def __init__(self) -> None:
        self._key = os.urandom(32)

    def nonce_for(self, request: Request) -> str:
        """The nonce of the answer to `request`: 128 bits in base 64."""
        digest = hashlib.blake2b(request.id.encode(), key=self._key, digest_size=16).digest()
        return base64.b64encode(digest).decode("ascii")

    def policy_maker(self, policy: str) -> Callable[[Request], str]:
        """A function that puts the nonce into `policy`."""
        return lambda request: policy.replace(NONCE, f"'nonce-{self.nonce_for(request)}'")
