"""Runs allowed reads: fences first, then the statement through a cursor, in two network round trips."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import perf_counter

import psycopg

from pgwarden.adapters.postgres import failures
from pgwarden.adapters.postgres.pipeline import lost
from pgwarden.adapters.postgres.pool import Link, TargetPool
from pgwarden.adapters.postgres.read import Expected, Read, Supposed
from pgwarden.adapters.postgres.rows import Rows
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.adapters.postgres.traced import statement_span
from pgwarden.domain.errors import ExecutionFailed, InputInvalid, PgwardenError, StatementRefused
from pgwarden.domain.result import ReadLimits, ReadStatistics, Result, ResultColumn
from pgwarden.domain.statement import Decision, Verdict

DEADLINE_GRACE_SECONDS = 5.0
"""How much longer than the server's own limit we wait before giving the connection up."""
CANCEL_SECONDS = 5.0
FIRST_WITH_GENERIC_PLANS = 160000
LONGEST_EXPLAINED = 256 * 1024
"""Characters. A plan repeats conditions once per partition, and cannot be cut on the server."""


class PostgresReadRunner:
    """The ReadRunner of one target. Every fence is its own: the verdict, READ ONLY, one statement per message,
    limits on the server, cut cells, bounded batches, a byte cap, and a deadline here."""

    def __init__(self, pool: TargetPool) -> None:
        self._pool = pool

    async def run(
        self,
        verdict: Verdict,
        parameters: Sequence[object] = (),
        *,
        limits: ReadLimits,
        masked: frozenset[int] = frozenset(),
        expected: Mapping[int, str] | None = None,
        expected_functions: Mapping[int, str] | None = None,
        search_path: Sequence[str] = (),
    ) -> Result:
        """Rows of an ALLOW verdict, as `ports.ReadRunner` says.

        Raises StatementRefused for any other verdict, CatalogChanged, ExecutionFailed, ExecutionTimeout,
        ExecutionCancelled, RightMissing, PoolExhausted and ConnectionFailed.
        """
        _require_allowed(verdict)
        started = perf_counter()
        asked = None if expected is None else Expected(expected, expected_functions or {})
        rows = await self._on_a_link(verdict, parameters, limits, masked, asked, search_path)
        return Result(
            columns=tuple(
                ResultColumn(field.name, field.type.name, field.type.oid, position in masked)
                for position, field in enumerate(rows.fields)
            ),
            rows=tuple(rows.values),
            statistics=ReadStatistics(
                rows=len(rows.values),
                milliseconds=(perf_counter() - started) * 1000,
                bytes=rows.bytes,
                truncated_rows=rows.more,
                truncated_bytes=rows.over,
                truncated_cells=rows.cut_cells,
            ),
            notices=tuple(rows.notices),
        )

    async def explain(
        self,
        verdict: Verdict,
        parameters: Sequence[object] = (),
        *,
        limits: ReadLimits,
        search_path: Sequence[str] = (),
        analyze: bool = False,
    ) -> Mapping[str, object]:
        """The plan of an allowed or approvable statement as PostgreSQL's JSON; the statement is not executed.

        ``analyze`` executes an allowed one in the fences of a read and gives its times, not its rows. Raises
        StatementRefused for a refused one: planning alone can run functions that it calls.
        """
        if analyze:
            _require_allowed(verdict)
        if verdict.decision is Decision.REFUSE:
            raise _refused(verdict)
        if len(verdict.sql) > LONGEST_EXPLAINED:
            raise ExecutionFailed(
                "The statement is too long to explain.",
                why=f"It has more than {LONGEST_EXPLAINED:,} characters, and its plan could be many times longer.",
                not_done="No plan was made.",
                next_step="Shorten long lists of values.",
            )
        generic = bool(verdict.parameters) and not parameters
        options = "format json, generic_plan" if generic else "format json"
        if analyze and not generic:
            options += ", analyze, timing off"
        rows = await self._on_a_link(
            verdict, parameters, limits, frozenset(), None, search_path, prefix=f"explain ({options}) "
        )
        (document,) = json.loads(str(rows.values[0][0]))
        plan: Mapping[str, object] = document
        return plan

    async def explain_with_index(
        self, verdict: Verdict, definition: str, *, limits: ReadLimits, search_path: Sequence[str] = ()
    ) -> Mapping[str, object] | None:
        """As `ports.ReadRunner` says. The imagined index is forgotten before anybody else gets the session; behind a
        proxy the session is not ours, and nothing is imagined."""
        _require_allowed(verdict)
        async with self._pool.borrow() as link:
            if link.facts.pooled:
                return None
            async with link.connection.transaction():
                row = await (await link.connection.execute(self._query("hypopg_schema"), prepare=False)).fetchone()
        if row is None:
            return None
        rows = await self._on_a_link(
            verdict,
            (),
            limits,
            frozenset(),
            None,
            search_path,
            "explain (format json) ",
            Supposed.by(row[0], definition),
        )
        (document,) = json.loads(str(rows.values[0][0]))
        plan: Mapping[str, object] = document
        return plan

    @staticmethod
    def _query(name: str) -> bytes:
        return named_queries("target.sql", 14)[name]

    async def _on_a_link(
        self,
        verdict: Verdict,
        parameters: Sequence[object],
        limits: ReadLimits,
        masked: frozenset[int],
        expected: Expected | None,
        search_path: Sequence[str],
        prefix: str = "",
        supposed: Supposed | None = None,
    ) -> Rows:
        """Run on a connection. One that died while it lay idle is replaced, as long as nothing came back on it."""
        while True:
            async with self._pool.borrow() as link:
                if "generic_plan" in prefix and link.facts.version < FIRST_WITH_GENERIC_PLANS:
                    raise _values_needed(verdict)
                read = Read(link, self._pool.types, verdict, limits, masked, search_path, prefix, supposed)
                try:
                    return await self._within_deadline(read, link, parameters, expected, limits)
                except psycopg.Error as error:
                    if not (lost(error, link.connection) and not link.fresh and not read.answered):
                        raise self._failure(error, read, bool(masked), limits) from None

    async def _within_deadline(
        self, read: Read, link: Link, parameters: Sequence[object], expected: Expected | None, limits: ReadLimits
    ) -> Rows:
        try:
            with statement_span(read.text):
                async with asyncio.timeout(limits.seconds + DEADLINE_GRACE_SECONDS):
                    return await read.rows(parameters, expected)
        except TimeoutError:
            await self._stop(link, read)
            raise failures.timeout(limits.seconds) from None
        except asyncio.CancelledError:
            await self._stop(link, read)
            raise

    async def _stop(self, link: Link, read: Read) -> None:
        """End on the server what still runs; psycopg has tried on the wire already when it was interrupted waiting."""
        if link.connection.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
            await asyncio.shield(self._ask_to_stop(link, read))

    async def _ask_to_stop(self, link: Link, read: Read) -> None:
        """By the process id on the connection kept for it; behind a proxy only the wire's own cancel finds the way."""
        with suppress(psycopg.Error, TimeoutError):
            if read.backend and not link.facts.pooled:
                await asyncio.wait_for(self._pool.stop(read.backend), CANCEL_SECONDS)
            else:
                await link.connection.cancel_safe(timeout=CANCEL_SECONDS)

    def _failure(self, error: psycopg.Error, read: Read, hide_values: bool, limits: ReadLimits) -> PgwardenError:
        if isinstance(error, psycopg.errors.QueryCanceled) and read.seconds >= 0.9 * limits.seconds:
            return failures.timeout(limits.seconds)
        return failures.read_failure(
            error, database=self._pool.database.name, shift=read.shift, hide_values=hide_values
        )


def _require_allowed(verdict: Verdict) -> None:
    if not verdict.allowed:
        raise _refused(verdict)


def _values_needed(verdict: Verdict) -> InputInvalid:
    return InputInvalid(
        "The plan of a statement with parameters needs their values here.",
        why=f"It takes {verdict.parameters}, and servers before PostgreSQL 16 make no plan without them.",
        not_done="No plan was made.",
        next_step="Give the values.",
    )


def _refused(verdict: Verdict) -> StatementRefused:
    return StatementRefused(
        "The statement is not allowed to run as a read.",
        why=" ".join(reason.message for reason in verdict.reasons) or f"The verdict on it is {verdict.decision}.",
        not_done="It was not sent to the database.",
        next_step="Change the statement, or see what the verdict says with: pgwarden check",
    )
