"""A site's database."""

from bistro.plugins.database.plugin import Database

__all__ = ["Database"]
