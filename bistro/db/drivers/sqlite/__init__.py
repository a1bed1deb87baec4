"""SQLite, by way of APSW, which brings a current SQLite of its own."""
