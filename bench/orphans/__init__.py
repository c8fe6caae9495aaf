"""What a search for orphans costs, beside the same anti-join inside one database."""
