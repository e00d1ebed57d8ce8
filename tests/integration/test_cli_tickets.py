"""Asking, deciding and running at the command line, as people with accounts of their own do."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.change import dump, owned
from tests.support.change import run as change
from tests.support.cli_runner import CliRunner, Result
from tests.support.databases import create_database, drop_database

from pgwarden.adapters.postgres.control.connection import control_pool
from pgwarden.adapters.postgres.control.logins import PostgresLoginStore
from pgwarden.adapters.postgres.control.migrate import migrate
from pgwarden.adapters.postgres.control.people import PostgresPeopleStore
from pgwarden.adapters.secret_box import SecretBox
from pgwarden.bootstrap import App
from pgwarden.cli import main as command_line
from pgwarden.cli.door import open_app
from pgwarden.demo.people import APPROVES, ASKS, OTHER
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.login import Scope, secret_hash
from pgwarden.domain.person import ApiToken, Person, Role
from pgwarden.domain.ticket_events import Decision

DELETE = "delete from shelf where id <= 2"
SCOPES = frozenset({Scope.ASK, Scope.REQUEST, Scope.EXECUTE})

As = Callable[..., Result]
"""Runs a command as somebody: the first argument is the name of an account, '' a guest."""


@pytest.fixture
def shop(make_database: MakeDatabase) -> str:
    owner = owned(make_database())
    change(owner, "create table shelf (id int primary key, label text)")
    change(owner, "insert into shelf select n, 'shelf ' || n from generate_series(1, 9) n")
    change(owner, "create table contact (id int primary key, email text)")
    change(owner, "insert into contact values (1, 'ann@mail.example')")
    return owner


@pytest.fixture(scope="module")
def staffed(pg18_url: str) -> Iterator[tuple[str, dict[str, str]]]:
    """A control database with accounts to clone, and a token of each by name; '' is a guest's."""
    name = f"staffed_{uuid.uuid4().hex[:12]}"
    tokens = asyncio.run(staff(create_database(pg18_url, name)))
    yield name, tokens
    drop_database(pg18_url, name)


async def staff(control: str) -> dict[str, str]:
    """The accounts of the tour with an administrator, put into the stores as they are: no password is needed here."""
    made, now = {"": ""}, datetime.now(UTC)
    async with control_pool(control, size=1) as pool:
        await migrate(pool)
        people, logins = PostgresPeopleStore(pool), PostgresLoginStore(pool, SecretBox(None))
        for person in (Person("admin", roles=frozenset({Role.ADMIN})), ASKS, APPROVES, OTHER):
            own = {Scope.APPROVE} if person.level else {Scope.ADMIN} if Role.ADMIN in person.roles else set()
            scopes = frozenset(scope.value for scope in {*SCOPES, *own})
            token = ApiToken(
                f"t-{person.name}", person.name, "test", scopes, frozenset({"*"}), now, now + timedelta(hours=1)
            )
            made[person.name] = f"pgw_{uuid.uuid4().hex}"
            await people.add(person, audit=())
            await logins.add_token(token, secret_hash(made[person.name]), audit=())
    return made


def empty(home: Path) -> Path:
    config = home / "config.toml"
    config.touch(mode=0o600)
    return config


@pytest.fixture
def tokens(staffed: tuple[str, dict[str, str]]) -> dict[str, str]:
    return staffed[1]


