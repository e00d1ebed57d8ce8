"""Appending to the audit inside a transaction that is there already: the last thing that it does."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from psycopg.pq import TransactionStatus

from pgwarden.adapters.postgres.control.connection import OLDEST_MAJOR, Connection
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_chain import AuditHead, AuditRecord, chained, prepared
from pgwarden.domain.canonical_json import canonical_json
from pgwarden.domain.errors import AuditBroken


def audit_sql(name: str) -> bytes:
    """One of the audit's queries; they run unchanged on every supported version."""
    return named_queries("audit.sql", OLDEST_MAJOR)[name]


async def append_entries(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Chain the entries, in order, as part of the caller's transaction.

    Call it last: from here to the commit nobody else can append. ValueError when an entry's details are no JSON
    values or its moment has no time zone; nothing is locked then.
    """
    await append_prepared(connection, [prepared(entry, secrets.token_bytes) for entry in entries])


async def append_prepared(connection: Connection, records: Sequence[AuditRecord]) -> tuple[AuditRecord, ...]:
    """The same for records that ``prepared`` made; they come back in their places."""
    if not records:
        return ()
    inside = not connection.autocommit or connection.info.transaction_status is not TransactionStatus.IDLE
    assert inside, "outside a transaction the chain's lock would be gone before the entries are written"
    head = head_of(await (await connection.execute(audit_sql("lock_head"))).fetchone())
    placed = chained(head, records)
    await connection.execute(audit_sql("append"), columns_of(placed))
    return placed


def head_of(row: tuple[Any, ...] | None) -> AuditHead:
    """The one row of audit_head, which a trigger keeps. Raises AuditBroken when it is gone all the same."""
    if row is None:
        raise AuditBroken(
            "The end of the audit's chain is gone.",
            why="Somebody who may do anything in the control database deleted the row that holds it.",
            not_done="Nothing was written, and so nothing was done.",
            next_step="Keep the database as it is, and restore a backup elsewhere: docs/backup.md",
        )
    return AuditHead(*row)


def columns_of(records: Sequence[AuditRecord]) -> dict[str, object]:
    """The records in their places as arrays, one a column: a batch is one statement."""
    entries = [record.entry for record in records]
    personal = [(record.number, name, value) for record in records for name, value in record.personal.items()]
    return {
        "numbers": [record.number for record in records],
        "previous": [record.previous for record in records],
        "hashes": [record.hash for record in records],
        "at": [entry.at for entry in entries],
        "actions": [entry.action for entry in entries],
        "actors": [entry.actor for entry in entries],
        "outcomes": [entry.outcome.value for entry in entries],
        "databases": [entry.database for entry in entries],
        "subjects": [entry.subject for entry in entries],
        "sources": [entry.source for entry in entries],
        "details": [canonical_json(entry.details) for entry in entries],
        "commitments": [canonical_json(record.commitments) for record in records],
        "owners": [number for number, _, _ in personal],
        "names": [name for _, name, _ in personal],
        "salts": [value.salt for _, _, value in personal],
        "values": [value.value for _, _, value in personal],
        "last": records[-1].number,
        "hash": records[-1].hash,
    }
