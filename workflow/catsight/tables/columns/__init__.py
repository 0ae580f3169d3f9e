"""The columns of every table: one module a table, called as the table is.

Nothing is imported here, so that a job's digest holds the columns of its own table alone.
"""
