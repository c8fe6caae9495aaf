"""What a query over two databases costs, beside one database, the ids by hand and postgres_fdw."""
