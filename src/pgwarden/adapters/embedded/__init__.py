"""Our own launcher for the PostgreSQL programs that come as a Python package."""
