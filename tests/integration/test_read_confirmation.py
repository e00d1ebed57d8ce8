"""What is expected of a read is told before and with it, and a large one runs only when a person says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.conftest import MakeDatabase
from tests.support.cli_runner import CliRunner, Result

from pgwarden.cli import main as command_line
from pgwarden.cli.confirming import once_confirmed
from pgwarden.domain.advice import Estimate
from pgwarden.domain.errors import NeedsConfirmation
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.read_request import ReadRequest
from pgwarden.domain.read_threshold import ReadThreshold
from pgwarden.domain.result import ReadLimits

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, make_database: MakeDatabase, shop_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / "none.toml").touch(mode=0o600)
    settings = {
        "HOME": str(tmp_path / "home"),
        "CONFIG": str(tmp_path / "none.toml"),
        "CONTROL_URL": make_database(),
        "DATABASE_URL": shop_url,
        "USER": "ada",
        "READ_CONFIRM_ROWS": "1000",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"PGWARDEN_{name}", value)
    return lambda *arguments: CliRunner().invoke(command_line.app, arguments)


def test_a_large_read_is_planned_and_not_run_before_a_person_says_so(run: Run) -> None:
    small = run("query", "select id, city from customers where id < 4 order by id")
    assert small.exit_code == 0, small.output
    assert "expected: cost " in small.stdout
    assert "roughly" in small.stdout
    told = json.loads(run("query", "select id, city from customers where id < 5", "--json").stdout)["statistics"]
    assert told["estimated_cost"] > 0
    assert told["estimated_rows"] >= 1
    assert told["estimated_milliseconds"] > 0

    large = run("query", "select * from order_items")
    assert isinstance(large.exception, NeedsConfirmation)
    assert "rows are expected, from 1,000 on it is asked first" in large.exception.why
    assert large.exception.not_done == "It was planned and not run."
    assert run("query", "select * from order_items", "--yes").exit_code == 0
    asked = run("ask", "show all order items")
    assert isinstance(asked.exception, NeedsConfirmation)
    answer = json.loads(run("ask", "show all order items", "--yes", "--json").stdout)
    assert answer["result"]["statistics"]["estimated_rows"] >= 1000
    assert answer["alternatives"] == []


def test_an_answer_comes_with_what_else_it_could_be(run: Run) -> None:
    result = run("ask", "how many orders does each customer have", "--alternatives", "--yes", "--json")
    answer = json.loads(result.stdout)
    assert answer["alternatives"], result.output
    assert all(one["sql"] and one["explanation"] for one in answer["alternatives"])
    shapes = [one for one in answer["alternatives"] if one["kind"] == "other shape"]
    assert shapes
    assert all(one["same_rows"] and one["cost"] > 0 and one["guessed_milliseconds"] > 0 for one in shapes)
    shown = run("ask", "how many orders does each customer have", "--alternatives", "--yes").stdout
    assert "other shape: " in shown


def test_a_saved_question_is_asked_about_like_any_read(run: Run) -> None:
    kept = json.loads(run("questions", "save", "All lines", "select * from order_items", "--json").stdout)
    assert isinstance(run("questions", "run", kept["id"]).exception, NeedsConfirmation)
    assert run("questions", "run", kept["id"], "--yes").exit_code == 0


def test_only_people_confirm() -> None:
    read = partial(ReadRequest, database="shop", sql="select 1", limits=ReadLimits(), confirmed=True)
    assert read(identity=Identity("ada")).may_be_large
    assert not read(identity=Identity("bot", IdentityKind.AGENT)).may_be_large
    assert not read(identity=Identity("robot", IdentityKind.SERVICE)).may_be_large


async def test_whoever_sits_at_the_terminal_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[bool] = []

    async def work(*, confirmed: bool) -> str:
        ran.append(confirmed)
        if not confirmed:
            ReadThreshold(rows=10).require(Estimate(1, 10))
        return "rows"

    with pytest.raises(NeedsConfirmation):  # nobody is there
        await once_confirmed(work, yes=False, ask=lambda _words: True)
    for stream in ("stdin", "stderr"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True)
    with pytest.raises(NeedsConfirmation):
        await once_confirmed(work, yes=False, ask=lambda _words: False)
    assert await once_confirmed(work, yes=False, ask=lambda words: "10 rows are expected" in words) == "rows"
    assert ran == [False, False, False, True]


def test_each_bound_counts_by_itself_and_none_asks_nothing() -> None:
    expected = Estimate(cost=500, rows=20, guess=3000)
    for bound in (ReadThreshold(cost=500), ReadThreshold(rows=20), ReadThreshold(seconds=3)):
        with pytest.raises(NeedsConfirmation):
            bound.require(expected)
    for bound in (ReadThreshold(), ReadThreshold(501, 21, 3.1)):
        bound.require(expected)
