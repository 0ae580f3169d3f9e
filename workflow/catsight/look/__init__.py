"""Commands for use by hand, above the stages: see, eye, check and prune."""
