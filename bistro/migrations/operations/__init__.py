"""What a migration does, one thing at a time; each knows its effect on the state and its reverse."""
