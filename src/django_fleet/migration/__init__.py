"""Migrations of all databases together.

Not ``migrations``: Django would look for migrations of this app in a package of that name.
"""
