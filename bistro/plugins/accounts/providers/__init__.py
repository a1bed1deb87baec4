"""Log in with an account at another site: OpenID Connect, and OAuth 2 where a site has no more."""

from bistro.plugins.accounts.identities import ExternalIdentity, Identity
from bistro.plugins.accounts.providers.github import github
from bistro.plugins.accounts.providers.method import SignInWith
from bistro.plugins.accounts.providers.oauth import OAuthProvider
from bistro.plugins.accounts.providers.openid import OpenIdProvider, google
from bistro.plugins.accounts.providers.provider import (
    Ask,
    Provider,
    ProviderError,
    SignInFailed,
)
from bistro.plugins.accounts.providers.web import WebClient

__all__ = [
    "Ask",
    "ExternalIdentity",
    "Identity",
    "OAuthProvider",
    "OpenIdProvider",
    "Provider",
    "ProviderError",
    "SignInFailed",
    "SignInWith",
    "WebClient",
    "github",
    "google",
]
