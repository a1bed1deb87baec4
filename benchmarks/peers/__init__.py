"""Bistro beside other frameworks and servers; see `__main__.py`."""
