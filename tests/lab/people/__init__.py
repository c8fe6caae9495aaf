"""Models with columns that have a home of their own."""
