"""A device with passkeys, made of a few lines: honest by default, and able to lie in each part."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bistro.plugins.accounts.passkeys.ceremony import to_bytes, to_text

ORIGIN = "http://localhost"
PRESENT, VERIFIED, WITH_KEY = 1, 4, 64


class Device:
    """One passkey; `lies` of a call take the place of what an honest device would say."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.user_handle = b""
        self.count = 0

    def create(self, options: dict[str, Any], **lies: Any) -> dict[str, Any]:
        """The answer to the question for a new passkey."""
        self.user_handle = to_bytes(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        key = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(key)
        data = self._data(lies, options["rp"]["id"], WITH_KEY) + attested
        statement = {"fmt": "none", "attStmt": {}, "authData": data}
        response = {"attestationObject": to_text(cbor2.dumps(statement))}
        return self._answer("webauthn.create", options, lies, response)

    def get(self, options: dict[str, Any], **lies: Any) -> dict[str, Any]:
        """The answer to the question for the use of it."""
        self.count += 1
        data = self._data(lies, options["rpId"], 0)
        client = self._client("webauthn.get", options, lies)
        signed = lies.get("signed", data + hashlib.sha256(client).digest())
        key = lies.get("key", self.key)
        handle = lies.get("user_handle", self.user_handle)
        response = {
            "authenticatorData": to_text(data),
            "signature": to_text(key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            "userHandle": to_text(handle) if handle is not None else None,
        }
        return self._answer("webauthn.get", options, lies, response)

    def _data(self, lies: dict[str, Any], host: str, flags: int) -> bytes:
        flags |= lies.get("flags", PRESENT | VERIFIED)
        hashed = hashlib.sha256(lies.get("host", host).encode()).digest()
        return hashed + bytes([flags]) + lies.get("count", self.count).to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any], lies: dict[str, Any]) -> bytes:
        told = {
            "type": lies.get("type", kind),
            "challenge": lies.get("challenge", options["challenge"]),
            "origin": lies.get("origin", ORIGIN),
            "crossOrigin": False,
        }
        return json.dumps(told).encode()

    def _answer(
        self, kind: str, options: dict[str, Any], lies: dict[str, Any], response: dict[str, Any]
    ) -> dict[str, Any]:
        client = to_text(self._client(kind, options, lies))
        name = to_text(lies.get("id", self.id))
        return {
            "id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {},
            "response": {"clientDataJSON": client, **response},
        }  # fmt: skip
