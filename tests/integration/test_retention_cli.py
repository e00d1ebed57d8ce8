"""``pgwarden gc``, ``erase`` and ``db uninstall`` as a user meets them."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.change import owned, perform, run
from tests.support.cli_runner import CliRunner, Result

from pgwarden.cli.main import app
from pgwarden.domain.errors import UninstallUnconfirmed
from pgwarden.domain.execution import RowCounts


@pytest.fixture
def target(tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> str:
    """A plain owner's database, registered as ``default`` with a fresh control database."""
    database = owned(make_database())
    (tmp_path / "none.toml").touch(mode=0o600)
    for name, value in {
        "PGWARDEN_HOME": str(tmp_path / "home"),
        "PGWARDEN_CONFIG": str(tmp_path / "none.toml"),
        "PGWARDEN_CONTROL_URL": make_database(),
        "PGWARDEN_DATABASE_URL": database,
        "PGWARDEN_USER": "ada",
        "PGWARDEN_UNDO_DAYS": "7",
    }.items():
        monkeypatch.setenv(name, value)
    run(database, "create table t (id int primary key, email text)", "insert into t values (1, 'a@x'), (2, 'b@x')")
    return database


def pgwarden(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


async def change(database: str) -> str:
    return (await perform(database, "delete from t", {"t": RowCounts(deleted=2)})).id


def test_what_is_kept_is_shown_and_dropped(target: str) -> None:
    execution = asyncio.run(change(target))
    fresh = pgwarden("gc")
    assert fresh.exit_code == 0, fresh.output
    assert execution in fresh.stdout
    assert "0 bytes freed" in fresh.stdout
    shown = json.loads(pgwarden("gc", "--older-than", "0", "--dry-run", "--json").stdout)
    assert [each["id"] for each in shown["dropped"]] == [execution]
    assert shown["freed"] > 0
    assert json.loads(pgwarden("gc", "--older-than", "0", "--json").stdout)["freed"] == shown["freed"]
    assert json.loads(pgwarden("gc", "--json").stdout)["kept"] == []
    listed = json.loads(pgwarden("executions", execution, "--json").stdout)
    assert listed["execution"]["id"] == execution
    with psycopg.connect(os.environ["PGWARDEN_CONTROL_URL"]) as connection:
        actions = connection.execute("select action from pgwarden_control.audit_entry").fetchall()
    assert ("images.collected",) in actions


def test_one_row_is_erased_and_the_database_left(target: str) -> None:
    execution = asyncio.run(change(target))
    arguments = ("erase", "--table", "public.t", "--where-key", "id=1", "--column", "email", "--json")
    erased = pgwarden(*arguments)
    assert json.loads(erased.stdout) == {"executions": [execution], "images": 1}
    wrong = pgwarden("erase", "--table", "t", "--where-key", "id", "--column", "email")
    assert wrong.exit_code != 0

    refused = pgwarden("db", "uninstall", "default")
    assert isinstance(refused.exception, UninstallUnconfirmed)
    assert "1 execution, of which 0 could still be undone" in refused.exception.why
    assert pgwarden("db", "uninstall", "default", "--yes").exit_code == 0
    assert "nothing" in pgwarden("db", "uninstall", "default", "--yes").stdout
