"""Histories of what sessions read and wrote, and the search in them for what must never happen."""
