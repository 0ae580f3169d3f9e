"""The columns of the tables, one module for each table.

Nothing is imported here, so a job's code digest covers the columns of its own table alone.
"""
