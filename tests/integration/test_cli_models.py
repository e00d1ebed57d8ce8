"""The command line with language models: real settings, the shop, and models that are servers on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import MakeDatabase
from tests.support.cli_runner import CliRunner, Result
from tests.support.http_server import Answer, Listener
from tests.support.model_house import answers
from tests.support.model_server import model, proposal

from pgwarden.cli import main as command_line

Run = Callable[..., Result]
HOW_MANY = "how many customers are there?"
COUNT = "SELECT count(*) FROM customers"


@pytest.fixture
def servers() -> Iterator[tuple[Listener, Listener, dict[str, str]]]:
    """The primary model, the backup, and the settings that name them."""
    with model(answers(proposal(COUNT))) as (first, spec), model(answers(proposal(COUNT))) as (second, other):
        settings = {
            "PGWARDEN_LLM_PRIMARY": f"{spec.name}@{spec.url}",
            "PGWARDEN_LLM_BACKUP": f"openai:spare@{other.url}",
            "PGWARDEN_LLM_RETRIES": "0",
            "PGWARDEN_LLM_PRICES": "openai:m=1/10",
            "PGWARDEN_LLM_DAILY_DOLLARS": "5",
        }
        yield first, second, settings


@pytest.fixture
def run(
    tmp_path: Path,
    make_database: MakeDatabase,
    shop_url: str,
    servers: tuple[Listener, Listener, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    (tmp_path / "none.toml").touch(mode=0o600)
    environment = {
        "PGWARDEN_HOME": str(tmp_path / "home"),
        "PGWARDEN_CONFIG": str(tmp_path / "none.toml"),
        "PGWARDEN_CONTROL_URL": make_database(),
        "PGWARDEN_DATABASE_URL": shop_url,
        "PGWARDEN_USER": "ada",
        **servers[2],
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def invoke(*arguments: str, text: str | None = None) -> Result:
        return CliRunner().invoke(command_line.app, arguments, input=text)

    return invoke


def document(result: Result) -> Any:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout)


def test_a_question_goes_to_the_model_then_to_the_backup_then_to_the_built_in_engine(
    run: Run, servers: tuple[Listener, Listener, dict[str, str]]
) -> None:
    first, second, _ = servers
    good = document(run("ask", HOW_MANY, "--engine", "model", "--json"))
    assert (good["status"], good["engine"], good["confidence"]) == ("answered", "model (openai:m)", 0.95)
    assert good["result"]["rows"][0][0] > 0
    assert "the built-in engine agrees: the same rows" in good["assumptions"]

    first.answer = answers(proposal("SELECT count(*) FROM orders"))
    asked = run("ask", HOW_MANY + " ?", "--engine", "model")
    assert asked.exit_code == 5
    words = " ".join(asked.stdout.split())
    assert "the built-in engine reads it otherwise" in words
    assert "1. so it was read – as model (openai:m) reads it" in words
    assert "– as built-in reads it" in words, "both readings are shown"

    first.answer = lambda _got: Answer(500)
    spare = run("ask", "count the customers", "--engine", "model")
    assert spare.exit_code == 0, spare.stdout
    assert "The model openai:m failed (HTTP 500)." in " ".join(spare.stdout.split()), "the backup answered"

    second.answer = lambda _got: Answer(503)
    fallen = document(run("ask", HOW_MANY + " !", "--engine", "model", "--json"))
    assert (fallen["status"], fallen["engine"]) == ("answered", "built-in")
    assert fallen["warnings"] == [
        "The model openai:m failed (HTTP 500).",
        "The model openai:spare failed (HTTP 503).",
        "No model engine could answer; the next one goes on.",
    ]

    shown = document(run("models", "--json"))
    assert [(each["model"], each["failures"], each["circuit"]) for each in shown["models"]] == [
        ("openai:m", 2, "closed"), ("openai:spare", 1, "closed"),
    ]  # fmt: skip
    assert shown["models"][0]["last_failure"] == "The model openai:m failed (HTTP 500)."
    assert shown["models"][0]["price"] == {"input": 1.0, "output": 10.0}
    assert shown["budget"]["all_dollars"] == 5.0
    text = " ".join(run("models").stdout.split())
    assert "2 failures in a row: The model openai:m failed (HTTP 500)." in text
    (everyone, own) = document(run("models", "usage", "--days", "2", "--json"))
    assert (everyone["identity"], own["identity"]) == ("", "ada")
    assert own["calls"] == everyone["calls"] == 6
    assert own["cost"] > 2 * (100 + 20 * 10) / 1e6, "two answered calls at their price, failed ones at their prompt's"
    parts = {each["model"]: each for each in own["models"]}
    assert {name: each["provider"] for name, each in parts.items()} == {"openai:m": "openai", "openai:spare": "openai"}
    assert sum(each["calls"] for each in parts.values()) == 6
    assert sum(each["cost"] for each in parts.values()) == pytest.approx(own["cost"])
    told = run("models", "usage").stdout
    assert "everyone" in told
    assert "openai:spare" in told


def test_an_engine_is_scored_with_ones_own_questions(
    run: Run, servers: tuple[Listener, Listener, dict[str, str]], tmp_path: Path
) -> None:
    first, second, _ = servers
    file = tmp_path / "questions.jsonl"
    nobody = "how many customers are from Nowhere?"
    cases = [
        {"id": "right", "question": HOW_MANY, "gold": COUNT},
        {"id": "empty", "question": "orders with total above 100000000", "gold": "SELECT id FROM orders WHERE id < 0"},
        {"id": "moon", "question": "what is the shoe size of the moon?", "answerable": False},
        {"id": "lost", "question": nobody, "gold": "SELECT 0"},
    ]
    file.write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")
    scored = document(run("eval", str(file), "--engine", "builtin", "--json"))
    assert scored["table"]["correct"] == {"answerable": 1, "unanswerable": 0}
    assert scored["table"]["both empty"] == {"answerable": 1, "unanswerable": 0}, "which is not counted as right"
    assert sum(scored["table"][end]["unanswerable"] for end in ("asked", "refused")) == 1
    assert scored["precision"] == 1.0
    assert scored["models"]["calls"] == 0
    assert {one["engine"] for one in scored["failures"]} == {"built-in"}

    shown = run("eval", str(file), "--engine", "built-in").stdout
    table = " ".join(shown.split())
    assert "has an answer has none" in table
    assert "right 1 (33%)" in table
    assert "both without rows 1 (33%)" in table

    run("ask", nobody)
    assert run("feedback", "--wrong", "--sql", "SELECT 0").exit_code == 0
    line = json.dumps(cases[-1])

    def taught(which: str) -> Any:
        return document(run("eval", "--engine", "built-in", "--taught", which, "--json", text=line))["outcomes"]

    assert taught("all")["correct"] == 1
    assert taught("others")["correct"] == taught("none")["correct"] == 0, "it is not scored against its own answer"

    one = json.dumps(cases[0])
    modelled = document(run("eval", "--engine", "model", "--json", text=one))
    assert modelled["outcomes"]["correct"] == 1
    assert modelled["models"] == {"calls": 1, "tokens": 120, "cost": pytest.approx(0.0003), "unpriced": 0}
    first.answer = second.answer = lambda _got: Answer(500)
    down = document(run("eval", "--engine", "model", "--json", text=one.replace("how many", "How many")))
    assert down["outcomes"]["error"] == 1, "what stands in for the model is not scored as the model"
    assert "HTTP 500" in down["failures"][0]["why"]
