"""Figures: pictures of the results, and the report."""
