"""Finding what was done to the audit in its own database, by whoever could."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import psycopg

from pgwarden.adapters.postgres.control.audit_append import audit_sql
from pgwarden.adapters.postgres.control.audit_records import BATCH, head_in, records_in
from pgwarden.adapters.postgres.control.connection import Connection
from pgwarden.domain.audit_checkpoint import Checkpoint
from pgwarden.domain.audit_verification import ChainCheck, FindingKind, Verification
from pgwarden.ports.audit import Seen, ignored

MIGRATION = "0007_audit.sql"
GUARD = "append_only"
GUARDED = {"audit_entry": 58, "audit_head": 42, "audit_personal": 50}
"""``tgtype`` of each table's guard: before 2, delete 8, update 16, truncate 32, once a statement."""
ALWAYS = "A"
"""``tgenabled`` of a trigger that fires for everybody."""


async def verify_in(connection: Connection, checkpoints: Sequence[Checkpoint], seen: Seen = ignored) -> Verification:
    """Walk the chain and look at its guards. Give it a transaction with one snapshot, and nothing else in it."""
    head = await head_in(connection)
    check = ChainCheck(head.chain, checkpoints)
    await _look_at_guards(connection, check)
    last = walked = 0
    try:
        async for record in records_in(connection, personal=True):
            check.see(record)
            last, walked = record.number, walked + 1
            if walked % BATCH == 0:
                seen(walked)
    except (ValueError, psycopg.DataError) as error:  # such as a moment beyond the calendar, or an unknown outcome
        check.note(FindingKind.UNREADABLE, last + 1, f"What follows entry {last} cannot be read: {error}.")
    return check.end(head)


async def _look_at_guards(connection: Connection, check: ChainCheck) -> None:
    """Note what is missing of them, and what stands beside them."""
    missing = set(GUARDED)
    guards = await (await connection.execute(audit_sql("guards"))).fetchall()
    for table, name, enabled, events, unconditional, source in guards:
        if name != GUARD:
            check.note(FindingKind.UNGUARDED, 0, f"A trigger {name} that pgwarden did not make stands on {table}.")
            continue
        missing.discard(table)
        if enabled != ALWAYS:
            check.note(FindingKind.UNGUARDED, 0, f"The trigger {GUARD} on {table} is switched off.")
        if (events, unconditional) != (GUARDED[table], True):
            check.note(FindingKind.UNGUARDED, 0, f"The trigger {GUARD} on {table} lets some changes pass.")
        if source.strip() != _guard_source():
            check.note(FindingKind.UNGUARDED, 0, f"The trigger {GUARD} on {table} runs another function than ours.")
    for table in sorted(missing):
        check.note(FindingKind.UNGUARDED, 0, f"The trigger {GUARD} on {table} is gone.")
    for table, name, what in await (await connection.execute(audit_sql("intruders"))).fetchall():
        check.note(FindingKind.UNGUARDED, 0, f"There is a {what} on {table} that should not be: {name}.")


@cache
def _guard_source() -> str:
    """The body of the trigger's function, as the migration makes it."""
    text = (files("pgwarden.adapters.postgres.control") / "migrations" / MIGRATION).read_text(encoding="utf-8")
    found = re.search(r"\$\$(.*?)\$\$", text, re.DOTALL)
    assert found, "the migration makes the function"
    return found[1].strip()
