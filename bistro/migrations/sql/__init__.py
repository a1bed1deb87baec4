"""What operations are in SQL."""
