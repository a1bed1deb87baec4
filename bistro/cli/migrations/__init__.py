"""`bistro db …`: the commands about migrations."""
