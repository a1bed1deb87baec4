"""What WebAuthn asks of a site: options for the browser and checks of its answers, by the package `webauthn`.

The package takes 0.4 s to load, so everything here runs in a thread.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final  # Any: what a browser sends as JSON

from msgspec import Struct

from bistro.ground import get_logger

TIMEOUT_MILLISECONDS: Final = 300_000
_log = get_logger("bistro.accounts")


class Party(Struct, frozen=True):
    """The site as browsers know it: its host, its origins, and its name."""

    id: str
    origins: Sequence[str]
    name: str


class NewCredential(Struct, frozen=True):
    """What a new passkey gives to keep."""

    id: str
    public_key: str
    sign_count: int


def to_text(value: bytes) -> str:
    """Base 64 as WebAuthn writes it."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def to_bytes(text: str) -> bytes:
    """The bytes of such a text. Raises ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("no base 64") from error


def make_creation_options(
    party: Party, challenge: bytes, user_handle: bytes, user_name: str, known: Sequence[str]
) -> str:
    """What a browser needs to make a passkey, as JSON; none on a device that has one of `known`."""
    import webauthn
    from webauthn.helpers.structs import AuthenticatorSelectionCriteria as Selection
    from webauthn.helpers.structs import ResidentKeyRequirement, UserVerificationRequirement

    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=user_handle,
        user_name=user_name,
        challenge=challenge,
        timeout=TIMEOUT_MILLISECONDS,
        authenticator_selection=Selection(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=_descriptors(known),
    )
    return webauthn.options_to_json(options)


def make_request_options(
    party: Party, challenge: bytes, known: Sequence[str] = (), *, verifies_user: bool
) -> str:
    """What a browser needs to use one, as JSON; any passkey for the site where `known` is empty."""
    import webauthn
    from webauthn.helpers.structs import UserVerificationRequirement as Requirement

    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=TIMEOUT_MILLISECONDS,
        allow_credentials=_descriptors(known),
        user_verification=Requirement.REQUIRED if verifies_user else Requirement.PREFERRED,
    )
    return webauthn.options_to_json(options)


def check_creation(party: Party, challenge: bytes, sent: dict[str, Any]) -> NewCredential | None:
    """The new passkey; None where the answer is forged, of another site, or to another question."""
    import webauthn

    try:
        found = webauthn.verify_registration_response(
            credential=sent,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
        )
    except Exception as error:  # noqa: BLE001 - a parser of what anybody may send; each error is a refusal
        _log.warning("passkey refused", reason=_reason(error))
        return None
    return NewCredential(to_text(found.credential_id), to_text(found.credential_public_key), found.sign_count)


def check_request(
    party: Party,
    challenge: bytes,
    sent: dict[str, Any],
    public_key: str,
    sign_count: int,
    *,
    verifies_user: bool,
) -> int | None:
    """How often the passkey has signed by now; None where the answer is refused."""
    import webauthn

    try:
        found = webauthn.verify_authentication_response(
            credential=sent,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            credential_public_key=to_bytes(public_key),
            credential_current_sign_count=sign_count,
            require_user_verification=verifies_user,
        )
    except Exception as error:  # noqa: BLE001 - see check_creation
        _log.warning("passkey refused", reason=_reason(error))
        return None
    return found.new_sign_count


def _descriptors(known: Sequence[str]) -> Any:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [PublicKeyCredentialDescriptor(id=to_bytes(each)) for each in known] or None


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
