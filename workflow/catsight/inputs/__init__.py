"""Reads all that comes from outside: the user's files, YAML, eyes, downloads, pictures."""
