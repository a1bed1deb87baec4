"""Who somebody is elsewhere, and whose account that is here."""

from bistro.plugins.accounts.identities.linking import ExternalIdentity, Linking, Refusal, Source
from bistro.plugins.accounts.identities.models import SUBJECT_LENGTH_MAX, Identity
from bistro.plugins.accounts.identities.tables import add_identities

__all__ = [
    "SUBJECT_LENGTH_MAX",
    "ExternalIdentity",
    "Identity",
    "Linking",
    "Refusal",
    "Source",
    "add_identities",
]
