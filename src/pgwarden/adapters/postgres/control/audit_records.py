"""Reading the audit's chain as one transaction sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from pgwarden.adapters.postgres.control.audit_append import audit_sql, head_of
from pgwarden.adapters.postgres.control.connection import Connection
from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.audit_chain import AuditHead, AuditRecord, PersonalValue

BATCH = 1000
"""Entries that an export holds in memory."""


async def head_in(connection: Connection) -> AuditHead:
    """The end of the chain, as the transaction sees it. Raises AuditBroken."""
    return head_of(await (await connection.execute(audit_sql("head"))).fetchone())


async def records_in(connection: Connection, *, personal: bool) -> AsyncIterator[AuditRecord]:
    """Every entry from the lowest number on, a batch at a time; give it a transaction with one snapshot."""
    after = -(2**63)
    while True:
        page = {"after": after, "limit": BATCH}
        batch = await one_page(connection, "entries_between", page, personal=personal)
        for record in batch:
            yield record
        if len(batch) < BATCH:
            return
        after = batch[-1].number


async def one_page(
    connection: Connection, name: str, parameters: Mapping[str, object], *, personal: bool
) -> tuple[AuditRecord, ...]:
    rows = await (await connection.execute(audit_sql(name), parameters)).fetchall()
    kept: dict[int, dict[str, PersonalValue]] = {}
    numbers = [row[0] for row in rows if row[-1]]
    if personal and numbers:
        values = await (await connection.execute(audit_sql("personal_of"), {"numbers": numbers})).fetchall()
        for number, group in groupby(values, key=lambda row: row[0]):
            kept[number] = {name: PersonalValue(value, salt) for _, name, value, salt in group}
    return tuple(_record(row, kept.get(row[0], {})) for row in rows)


def _record(row: Sequence[Any], personal: Mapping[str, PersonalValue]) -> AuditRecord:
    number, previous, digest, at, action, actor, outcome, database, subject, source, details, commitments = row
    entry = AuditEntry(action, actor, at, Outcome(outcome), database, subject, source, details)
    return AuditRecord(number, previous, digest, entry, commitments, personal)
