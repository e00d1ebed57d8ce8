"""The audit as auditors meet it: on the command line, with real reads and changes on a real target."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.support.change import owned, perform
from tests.support.change import run as change
from tests.support.cli_runner import CliRunner, Result
from tests.support.databases import MakeDatabase, create_database, drop_database

from pgwarden.adapters.postgres.control.audit_append import append_entries
from pgwarden.adapters.postgres.control.connection import transaction
from pgwarden.adapters.postgres.control.logins import PostgresLoginStore
from pgwarden.adapters.postgres.control.open import control_database
from pgwarden.adapters.postgres.control.people import PostgresPeopleStore
from pgwarden.adapters.secret_box import SecretBox
from pgwarden.cli import main as command_line
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import CheckpointInvalid, LoginNeeded, RestoreRefused, RightMissing, StatementRefused
from pgwarden.domain.execution import RowCounts
from pgwarden.domain.login import secret_hash
from pgwarden.domain.person import ApiToken, Person, Role

NOW = datetime.now(UTC)
PEOPLE = {
    "ada": (frozenset({Role.REQUESTER, Role.ADMIN}), frozenset({"ask", "audit", "admin"})),
    "dora": (frozenset({Role.REQUESTER, Role.AUDITOR}), frozenset({"ask", "audit"})),
    "otto": (frozenset({Role.REQUESTER}), frozenset({"ask", "request"})),
}
Run = Callable[..., Result]


async def admit(control_url: str) -> None:
    """Three people, each with a token that is their name."""
    async with control_database(control_url) as pool:
        people, logins = PostgresPeopleStore(pool), PostgresLoginStore(pool, SecretBox(None))
        for name, (roles, scopes) in PEOPLE.items():
            await people.add(Person(name, roles=roles), audit=())
            token = ApiToken(f"t-{name}", name, "test", scopes, frozenset("*"), NOW, NOW + timedelta(days=1))
            await logins.add_token(token, secret_hash(name), audit=())


@pytest.fixture(scope="module")
def target(pg18_url: str) -> Iterator[str]:
    """A database that pgwarden may change, with one table."""
    name = f"target_{uuid.uuid4().hex[:12]}"
    database = owned(create_database(pg18_url, name))
    change(database, "create table public.customer (id int primary key, email text)")
    change(database, "insert into public.customer select i, 'c' || i || '@example.org' from generate_series(1, 5) i")
    yield database
    drop_database(pg18_url, name)


@pytest.fixture(scope="module")
def admitted(pg18_url: str) -> Iterator[str]:
    """The name of a control database with people, to clone from."""
    name = f"admitted_{uuid.uuid4().hex[:12]}"
    asyncio.run(admit(create_database(pg18_url, name)))
    yield name
    drop_database(pg18_url, name)


@pytest.fixture
def control(make_database: MakeDatabase, admitted: str) -> str:
    return make_database(template=admitted)


@pytest.fixture
def run(tmp_path: Path, control: str, target: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / "none.toml").touch(mode=0o600)
    environment = {
        "PGWARDEN_HOME": str(tmp_path / "home"),
        "PGWARDEN_CONFIG": str(tmp_path / "none.toml"),
        "PGWARDEN_CONTROL_URL": control,
        "PGWARDEN_DATABASE_URL": target,
        "PGWARDEN_USER": "guest",
        "PGWARDEN_AUDIT_ANCHORS": f"file:{tmp_path}/anchors",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def invoke(*arguments: str, by: str = "dora", text: str | None = None, status: int = 0) -> Result:
        token = {"PGWARDEN_TOKEN": by} if by else {}
        result = CliRunner().invoke(command_line.app, arguments, input=text, env=token)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return result

    return invoke


def entries(run: Run, *filters: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("audit", "list", "--json", *filters).stdout)
    return found


def test_a_read_is_written_down_with_who_what_and_how_it_ended(run: Run) -> None:
    run("query", "select email from public.customer where id = 3", "--json", by="otto")
    (read,) = entries(run, "--action", "read.run")
    assert (read["actor"], read["outcome"], read["database"], read["source"]) == ("otto", "done", "default", "cli")
    assert read["details"].pop("milliseconds") >= 0
    assert read["details"] == {"rows": 1, "cached": False, "masked": 1, "token": "t-otto"}
    assert read["personal"]["statement"]["value"] == "select email from public.customer where id = 3"
    assert "c3@example.org" not in json.dumps(read), "no value of a row"


def test_a_refused_statement_is_written_down_too(run: Run) -> None:
    with pytest.raises(StatementRefused):
        run("query", "select pg_read_file('/etc/passwd')", by="otto")
    (read,) = entries(run, "--action", "read", "--outcome", "refused")
    assert read["details"]["error"] == "PGW020"
    assert "pg_read_file" in read["personal"]["statement"]["value"]


def test_a_question_is_written_down_with_its_sql(run: Run) -> None:
    run("ask", "how many customers are there?", "--json", by="otto")
    (asked,) = entries(run, "--action", "question.asked")
    assert asked["personal"]["question"]["value"] == "how many customers are there?"
    assert "count" in asked["personal"]["statement"]["value"]
    assert asked["details"]["status"] == "answered"


AUDITING = (
    "audit list",
    "audit show 1",
    "audit export -",
    "audit report",
    "audit checkpoint",
    "audit erase --person x --reason y",
    "audit key --new",
    "audit collect",
    "backup nowhere",
)


def test_neither_guests_nor_others_get_to_it(run: Run) -> None:
    for words in AUDITING:
        with pytest.raises(LoginNeeded):
            run(*words.split(), by="")
    for words in AUDITING:
        with pytest.raises(RightMissing):
            run(*words.split(), by="otto")
    refused = entries(run, "--outcome", "refused", "--actor", "otto")
    assert {"audit.read", "audit.exported", "audit.reported", "audit.erasure_asked", "control.backed_up"} <= {
        entry["action"] for entry in refused
    }


def test_whoever_reads_the_audit_is_written_down_in_it(run: Run) -> None:
    run("audit", "list", "--actor", "eve")
    (read,) = entries(run, "--action", "audit.read", "--actor", "dora")[-1:]
    assert read["details"]["actor"] == "eve"


def test_only_administrators_erase(run: Run) -> None:
    run("query", "select 'Secret@example.org' as x", by="otto")
    with pytest.raises(RightMissing):
        run("audit", "erase", "--containing", "secret@example.org", "--reason", "asked", by="dora")
    told = run("audit", "erase", "--containing", "secret@example.org", "--reason", "asked", "--json", by="ada")
    (number,) = json.loads(told.stdout)["entries"]
    shown = json.loads(run("audit", "show", str(number), "--json").stdout)
    assert shown["personal"] == {}
    assert list(shown["commitments"]) == ["statement"]
    assert "ecret@" not in run("audit", "export", "-").stdout
    assert "1 personal values were erased" in run("audit", "verify").stdout
    (erased,) = entries(run, "--action", "audit.erased")
    assert erased["details"] == {"by": ["containing"], "entries": str(number), "values": 1}


def test_an_export_is_verified_without_any_database(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("query", "select 1", by="otto")
    run("audit", "checkpoint", by="dora")
    run("query", "select 2", by="otto")
    file = tmp_path / "audit.jsonl"
    run("audit", "export", str(file))
    assert file.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("PGWARDEN_CONTROL_URL", "postgresql://nobody@127.0.0.1:1/none")
    whole = json.loads(run("audit", "verify", str(file), "--json", by="").stdout)
    assert whole["intact"]
    assert 0 < whole["covered"] < whole["last"]
    assert "only as safe as the control" in run("audit", "verify", str(file), by="").stdout.replace("\n", " ")
    lines = file.read_text().splitlines(keepends=True)
    for how, forged, kind in (
        ("rewrite", [line.replace("otto", "eve") if "otto" in line else line for line in lines], "rewritten"),
        ("deletion", [*lines[:2], *lines[3:]], "deleted"),
        ("reorder", [lines[0], lines[2], lines[1], *lines[3:]], "reordered"),
        ("truncation", lines[:-2], "truncated"),
        ("insertion", [*lines[:3], lines[2], *lines[3:]], "inserted"),
        ("garbage", [*lines[:2], "{not json}\n", *lines[3:]], "unreadable"),
        ("after the end", [*lines, lines[1]], "inserted"),
    ):
        other = tmp_path / f"{how}.jsonl"
        other.write_text("".join(forged))
        found = json.loads(run("audit", "verify", str(other), "--json", by="", status=1).stdout)
        assert kind in {finding["kind"] for finding in found["findings"]}, how


def test_another_machine_needs_the_public_key_alone(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("query", "select 1", by="otto")
    run("audit", "checkpoint")
    public = run("audit", "key", by="").stdout
    run("audit", "export", str(tmp_path / "audit.jsonl"))
    (tmp_path / "given.pub").write_text(public)
    monkeypatch.setenv("PGWARDEN_HOME", str(tmp_path / "another machine"))
    verify = ("audit", "verify", str(tmp_path / "audit.jsonl"), "--against", str(tmp_path / "anchors"))
    with pytest.raises(CheckpointInvalid):
        run(*verify, by="")
    assert "as the checkpoint of" in run(*verify, "--key", str(tmp_path / "given.pub"), by="").stdout


def test_a_forged_row_is_found_and_named(run: Run, control: str) -> None:
    run("query", "select 1", by="otto")
    run("audit", "checkpoint")
    assert "The audit is whole" in run("audit", "verify", by="").stdout
    with psycopg.connect(control) as connection:
        connection.execute("alter table pgwarden_control.audit_entry disable trigger append_only")
        connection.execute("update pgwarden_control.audit_entry set actor = 'eve' where actor = 'otto'")
    told = run("audit", "verify", by="", status=1).stdout
    assert "is not what was written" in told
    assert "switched off" in told


def test_what_the_ledger_holds_is_copied_once(run: Run, target: str) -> None:
    done = asyncio.run(
        perform(target, "delete from public.customer where id = 1", {"public.customer": RowCounts(deleted=1)})
    )
    for _ in range(2):
        run("audit", "collect")
    (copied,) = entries(run, "--action", "execution")
    assert (copied["action"], copied["subject"], copied["actor"]) == ("execution.committed", done.id, "requester")
    assert copied["details"]["counts"] == {"public.customer": {"inserted": 0, "updated": 0, "deleted": 1}}
    assert copied["personal"]["statement"]["value"] == "delete from public.customer where id = 1"
    assert copied["source"] == "ledger"


def test_a_worker_copies_the_ledgers_and_anchors_the_audit(run: Run, target: str, tmp_path: Path) -> None:
    statement = "delete from public.customer where id = 2"
    done = asyncio.run(perform(target, statement, {"public.customer": RowCounts(deleted=1)}))
    run("worker", "--once", by="")
    copied = entries(run, "--action", "execution", "--subject", done.id)
    assert [entry["details"]["approved_by"] for entry in copied] == ["approver"]
    assert list((tmp_path / "anchors").rglob("*.json"))
    assert json.loads(run("audit", "verify", "--json", by="").stdout)["covered"] > 0


def test_a_backup_is_restored_elsewhere_and_verified(
    run: Run, make_database: MakeDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("query", "select 1", by="otto")
    run("audit", "checkpoint")
    run("backup", str(tmp_path / "file"), by="ada")
    with pytest.raises(RestoreRefused):
        run("restore", str(tmp_path / "file"), by="")
    monkeypatch.setenv("PGWARDEN_CONTROL_URL", make_database())
    assert "The audit is whole" in run("restore", str(tmp_path / "file"), by="").stdout
    assert [entry["action"] for entry in entries(run)[-4:]][:1], "the old entries are there, and people can log in"
    told = run("audit", "verify", "--against", str(tmp_path / "anchors"), by="").stdout
    assert "as the checkpoint of" in told
    actions = [entry["action"] for entry in entries(run)]
    assert {"control.backed_up", "control.restored", "read.run"} <= set(actions)


async def decide(control: str) -> None:
    """A few tickets as the tickets room writes them down."""
    asked: dict[str, Any] = {
        "operation": "DELETE",
        "risk": "HIGH",
        "rows": 1200,
        "tables": ["public.customer"],
        "requester": "otto",
        "requester_kind": "person",
        "levels": [2],
        "revision": 1,
    }

    def event(ticket: str, action: str, minutes: float, actor: str = "otto", **details: Any) -> AuditEntry:
        personal = {"statement": "delete from customer -- <script>", "reason": "=cmd()"} if action == "opened" else {}
        at = NOW - timedelta(hours=2) + timedelta(minutes=minutes)
        return AuditEntry(
            f"ticket.{action}", actor, at, database="shop", subject=ticket, details=details, personal=personal
        )

    happened = [
        event("T1", "opened", 0, **asked),
        event("T1", "approved", 10, "mia", level=2),
        event("T1", "execution_claimed", 11, execution_id="e1"),
        event("T1", "executed", 12, execution_id="e1"),
        event("T1", "undone", 30, "otto"),
        event("T2", "opened", 0, **asked | {"levels": [3]}),
        event("T2", "escalated", 20, "system", level=3, cause="silence"),
        event("T2", "expired", 60, "system"),
        event("T3", "opened", 1, **asked),
        event("T3", "denied", 3, "mia", level=2),
        event("T4", "opened", 2, **asked | {"operation": "INSERT", "levels": []}),
        event("T4", "auto_approved", 2, "system", rule="small inserts"),
        event("T5", "opened", 3, **asked),
        event("T5", "override_invoked", 4, "dirk", level=3),
        event("T5", "override_invoked", 5, "dina", level=3),
        event("T5", "execution_failed", 6, code="PGW102"),
        event("T5", "revised", 7, **asked | {"cause": "drift"}),
    ]
    async with control_database(control) as pool, transaction(pool) as connection:
        await append_entries(connection, happened)


def test_the_report_tells_who_decided_what_and_how_long_it_took(run: Run, control: str, tmp_path: Path) -> None:
    asyncio.run(decide(control))
    made = json.loads(run("audit", "report", "--format", "json", "--since", "1d").stdout)
    assert (
        made["totals"]
        | {
            "tickets": 5,
            "undone": 1,
            "expired": 1,
            "denied": 1,
            "overrides": 1,
            "overrides not reviewed": 1,
            "drift stops": 2,
            "approved without a person": 1,
        }
        == made["totals"]
    )
    tickets = {ticket["id"]: ticket for ticket in made["tickets"]}
    assert (
        tickets["T1"]["decisions"][0] | {"by": "mia", "what": "approved", "seconds": 600.0}
        == tickets["T1"]["decisions"][0]
    )
    assert tickets["T4"]["rule"] == "small inserts"
    levels = {level["level"]: level for level in made["levels"]}
    assert (levels[2]["decisions"], levels[2]["median"]) == (2, 360.0)
    assert levels[3]["expired"] == 1
    assert [line["name"] for line in made["approvers"]] == ["dina", "dirk", "mia"]

    page = tmp_path / "report.html"
    run("audit", "report", "--since", "1d", "--output", str(page))
    html = page.read_text()
    assert "@media print" in html
    assert not re.search(r"(src=|href=|url\()|<script|https?:", html), "no request goes out, nothing runs"
    assert "&lt;script&gt;" in html

    rows = list(csv.DictReader(io.StringIO(run("audit", "report", "--since", "1d", "--format", "csv").stdout)))
    assert {row["ticket"]: row["status"] for row in rows}["T3"] == "denied"
    assert rows[0]["reason"] == "'=cmd()", "a spreadsheet takes it as text"


def test_the_report_is_of_its_period_and_database(run: Run, control: str) -> None:
    asyncio.run(decide(control))
    for words in (("--since", "1d", "--database", "crm"), ("--since", "2020-01-01", "--until", "2020-02-01")):
        assert json.loads(run("audit", "report", "--format", "json", *words).stdout)["totals"]["tickets"] == 0
