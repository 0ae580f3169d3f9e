"""Photographs, clips, tables and synthetic scenes to frames: sRGB pictures with id and group."""
