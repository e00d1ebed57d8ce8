"""``python -m pgwarden`` is the same as ``pgwarden``."""

from pgwarden.cli.main import main

if __name__ == "__main__":
    main()
