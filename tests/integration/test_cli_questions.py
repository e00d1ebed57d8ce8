"""Questions kept, run and found again at the command line, by the starter of a house of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import MakeDatabase
from tests.support.change import owned
from tests.support.change import run as change
from tests.support.cli_runner import CliRunner, Result

from pgwarden.cli import main as command_line

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / "none.toml").touch(mode=0o600)
    target = owned(make_database())
    change(target, "create table towns(id int, name text)", "insert into towns values (1, 'Bern'), (2, 'Rome')")
    for name, value in {
        "PGWARDEN_HOME": str(tmp_path / "home"),
        "PGWARDEN_CONFIG": str(tmp_path / "none.toml"),
        "PGWARDEN_CONTROL_URL": make_database(),
        "PGWARDEN_DATABASE_URL": target,
        "PGWARDEN_USER": "ada",
    }.items():
        monkeypatch.setenv(name, value)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(command_line.app, arguments)

    return invoke


def document(result: Result) -> Any:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout)


def test_a_question_is_kept_found_run_and_forgotten(run: Run) -> None:
    sql = "select name from towns order by id"
    kept = document(run("questions", "save", "All towns", sql, "-q", "which towns?", "--json"))
    assert (kept["owner"], kept["database"], kept["sql"]) == ("ada", "default", sql)
    (found,) = document(run("questions", "list", "--search", "TOWNS", "--json"))
    assert found["id"] == kept["id"]
    assert document(run("questions", "list", "--search", "rivers", "--json")) == []
    assert "All towns" in run("questions", "list").stdout
    assert document(run("questions", "run", kept["id"], "--json"))["rows"] == [["Bern"], ["Rome"]]
    assert "Rome" in run("questions", "run", kept["id"]).stdout
    for refused in (
        run("questions", "save", "All towns", sql),
        run("questions", "save", "Bad", "delete from towns"),
        run("questions", "share", kept["id"], "everybody"),  # nobody proved to be ada
        run("questions", "schedule", kept["id"], "0 8 * * *", "--to", "ada"),
        run("questions", "run", "q-none"),
    ):
        assert refused.exit_code != 0
    assert "Removed." in run("questions", "remove", kept["id"]).stdout
    assert document(run("questions", "list", "--json")) == []
    assert document(run("ask", "show towns", "--session", "s", "--json"))["sql"]
    turns = document(run("questions", "history", "--search", "TOWNS", "--json"))
    assert [turn["question"] for turn in turns] == ["show towns"]
    assert document(run("questions", "history", "--search", "rivers", "--json")) == []
