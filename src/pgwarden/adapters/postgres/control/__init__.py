"""The control database: what pgwarden itself must remember, in PostgreSQL, one store a file."""
