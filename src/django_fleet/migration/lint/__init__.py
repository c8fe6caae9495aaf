"""Migrations read before they run: what breaks the running release, and what locks big tables."""
