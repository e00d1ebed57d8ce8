"""pgwarden: ask PostgreSQL in plain words, know what a change would do, have it approved, take it back."""

__version__ = "0.1.0"
