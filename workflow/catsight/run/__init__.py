"""How jobs run: options, locks, progress, what they ask of a cluster.

Nothing here can change a number, so the digest of no job follows what is imported from here.
"""
