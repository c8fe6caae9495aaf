"""Relations whose ends live in different databases: what the databases no longer do is done here.

Foreign key constraints, cascades, many-to-many rows, columns with a home of their own, and the search
for rows whose parent is gone.
"""
