"""What comes from outside: the user's files, YAML, eyes, datasets, pictures."""
