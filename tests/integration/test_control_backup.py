"""The way back that docs/control-database.md describes: dumped, restored elsewhere, and working on."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tests.support.databases import MakeDatabase

from pgwarden.adapters.embedded.installation import bundled
from pgwarden.adapters.postgres.control.migrate import pending_migrations
from pgwarden.adapters.postgres.control.open import control_database
from pgwarden.adapters.postgres.control.sessions import PostgresSessionStore
from pgwarden.domain.session import Session, Turn

DOCS = Path(__file__).parents[2] / "docs" / "control-database.md"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def documented(program: str) -> str:
    """The command as the docs give it."""
    found = re.search(rf"^{program} .*$", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert found, f"docs/control-database.md does not show {program}"
    return found[0]


def run(command: str, control_url: str, folder: Path) -> None:
    path = f"{bundled(18).bin}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PGWARDEN_CONTROL_URL": control_url}
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


async def test_a_backup_comes_back_and_goes_on(make_database: MakeDatabase, tmp_path: Path) -> None:
    original, other = make_database(), make_database()
    turns = [Turn(f"t{number}", NOON, "shop", "how many?", "select 1") for number in range(3)]
    async with control_database(original) as pool:
        store = PostgresSessionStore(pool)
        await store.open(Session("s1", "ana", "shop", NOON, NOON))
        for turn in turns[:2]:
            await store.add_turn("s1", turn, identity="ana")

    run(documented("pg_dump"), original, tmp_path)
    for _ in range(2):  # into an empty database, and over one that is there
        run(documented("pg_restore"), other, tmp_path)

    async with control_database(other) as pool:
        assert await pending_migrations(pool) == ()
        store = PostgresSessionStore(pool)
        await store.add_turn("s1", turns[2], identity="ana")
        assert await store.turns("s1", identity="ana") == tuple(turns)
