"""Chains to look at and to forge: as a superuser, who may do anything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pgwarden.adapters.postgres.control.audit_append import append_prepared
from pgwarden.adapters.postgres.control.audit_log import PostgresAuditLog
from pgwarden.adapters.postgres.control.connection import Connection
from pgwarden.adapters.postgres.control.open import control_database
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_chain import AuditRecord, genesis
from pgwarden.domain.audit_verification import Verification

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def some_entries(count: int) -> list[AuditEntry]:
    """Entries as different people write them, each with a personal value."""
    return [
        AuditEntry(
            "ticket.approved" if number % 2 else "read.run",
            ("ana", "björn", "eve")[number % 3],
            NOON + timedelta(minutes=number),
            database="shop",
            subject=f"t{number}",
            details={"rows": number, "share": number / 7},
            personal={"statement": f"select {number}"},
        )
        for number in range(1, count + 1)
    ]


@asynccontextmanager
async def audit_of(conninfo: str) -> AsyncIterator[PostgresAuditLog]:
    """The audit of a control database, brought up to date."""
    async with control_database(conninfo) as pool:
        yield PostgresAuditLog(pool)


TABLES = ("audit_entry", "audit_head", "audit_personal")


async def forge(connection: Connection, *statements: str) -> None:
    """Change the audit's tables unseen by their triggers, as a superuser can; the triggers are back afterwards."""
    for table in TABLES:
        await connection.execute(f"alter table pgwarden_control.{table} disable trigger append_only")
    for statement in statements:
        await connection.execute(statement.encode())
    for table in TABLES:
        await connection.execute(f"alter table pgwarden_control.{table} enable always trigger append_only")


async def rewrite(connection: Connection, records: Sequence[AuditRecord], chain: str) -> None:
    """Put these records in the place of the whole chain, chained anew and right in every hash: the owner's forgery."""
    await forge(
        connection,
        "delete from pgwarden_control.audit_entry",
        "delete from pgwarden_control.audit_personal",
        f"update pgwarden_control.audit_head set number = 0, hash = '{genesis(chain)}'",
    )
    await append_prepared(connection, [replace(record, number=0, previous="", hash="") for record in records])


def kinds(found: Verification) -> set[str]:
    return {finding.kind.value for finding in found.findings}


def words(found: Verification) -> str:
    return "\n".join(finding.what for finding in found.findings)
