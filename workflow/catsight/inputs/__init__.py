"""What comes from outside the project: users' files, YAML, eyes, downloads, pictures."""
