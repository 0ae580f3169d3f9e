"""What people call by hand, above the stages: ``catsight see`` and ``catsight eye``."""
