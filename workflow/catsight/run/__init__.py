"""How jobs run: options, locks, progress, and what they request of a cluster.

Nothing here can change a number, so no job's code digest covers these modules.
"""
