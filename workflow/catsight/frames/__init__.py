"""Photographs to frames: the sRGB pictures that everything else looks at, with an id and a group
each.
"""
