"""Is a statement a read without effects? Found by running it, not by reading it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from psycopg import pq
from tests.corpora.regress.psql import Session

_LEADING = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*", re.DOTALL)
_CANDIDATE = re.compile(r"(select|values|table|with|explain|show)\b", re.IGNORECASE)

_UNSEEN_EFFECTS = re.compile(
    r"(?<!')\b(set_config|pg_notify|pg_stat_reset\w*|pg_stat_force_next_flush|pg_stat_clear_snapshot"
    r"|pg_log_backend_memory_contexts|pg_logical_emit_message"
    r"|pg_terminate_backend|pg_cancel_backend|pg_reload_conf|pg_rotate_logfile|pg_switch_wal|pg_create_\w+"
    r"|pg_drop_\w+|pg_replication_\w+|pg_export_snapshot|pg_promote|gin_clean_pending_list|brin_\w*summarize\w*"
    r"|brin_desummarize_range|pg_current_logfile|pg_safe_snapshot_blocking_pids|setseed|lo_\w+|loread|lowrite"
    r"|pg_(?:restore|clear)_(?:relation|attribute)_stats|pg_prewarm|pg_import_system_collations)\s*\(",
    re.IGNORECASE,
)
"""Functions whose effects leave no trace that one session can see before it commits."""

_CRASHES_THE_SERVER = re.compile(r"::sqljson_mystr\b|satisfies_hash_partition\(.*variadic null", re.IGNORECASE)
"""Mistakes of PostgreSQL 18 before 18.6: the server goes down, and every other session with it."""

CRASHES = "it would crash the server"

SETTINGS = """
select pg_catalog.hashtext(pg_catalog.string_agg(name operator(pg_catalog.||) '=' operator(pg_catalog.||)
       coalesce(setting, ''), ';' order by name))
from pg_catalog.pg_settings
where name operator(pg_catalog.<>) 'transaction_read_only' and name operator(pg_catalog.!~~) 'plpgsql.%'
"""
"""Every setting but those that loading PL/pgSQL adds. Dear, so it is asked once until a statement runs in between."""

TRACES = """
with mine as materialized (
    select oid, relkind from pg_catalog.pg_class
    where relnamespace operator(pg_catalog.=) pg_catalog.pg_my_temp_schema()
)
select pg_catalog.pg_current_xact_id_if_assigned()::text,
       (select pg_catalog.count(*) from pg_catalog.pg_prepared_statements),
       (select pg_catalog.count(*) from pg_catalog.pg_cursors where name operator(pg_catalog.<>) ''),
       (select pg_catalog.count(*) from pg_catalog.pg_locks
        where locktype operator(pg_catalog.=) 'advisory' and pid operator(pg_catalog.=) pg_catalog.pg_backend_pid()),
       (select pg_catalog.count(*) from pg_catalog.pg_listening_channels()),
       (select pg_catalog.count(*) from mine),
       (select pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_inserted(oid)
               operator(pg_catalog.+) pg_catalog.pg_stat_get_xact_tuples_updated(oid)
               operator(pg_catalog.+) pg_catalog.pg_stat_get_xact_tuples_deleted(oid))
        from mine where relkind operator(pg_catalog.=) 'r'),
       (select pg_catalog.sum(pg_catalog.pg_sequence_last_value(oid))
        from mine where relkind operator(pg_catalog.=) 'S')
"""
"""What a statement may leave behind; nothing in it can be captured by objects of the tests. READ ONLY transactions
may write to temporary tables and advance temporary sequences."""

PARTS = (
    "a setting changed",
    "a transaction id was assigned",
    "a prepared statement",
    "a cursor",
    "an advisory lock",
    "a listened channel",
    "a temporary object",
    "rows of a temporary table",
    "a temporary sequence",
)
"""Names of what is compared: the settings, then the columns of TRACES."""


class Truth(StrEnum):
    """What running a candidate showed."""

    READ = "read"
    FAILED = "failed"
    EFFECT = "effect"


@dataclass(frozen=True, slots=True)
class Finding:
    """``why`` is the server's message, or which part of the state changed."""

    truth: Truth
    why: str = ""


def is_candidate(sql: str) -> bool:
    """Whether the first word makes it a SELECT, VALUES, TABLE, WITH, EXPLAIN or SHOW."""
    leading = _LEADING.match(sql)
    return _CANDIDATE.match(sql, leading.end() if leading else 0) is not None


def find(session: Session, sql: str) -> Finding:
    """Run the candidate inside a READ ONLY (sub)transaction that is rolled back, and compare what is around it.

    Leaves the session as it was, apart from effects that no rollback takes back.
    """
    pgconn = session.pgconn
    if _CRASHES_THE_SERVER.search(sql):
        return Finding(Truth.FAILED, CRASHES)
    if pgconn.transaction_status == pq.TransactionStatus.INERROR:
        return Finding(Truth.FAILED, "the transaction had failed already")
    inside = pgconn.transaction_status == pq.TransactionStatus.INTRANS
    opened = b"savepoint pgwarden_truth; set transaction read only" if inside else b"begin read only"
    closed = b"rollback to savepoint pgwarden_truth; release savepoint pgwarden_truth" if inside else b"rollback"
    if _failure(pgconn.exec_(opened)):
        pgconn.exec_(closed)
        return Finding(Truth.FAILED, "no read-only transaction could be opened")
    before = _state_before(session)
    failure = _failure(pgconn.exec_(sql.encode()))
    after = None if failure else _state(session)
    pgconn.exec_(closed)
    if failure:
        return Finding(Truth.FAILED, failure)
    if before is None or after is None:
        return Finding(Truth.FAILED, "the state could not be read")
    session.settings = after[0] if before == after else None
    if before != after:
        place = next(place for place, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1])
        return Finding(Truth.EFFECT, PARTS[place])
    if unseen := _UNSEEN_EFFECTS.search(sql):
        return Finding(Truth.EFFECT, unseen[1].lower())
    return Finding(Truth.READ)


def _state(session: Session) -> tuple[bytes | None, ...] | None:
    traces = _row(session.pgconn, TRACES)
    settings = _row(session.pgconn, SETTINGS)
    return None if traces is None or settings is None else (*settings, *traces)


def _state_before(session: Session) -> tuple[bytes | None, ...] | None:
    """The same, with the settings as they were found after the candidate before this one, if nothing ran since."""
    if session.settings is None:
        return _state(session)
    traces = _row(session.pgconn, TRACES)
    return None if traces is None else (session.settings, *traces)


def _row(pgconn: pq.abc.PGconn, query: str) -> tuple[bytes | None, ...] | None:
    result = pgconn.exec_(query.encode())
    if result.status != pq.ExecStatus.TUPLES_OK:
        return None
    return tuple(result.get_value(0, column) for column in range(result.nfields))


def _failure(result: pq.abc.PGresult) -> str:
    if result.status in (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE):
        return result.error_message.decode(errors="replace").strip() or "failed"
    return ""
