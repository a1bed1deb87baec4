"""The drivers: what speaks to a database, behind the protocols of `protocol.py`."""
