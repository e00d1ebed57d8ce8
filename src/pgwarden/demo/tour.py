"""``./run demo``: starts the embedded PostgreSQL, loads the sample shop, and says what is there."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import platformdirs

from pgwarden.adapters.embedded.places import data_root
from pgwarden.adapters.embedded.server import EmbeddedServer
from pgwarden.adapters.embedded.signals import orderly_end
from pgwarden.demo import shop
from pgwarden.domain.errors import PgwardenError

DATABASE = "shop"


def main() -> int:
    """Run the tour; returns the exit status."""
    parser = argparse.ArgumentParser(prog="./run demo", description="A tour of pgwarden on a sample shop.")
    parser.add_argument("--keep", action="store_true", help="leave PostgreSQL running afterwards")
    keep: bool = parser.parse_args().keep
    home = Path(os.environ.get("PGWARDEN_HOME") or platformdirs.user_data_dir("pgwarden", appauthor=False))
    started = time.monotonic()
    try:
        with orderly_end(), EmbeddedServer(data_root(home, "demo")) as server:
            _show(server, started)
            server.close(keep=keep)
            if keep:
                _say("PostgreSQL keeps running. Stop it by running the demo again without --keep.")
    except PgwardenError as error:
        sys.stderr.write(f"{error.what} {error.why} {error.not_done} {error.next_step}\n")
        return error.exit_status
    return 0


def _show(server: EmbeddedServer, started: float) -> None:
    import psycopg

    url = ensure_shop(server)
    with psycopg.connect(url) as connection:
        for table in ("customers", "orders", "products"):
            row = connection.execute(psycopg.sql.SQL("select count(*) from {}").format(psycopg.sql.Identifier(table)))
            _say(f"{table}: {row.fetchone()}")
    _say(f"ready after {time.monotonic() - started:.1f} s")


def ensure_shop(server: EmbeddedServer) -> str:
    """The superuser's URL on the shop's database, made on the first start and renewed when it is of another day."""
    url = server.create_database(DATABASE)
    loaded = shop.load(url)
    if not loaded.current:
        shop.load(url, fresh=True)
    return url


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
