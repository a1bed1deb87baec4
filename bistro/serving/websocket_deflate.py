"""Compression of messages (RFC 7692), where it pays. Imported late, see `websocket_handshake.py`."""

from __future__ import annotations

from collections.abc import Sequence

from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.typing import ExtensionParameter

COMPRESS_FROM = 1024
"""In bytes: shorter texts gain little, and take nearly as long."""


class Deflate(PerMessageDeflate):
    """permessage-deflate that leaves alone what doesn't gain, and keeps nothing between two messages.

    A window that is kept costs 40 KiB and more for each client, of which most are idle; and where
    none is kept, the size of one message can't tell what stood in another.
    """

    def encode(self, frame: Frame) -> Frame:
        """Compress a text of some length; RFC 7692 §6 leaves it to the sender for each message."""
        if frame.opcode is not Opcode.TEXT or len(frame.data) < COMPRESS_FROM:
            return frame
        return super().encode(frame)


class DeflateFactory(ServerPerMessageDeflateFactory):
    """Negotiates `Deflate`; every client that offers permessage-deflate can do without a kept window."""

    def __init__(self) -> None:
        super().__init__(
            server_no_context_takeover=True,
            client_no_context_takeover=True,
            server_max_window_bits=12,
            compress_settings={"memLevel": 5, "level": 5},
        )

    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], PerMessageDeflate]:
        """The parameters to answer with, and the extension."""
        answer, agreed = super().process_request_params(params, accepted_extensions)
        return answer, Deflate(
            agreed.remote_no_context_takeover,
            agreed.local_no_context_takeover,
            agreed.remote_max_window_bits,
            agreed.local_max_window_bits,
            agreed.compress_settings,
        )
