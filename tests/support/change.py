"""What the tests of execution and undo share: an owner without superuser rights, approvals, and dumps to compare."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import conninfo, sql

from pgwarden.adapters.postgres.capture import definitions_hash
from pgwarden.adapters.postgres.execution import execute
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.session import Session, open_session
from pgwarden.adapters.postgres.undo import preview_undo, undo
from pgwarden.domain.approval import Approved, ApprovedUndo, Expectation, OnConflict
from pgwarden.domain.execution import Execution, ExecutionLimits, Isolation, Parameter, RowCounts
from pgwarden.domain.recovery import RowConflict, conflicts_digest
from pgwarden.domain.undo_choice import chosen
from pgwarden.ports import ImageStore
from pgwarden.testing import issue_approval

PASSWORD = "owner"
NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=1)
PATIENT = ExecutionLimits(attempts=2, backoff_seconds=0.05)


def owned(database: str) -> str:
    """The same database, logged in as a plain role that owns it."""
    name = f"owner_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database, autocommit=True) as connection:
        role = sql.Identifier(name)
        connection.execute(sql.SQL("create role {} login password {}").format(role, sql.Literal(PASSWORD)))
        current = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("alter database {} owner to {}").format(current, role))
        connection.execute("grant all on schema public to public")
    return conninfo.make_conninfo(database, user=name, password=PASSWORD)


def run(database: str, *statements: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


async def oids(session: Session, tables: Iterable[str]) -> dict[str, int]:
    return {table: await session.value("select $1::text::regclass::oid::int8", [table]) for table in tables}


async def approve(
    database: str,
    statement: str,
    expected: Mapping[str, RowCounts | None],
    *,
    parameters: Iterable[Parameter] = (),
    reach: Iterable[str] = (),
    until: datetime = LATER,
    isolation: Isolation = Isolation.READ_COMMITTED,
) -> Approved:
    """An approval of exactly these numbers; ``reach`` defaults to the tables of ``expected``."""
    async with open_session(database) as session:
        identity, role = await Ledger(session).identify()
        known = await oids(session, {*expected, *reach})
        inside = [known[table] for table in (tuple(reach) or tuple(expected))]
        await session.script("begin; set local search_path = pg_catalog, pg_temp")
        definitions = await definitions_hash(session, inside)
    return issue_approval(
        execution_id=str(uuid.uuid4()),
        sql=statement,
        parameters=parameters,
        database=identity,
        role=role,
        reach=inside,
        definitions=definitions,
        expectations=[Expectation(known[table], table, counts) for table, counts in expected.items()],
        until=until,
        isolation=isolation,
    )


async def perform(
    database: str, statement: str, expected: Mapping[str, RowCounts | None], *, store: ImageStore | None = None
) -> Execution:
    """Approve and execute."""
    approved = await approve(database, statement, expected)
    return await execute(database, approved, now=NOW, limits=PATIENT, store=store)


async def take_back(
    database: str,
    execution: Execution,
    on_conflict: OnConflict = OnConflict.REFUSE,
    *,
    undo_id: str = "",
    store: ImageStore | None = None,
    shown: Sequence[RowConflict] | None = None,
    choices: Mapping[str, OnConflict] | None = None,
) -> Execution:
    """Undo with an approval made for it; to pass rows over, for those that were ``shown``, by default those of now.

    ``choices``: by the id of a row in the way, what becomes of it.
    """
    if shown is None and (choices or on_conflict is not OnConflict.REFUSE):
        shown = (await preview_undo(database, execution.id, store=store)).conflicts
    async with open_session(database) as session:
        identity, role = await Ledger(session).identify()
    on_conflict, each = chosen(shown or (), on_conflict, choices or {})
    approved = ApprovedUndo(
        undo_id or str(uuid.uuid4()),
        execution.id,
        identity,
        role,
        "requester",
        "approver",
        LATER,
        on_conflict,
        conflicts_digest=conflicts_digest(shown or ()),
        choices=each,
    )
    return await undo(database, approved, now=NOW, limits=PATIENT, store=store)


def without_create(superuser: str, *statements: str) -> str:
    """The database for a role that owns its tables and may create nothing but temporary ones."""
    owner = owned(superuser)
    run(owner, *statements)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"alter database {connection.info.dbname} owner to {connection.info.user}".encode())
    return owner


def dump(database: str) -> dict[str, list[str]]:
    """Every row of every user table as text, sorted: what two states are compared by."""
    with psycopg.connect(database) as connection:
        connection.execute("set timezone = 'UTC'")
        tables = connection.execute(
            "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'pgwarden') order by 1"
        ).fetchall()
        return {
            name: [row[0] for row in connection.execute(f"select t::text from only {name} t order by 1".encode())]
            for (name,) in tables
        }


def leftovers(database: str) -> list[str]:
    """Triggers and functions of ours that a finished execution must not leave."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select tgname from pg_trigger where tgname like 'pgwarden%'"
            " union all select proname from pg_proc where pronamespace = to_regnamespace('pgwarden')"
        )
        return [row[0] for row in rows]
