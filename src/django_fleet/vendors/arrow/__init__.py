"""Rows of a database as Arrow batches, Arrow's values as those of a driver: a file for each vendor.

Nothing here imports Arrow before it is asked for rows: it belongs to the extra ``engine``.
"""
