"""What a database holds: its tables, columns, indexes and constraints, read from each vendor's catalog."""