@pytest.fixture
def environment(
    tmp_path: Path,
    make_database: MakeDatabase,
    shop: str,
    staffed: tuple[str, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, str]:
    config = empty(tmp_path)
    config.write_text(f'[databases.shop]\nurl = "{shop}"\nallow_writes = true\n')
    given = {
        "PGWARDEN_HOME": str(tmp_path / "home"),
        "PGWARDEN_CONFIG": str(config),
        "PGWARDEN_CONTROL_URL": make_database(template=staffed[0]),
        "PGWARDEN_USER": "guest",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


@pytest.fixture
def run_as(environment: dict[str, str], tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> As:
    def invoke(name: str, *arguments: str) -> Result:
        with monkeypatch.context() as patch:
            if tokens[name]:
                patch.setenv("PGWARDEN_TOKEN", tokens[name])
            return CliRunner().invoke(command_line.app, arguments)

    return invoke


def document(result: Result) -> Any:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout)


def requested(run_as: As, sql: str = DELETE, *more: str) -> str:
    ticket: str = document(run_as("ana", "request", sql, "--reason", "too old", *more, "--json"))["id"]
    return ticket


def refused(result: Result) -> str:
    return type(result.exception).__name__


def test_a_change_from_the_question_to_its_undo(run_as: As, shop: str) -> None:
    before = dump(shop)
    asked = run_as("ana", "request", "delete the shelf with id 1", "--reason", "too old")
    assert asked.exit_code == 0, asked.output
    for shown in ("PENDING", "DELETE of 1 row in shop", "too old", "delete the shelf with id 1", "taking it back"):
        assert shown in asked.stdout
    ticket = asked.stdout.split()[0]
    assert refused(run_as("ana", "ticket", "approve", ticket)) == "RightMissing"
    assert refused(run_as("", "ticket", "approve", ticket)) == "LoginNeeded"
    assert refused(run_as("ana", "execute", ticket)) == "NotApproved"
    assert "shelf 1" in run_as("max", "ticket", "show", ticket).stdout
    (waiting,) = document(run_as("max", "tickets", "--for-me", "--json"))
    assert (waiting["id"], waiting["asked"]) == (ticket, ["max"])
    approved = run_as("max", "ticket", "approve", ticket, "--comment", "fine")
    assert "is APPROVED" in approved.stdout
    assert refused(run_as("dora", "ticket", "deny", ticket, "--reason", "no")) == "TicketDecided"
    assert document(run_as("max", "ticket", "cancel", ticket, "--json"))["status"] == "CANCELLED"
    again = requested(run_as)
    run_as("max", "ticket", "approve", again)
    ran = document(run_as("ana", "execute", again, "--json"))
    assert sum(table["counts"]["deleted"] for table in ran["tables"]) == 2
    undone = run_as("ana", "undo", ran["id"], "--reason", "a mistake")
    assert undone.exit_code == 0, undone.output
    assert dump(shop) == before
    assert {t["status"] for t in document(run_as("ana", "tickets", "--mine", "--json"))} == {
        "CANCELLED",
        "UNDONE",
        "EXECUTED",
    }


def test_the_sample_hides_what_the_viewer_may_not_see(run_as: As) -> None:
    ticket = requested(run_as, "delete from contact where id = 1")
    (row,) = document(run_as("dora", "ticket", "show", ticket, "--json"))["sample"]["rows"]
    assert row == {"before": {"id": 1, "email": "***"}, "after": None}


def test_sensitive_values_of_high_risk_are_shown_once_and_with_an_approval(run_as: As) -> None:
    sql = "select c.email, s.label from contact c join shelf s on s.id = c.id"
    masked = document(run_as("ana", "query", sql, "--json"))
    assert masked["rows"] == [["***", "shelf 1"]], "masked data counts as non-sensitive"
    assert refused(run_as("ana", "request", sql, "--reason", "an audit")) == "InputInvalid"
    assert run_as("admin", "rights", "grant", "person:ana", "read", "--sensitive").exit_code == 0
    assert document(run_as("ana", "query", "select email from contact", "--json"))["rows"] == [["ann@mail.example"]]
    waits = run_as("ana", "query", sql)
    assert (refused(waits), "public.contact.email" in waits.exception.why) == ("NeedsApproval", True)  # type: ignore[union-attr]
    ticket = document(run_as("ana", "request", sql, "--reason", "an audit", "--json"))["id"]
    assert refused(run_as("ana", "execute", ticket)) == "NotApproved"
    assert "public.contact.email" in run_as("max", "ticket", "show", ticket).stdout
    run_as("max", "ticket", "approve", ticket)
    assert refused(run_as("dora", "execute", ticket)) == "RightMissing"
    assert document(run_as("ana", "execute", ticket, "--json"))["rows"] == [["ann@mail.example", "shelf 1"]]
    assert refused(run_as("ana", "execute", ticket)) == "NotApproved"
    assert refused(run_as("ana", "query", sql)) == "NeedsApproval"


def test_an_undo_that_is_not_covered_waits(run_as: As, shop: str) -> None:
    ticket = requested(run_as, "update shelf set label = 'x' where id = 1")
    run_as("dora", "ticket", "approve", ticket)
    execution = document(run_as("ana", "execute", ticket, "--json"))["id"]
    change(shop, "update shelf set label = 'edited' where id = 1")
    without_a_choice = run_as("ana", "undo", execution)
    assert refused(without_a_choice) == "RowsChangedSince"
    assert "label before shelf 1, after x, now edited" in " ".join(without_a_choice.stdout.split())
    assert "--force-rows overwrites" in without_a_choice.stdout
    assert {row["id"] for row in document(run_as("ana", "tickets", "--json"))} == {ticket}
    waiting = run_as("ana", "undo", execution, "--skip-rows")
    assert refused(waiting) == "NotApproved"
    undo = waiting.stdout.split()[0]
    assert "rows in its way, which it would skip" in run_as("dora", "ticket", "show", undo).stdout
    run_as("dora", "ticket", "approve", undo)
    assert "left as they are now" in run_as("ana", "execute", undo).stdout
    assert "edited" in str(dump(shop))


def test_rows_in_the_way_are_chosen_by_their_keys(run_as: As, shop: str) -> None:
    ticket = requested(run_as, "update shelf set label = 'x' where id <= 2")
    run_as("dora", "ticket", "approve", ticket)
    execution = document(run_as("ana", "execute", ticket, "--json"))["id"]
    change(shop, "update shelf set label = 'edited ' || id where id <= 2")
    plan = run_as("ana", "undo", execution, "--plan").stdout
    assert "2 rows stand in the way" in plan
    assert "--force-row TABLE:KEY" in plan
    assert refused(run_as("ana", "undo", execution, "--skip-row", "shelf:1")) == "InputInvalid"
    assert refused(run_as("ana", "undo", execution, "--skip-row", "shelf:7", "--force-rows")) == "InputInvalid"
    both = run_as("ana", "undo", execution, "--skip-row", "shelf:1", "--force-row", "public.shelf:1")
    assert refused(both) == "InputInvalid"
    waiting = run_as("ana", "undo", execution, "--skip-row", "shelf:1", "--force-rows")
    assert refused(waiting) == "NotApproved"
    undo = waiting.stdout.split()[0]
    assert "as was chosen for each of them" in run_as("dora", "ticket", "show", undo).stdout
    run_as("dora", "ticket", "approve", undo)
    assert run_as("ana", "execute", undo).exit_code == 0
    shelves = str(dump(shop)["shelf"])
    assert "edited 1" in shelves
    assert "edited 2" not in shelves


def test_several_tickets_are_decided_one_after_the_other(run_as: As) -> None:
    first, second = requested(run_as), requested(run_as)
    shown = document(run_as("dora", "ticket", "deny", first, "T-00000000", second, "--reason", "no", "--json"))
    assert [each.get("status", each.get("code")) for each in shown] == ["DENIED", "PGW150", "DENIED"]
    third = requested(run_as)
    assert document(run_as("ana", "ticket", "cancel", third, "--json"))["status"] == "CANCELLED"
    assert refused(run_as("ana", "ticket", "deny", third, "--reason", "x")) == "RightMissing"


def test_escalation_delegation_override_and_review(run_as: As) -> None:
    ticket = requested(run_as)
    run_as("ana", "ticket", "comment", ticket, "--text", "it is urgent")
    assert document(run_as("ana", "ticket", "escalate", ticket, "--reason", "risky", "--json"))["asked"] == ["dora"]
    assert refused(run_as("max", "ticket", "approve", ticket)) == "DecisionRefused"
    assert document(run_as("dora", "ticket", "delegate", ticket, "--to", "max", "--json"))["asked"] == ["dora"]
    done = document(run_as("max", "ticket", "approve", ticket, "--json"))
    assert (done["status"], done["events"][-1]["on_behalf_of"]) == ("APPROVED", "dora")
    fire = requested(run_as)
    assert document(run_as("max", "ticket", "override", fire, "--reason", "fire", "--json"))["status"] == "PENDING"
    assert document(run_as("dora", "ticket", "override", fire, "--reason", "fire", "--json"))["status"] == "APPROVED"
    run_as("ana", "execute", fire)
    assert "review due" in run_as("admin", "tickets").stdout
    assert refused(run_as("max", "ticket", "review", fire, "--comment", "ok")) == "DecisionRefused"


def test_a_freeze_stops_everything_and_is_lifted(run_as: As) -> None:
    ticket = requested(run_as)
    run_as("dora", "ticket", "approve", ticket)
    assert refused(run_as("ana", "freeze", "--reason", "x")) == "RightMissing"
    assert run_as("admin", "freeze", "--reason", "an incident").exit_code == 0
    assert "an incident" in run_as("ana", "tickets").stdout
    assert refused(run_as("ana", "execute", ticket)) == "WritesFrozen"
    assert run_as("max", "unfreeze", "--reason", "over").exit_code == 0
    assert run_as("ana", "execute", ticket).exit_code == 0


def test_a_window_an_urgency_and_what_is_no_change(run_as: As) -> None:
    ticket = requested(run_as, DELETE, "--from", "2999-01-01T00:00", "--until", "2999-01-02T00:00", "-u", "emergency")
    (found,) = document(run_as("ana", "tickets", "--urgent", "--json"))
    assert found["id"] == ticket
    run_as("dora", "ticket", "approve", ticket)
    result = run_as("ana", "execute", ticket)
    assert (refused(result), "may run from" in str(result.exception.why)) == ("NotApproved", True)  # type: ignore[union-attr]
    assert refused(run_as("ana", "request", DELETE, "--reason", "x", "--until", "2001-01-01")) == "InputInvalid"
    assert refused(run_as("ana", "request", "drop table shelf", "--reason", "x")) == "StatementRefused"
    assert refused(run_as("ana", "request", "what about shelves", "--reason", "x")) in ("NotUnderstood", "InputInvalid")
    assert refused(run_as("ana", "tickets", "--status", "ASLEEP")) == "InputInvalid"


def test_a_worker_runs_what_was_to_run_once_approved(run_as: As, shop: str) -> None:
    ticket = requested(run_as, DELETE, "--run")
    run_as("", "worker", "--drain")
    assert document(run_as("ana", "ticket", "show", ticket, "--json"))["status"] == "PENDING"
    run_as("max", "ticket", "approve", ticket)
    run_as("", "worker", "--drain")
    assert document(run_as("ana", "ticket", "show", ticket, "--json"))["status"] == "EXECUTED"
    assert len(dump(shop)["shelf"]) == 7


def test_a_small_insert_by_a_person_needs_nobody_and_is_still_a_ticket(run_as: As, shop: str) -> None:
    sql = "insert into shelf values (100, 'new')"
    asked = document(run_as("ana", "request", sql, "--reason", "a new one", "--wait", "--json"))
    assert (asked["status"], asked["rule"], asked["asked"]) == ("APPROVED", "small-insert-by-a-person", [])
    assert [event["event"] for event in asked["events"]] == ["TicketOpened", "AutoApproved"]
    assert run_as("ana", "execute", asked["id"]).exit_code == 0
    assert "(100,new)" in dump(shop)["shelf"]


def test_what_an_agent_passed_on_is_confirmed_or_discarded_by_that_person(run_as: As) -> None:
    ticket = requested(run_as)

    def pass_on(decision: Decision) -> None:
        async def work(app: App) -> None:
            robot = Identity("robot", IdentityKind.AGENT)
            await app.proposals.propose(
                ticket, decision, approver="dora", identity=robot, comment="go", client="Desk 1", via="mcp stdio"
            )

        open_app(work)

    pass_on(Decision.APPROVE)
    shown = run_as("ana", "ticket", "show", ticket).stdout
    for told in ("passed on by agents", "approve, passed on by robot through Desk 1", "dora alone can say"):
        assert told in " ".join(shown.split())
    assert refused(run_as("max", "ticket", "confirm", ticket, "--number", "1")) == "DecisionRefused"
    assert refused(run_as("max", "ticket", "discard", ticket)) == "InputInvalid"
    assert refused(run_as("", "ticket", "confirm", ticket)) == "LoginNeeded"
    assert document(run_as("dora", "ticket", "discard", ticket, "--json"))["status"] == "PENDING"
    assert refused(run_as("dora", "ticket", "confirm", ticket)) == "InputInvalid"
    pass_on(Decision.APPROVE)
    pass_on(Decision.DENY)
    assert refused(run_as("dora", "ticket", "confirm", ticket, "--number", "2")) == "TicketDecided"
    denied = run_as("dora", "ticket", "confirm", ticket, "--comment", "wrong shelf")
    assert denied.exit_code == 0, denied.output
    assert f"{ticket} is DENIED" in denied.stdout


def test_a_revision_voids_an_approval(run_as: As) -> None:
    ticket = requested(run_as)
    run_as("max", "ticket", "approve", ticket)
    assert refused(run_as("max", "ticket", "revise", ticket, DELETE, "--reason", "x")) == "DecisionRefused"
    revised = document(
        run_as("ana", "ticket", "revise", ticket, "delete from shelf where id <= 3", "--reason", "one more", "--json")
    )
    assert (revised["status"], revised["revision"], revised["request"]["rows"]) == ("PENDING", 2, 3)
    assert refused(run_as("ana", "execute", ticket)) == "NotApproved"


def test_ctrl_c_cancels_on_the_server_and_the_approval_holds_on(
    run_as: As, tokens: dict[str, str], environment: dict[str, str], shop: str
) -> None:
    ticket = requested(run_as)
    run_as("dora", "ticket", "approve", ticket)
    with psycopg.connect(shop) as other:
        other.execute("lock table shelf in access exclusive mode")
        process = subprocess.Popen(
            [sys.executable, "-m", "pgwarden", "execute", ticket],
            env={**environment, "PGWARDEN_TOKEN": tokens["ana"], "PATH": "/usr/bin:/bin"},
            stderr=subprocess.PIPE,
            text=True,
        )
        waits = "select from pg_locks where not granted and relation = 'shelf'::regclass"
        limit = time.monotonic() + 30
        with psycopg.connect(shop, autocommit=True) as watching:
            while watching.execute(waits).fetchone() is None:
                assert time.monotonic() < limit, "it did not begin in time"
                time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, "Cancelled" in said) == (130, True), said
    assert document(run_as("ana", "ticket", "show", ticket, "--json"))["status"] == "APPROVED"
    assert run_as("ana", "execute", ticket).exit_code == 0
