"""Applying migrations to a database."""
