"""PostgreSQL, by way of asyncpg (the extra `bistro[postgres]`) and a pool of Bistro's own."""
