"""The same seven things in every peer: what its own documentation shows, with nothing switched off or on.

json, plaintext, params among 30 routes, a validated body, files, an upload, and a WebSocket that
echoes, where the peer has one.
"""
