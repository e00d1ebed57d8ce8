"""Appending to the audit inside a transaction that is there already: the last thing that it does."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

from psycopg.pq import TransactionStatus

from pgwarden.adapters.postgres.control.connection import OLDEST_MAJOR, Connection
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_chain import AuditHead, AuditRecord, chained, moment, prepared
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
    await connection.execute(audit_sql("append"), values_of(placed))
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


def values_of(records: Sequence[AuditRecord]) -> dict[str, object]:
    """The records in their places as JSON, for one statement however many they are. No text in them holds a NUL."""
    entries = [
        {
            "number": record.number,
            "previous": record.previous,
            "hash": record.hash,
            "at": moment(record.entry.at),
            "action": record.entry.action,
            "actor": record.entry.actor,
            "outcome": record.entry.outcome.value,
            "database": record.entry.database,
            "subject": record.entry.subject,
            "source": record.entry.source,
            "details": canonical_json(record.entry.details),
            "commitments": canonical_json(record.commitments),
        }
        for record in records
    ]
    personal = [
        {"number": record.number, "name": name, "salt": value.salt, "value": value.value}
        for record in records
        for name, value in record.personal.items()
    ]
    last = records[-1]
    return {
        "entries": json.dumps(entries),
        "personal": json.dumps(personal),
        "last": last.number,
        "hash": last.hash,
    }
