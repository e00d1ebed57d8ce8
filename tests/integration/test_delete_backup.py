"""A DELETE with its enhanced backup: shown with its size before, made before it runs, whole as the tables were."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from tests.conftest import MakeDatabase
from tests.support.change import owned, run
from tests.support.mcp_client import settings_of

from pgwarden.adapters.postgres.connect import target
from pgwarden.bootstrap import build
from pgwarden.domain.catalog import Name
from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.identity import Identity
from pgwarden.domain.person import Person, Role
from pgwarden.domain.proposal import Proposal
from pgwarden.domain.ticket import TicketStatus
from pgwarden.domain.ticket_events import Decision

ADA, DORA = Identity("ada"), Identity("dora")
TABLES = (
    "create table tree(id int primary key, kind text not null)",
    "create table leaf(id int primary key, tree int not null references tree on delete cascade)",
    "create table stone(id int primary key)",
    "insert into tree select i, 'oak' from generate_series(1, 20) i",
    "insert into leaf select i, 1 + i % 20 from generate_series(1, 100) i",
    "vacuum analyze tree",
    "vacuum analyze leaf",
)
WORDS = "delete the trees with id 3"


def rows(database: str, table: str) -> int:
    with psycopg.connect(database) as connection:
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(*table.split(".")))
        found = connection.execute(query).fetchone()
    assert found
    return int(found[0])


@pytest.mark.parametrize(("policy", "copied"), [("LOW", True), ("", False)])
async def test_tables_are_copied_before_rows_go(
    state_home: Path, make_database: MakeDatabase, policy: str, copied: bool
) -> None:
    database = owned(make_database())
    run(database, *TABLES)
    file = state_home / "policy.toml"
    file.write_text(f'[backup]\ndelete_from = "{policy}"\n' if policy else "")
    file.chmod(0o600)
    settings = settings_of(state_home, make_database(), database, policy_file=file)
    async with build(settings, admit=False) as app:
        approver = frozenset({Role.REQUESTER, Role.APPROVER})
        await app.people.add(Person("dora", roles=approver, level=3), audit=())
        app.targets.add_for_now(target("grove", database, allow_writes=True))
        asked = await app.orchestrator.ask(WORDS, database="grove", identity=ADA, limits=app.limits())
        assert asked.plan is not None
        assert [step.name for step in asked.plan.steps][-3:] == ["approval_process", "backup", "execution"]
        assert asked.assessment is not None
        assert asked.assessment.backup is not None
        told = asked.assessment.backup.words
        assert told[0] == "each row that goes is kept as it was: 6"
        assert ("public.leaf is copied whole first: about 100 rows, 0.0 MB" in told) is copied
        wanted = Proposal("grove", str(asked.reading.sql), "ill")
        ticket = (await app.approval.create_approval_request(wanted, identity=ADA, source="test")).ticket.id
        await app.approval.audit_approval_decision(ticket, Decision.APPROVE, identity=DORA, comment="yes", via="test")
        ran = await app.execution.execute(ticket, identity=ADA, source="test")
        assert (rows(database, "tree"), rows(database, "leaf")) == (19, 95)
        if not copied:
            assert ran.backup is None
            return
        assert ran.backup is not None
        assert {copy.table: copy.rows for copy in ran.backup.tables} == {"public.tree": 20, "public.leaf": 100}
        assert [rows(database, copy.location) for copy in ran.backup.tables] == [
            copy.rows for copy in ran.backup.tables
        ], "as they were before"


async def test_without_its_copies_a_delete_does_not_run(state_home: Path, make_database: MakeDatabase) -> None:
    database = owned(make_database())
    run(database, *TABLES)
    file = state_home / "policy.toml"
    file.write_text('[backup]\ndelete_from = "LOW"\n')
    file.chmod(0o600)
    settings = settings_of(state_home, make_database(), database, policy_file=file)
    async with build(settings, admit=False) as app:
        await app.people.add(Person("dora", roles=frozenset({Role.APPROVER}), level=3), audit=())
        app.targets.add_for_now(target("grove", database, allow_writes=True))
        wanted = Proposal("grove", "delete from tree where id = 3", "ill")
        ticket = (await app.approval.create_approval_request(wanted, identity=ADA, source="test")).ticket.id
        await app.approval.audit_approval_decision(ticket, Decision.APPROVE, identity=DORA, comment="yes", via="test")
        app.execution._backups = None  # as where the target takes no copies
        with pytest.raises(PgwardenError):
            await app.execution.execute(ticket, identity=ADA, source="test")
        assert rows(database, "tree") == 20
        assert (await app.approval.check_approval_status(ticket)).standing.status is TicketStatus.FAILED
        assert str(Name("public", "tree")) == "public.tree"
