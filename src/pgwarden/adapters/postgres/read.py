"""One read on one connection: describe behind the fences, decide how columns travel, fetch in bounded batches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter
from typing import Any

import psycopg
from psycopg import AsyncConnection, pq
from psycopg.abc import Buffer
from psycopg.adapt import PyFormat, Transformer

from pgwarden.adapters.postgres.catalog_recheck import touched_digest_query
from pgwarden.adapters.postgres.facts import TypeBook, TypeFact
from pgwarden.adapters.postgres.fences import PLANS_OF_OUR_OWN, fences
from pgwarden.adapters.postgres.pipeline import Pipeline
from pgwarden.adapters.postgres.pool import CLEAN, Link
from pgwarden.adapters.postgres.projection import Field, Projection, project
from pgwarden.adapters.postgres.rows import Notices, Rows, RowTaker
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.adapters.postgres.statement_text import without_terminator
from pgwarden.domain.errors import CatalogChanged, InputInvalid, PgwardenError, StatementRefused
from pgwarden.domain.result import ReadLimits
from pgwarden.domain.statement import StatementKind, Verdict

CURSOR = b"declare pgwarden no scroll cursor without hold for "
CLOSE = b"rollback"
MOST_FETCHES = 64
"""FETCH messages in one network round trip."""
OWN = b"pgwarden_"
"""Prefix of the names of our prepared statements."""
FIRST_USER_OID = 16384
TEXT, TEXT_ARRAY, OID_ARRAY = 25, 1009, 1028
CANCEL_SECONDS = 5.0


_DIRECT = re.compile(r"(?:\s+|--[^\n\r]*|/\*(?:[^*/]|\*(?!/)|/(?!\*))*\*/)*(?:explain|show)\b", re.IGNORECASE)
"""EXPLAIN or SHOW, after blanks and comments that are not nested."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The digests of relations and functions as they were when the statement was judged."""

    relations: Mapping[int, str]
    functions: Mapping[int, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is anything to compare: what came with the server does not change under us."""
        return bool(self.relations or self.functions)


@dataclass(frozen=True, slots=True)
class Supposed:
    """An index that is imagined while a statement is planned (hypopg), and what that is done with."""

    definition: str
    """CREATE INDEX, made by us from names of the catalog."""
    suppose: bytes
    forget: bytes

    @classmethod
    def by(cls, schema: str, definition: str) -> Supposed:
        """``schema``: where hypopg is, quoted."""
        queries = named_queries("target.sql", 14)
        suppose, forget = (queries[name].replace(b"SCHEMA", schema.encode()) for name in ("suppose", "suppose_nothing"))
        return cls(definition, suppose, forget)


class Read:
    """One statement on one connection. Use it once."""

    def __init__(
        self,
        link: Link,
        types: TypeBook,
        verdict: Verdict,
        limits: ReadLimits,
        masked: frozenset[int] = frozenset(),
        search_path: Sequence[str] = (),
        prefix: str = "",
        supposed: Supposed | None = None,
    ) -> None:
        self._link = link
        self._supposed = supposed
        self._connection = link.connection
        self._types = types
        self._verdict = verdict
        self._limits = limits
        self._masked = masked
        self._search_path = search_path
        self._prefix = prefix
        self._own = _own(link.facts.version // 10000)
        forget = (supposed.forget,) if supposed else ()
        self._closing = (CLOSE, *forget) if link.facts.pooled else (CLOSE, *forget, CLEAN)
        self._started = perf_counter()
        self._judged = False
        """Whether the caller knows what the statement calls and touches."""
        self.answered = False
        """Whether anything came back from the server."""
        self.backend = 0
        """The backend's process id, once known."""
        self.shift = 0
        """Characters that stand before the user's text in what was sent last."""

    @property
    def text(self) -> str:
        """The statement as it is sent."""
        return f"{self._prefix}{self._verdict.sql}"

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return perf_counter() - self._started

    async def rows(self, parameters: Sequence[object], expected: Expected | None) -> Rows:
        """Run it. Raises psycopg's errors, CatalogChanged and InputInvalid; the session is left clean."""
        if "\x00" in self._verdict.sql:  # libpq would take it for the end of the text
            raise InputInvalid("The statement holds a NUL character.", not_done="It was not sent to the database.")
        self._judged = expected is not None
        values, types = _dump(self._connection, parameters)
        with Notices(self._connection, keep=not self._masked) as notices:
            try:
                async with Pipeline(self._connection, closing=self._closing) as pipeline:
                    fields, types = await self._describe(pipeline, types, expected)
                    values += [None] * (len(types) - len(values))  # a generic plan takes none, but wants places
                    rows = Rows(fields, notices=notices)
                    if self._prefix or self._verdict.kind is not StatementKind.SELECT:
                        await self._fetch_directly(pipeline, rows, values, types)
                    else:
                        await self._fetch_through_cursor(pipeline, rows, values, types)
            except (psycopg.Error, PgwardenError):
                self._link.prepared = False  # the closing statements have discarded them
                raise
        return rows

    async def _describe(
        self, pipeline: Pipeline, types: Sequence[int], expected: Expected | None
    ) -> tuple[tuple[Field, ...], list[int]]:
        """The first round trip: begin, fences, parse and describe, and whether all is as it was judged."""
        preparing = self._prepare(pipeline)
        self._ask(pipeline, b"begin")
        self._ask(pipeline, b"fences", self._fences())
        if self._supposed:
            pipeline.query(self._supposed.suppose, (self._supposed.definition.encode(),), (TEXT,))
        self.shift = len(self._prefix)
        pipeline.parse(self.text.encode(), types)
        if expected:
            self._ask(pipeline, b"touched", (_numbers(expected.relations), _numbers(expected.functions)))
        pipeline.sync()
        await pipeline.send()
        for _ in range(preparing + 1):
            await pipeline.answer()
        self._link.prepared |= preparing > 0
        self.answered = True
        self.backend = int((await pipeline.answer()).get_value(0, 0) or 0)
        if self._supposed:
            await pipeline.answer()
        await pipeline.answer()
        described = await pipeline.answer()
        if expected:
            _require_unchanged(expected, await pipeline.answer())
        await pipeline.synced()
        fields = await self._fields(pipeline, described)
        self._require_masks_fit(fields)
        return fields, [described.param_type(i) for i in range(described.nparams)]

    def _fences(self) -> tuple[bytes, bytes]:
        """Names and values of the settings; a connection remembers them, as one process asks with few limits."""
        asked = (self._limits, tuple(self._search_path))
        known = self._link.fences.get(asked)
        if known is None:
            settings = fences(self._limits, self._link.facts, self._search_path)
            if not self._link.facts.pooled:
                settings |= {PLANS_OF_OUR_OWN: "force_generic_plan"}
            known = _array(settings.keys()), _array(settings.values())
            self._link.fences = {asked: known}
        return known

    def _prepare(self, pipeline: Pipeline) -> int:
        """Queue the preparation of our own statements where a session is ours to keep them; how many were queued."""
        if self._link.facts.pooled or self._link.prepared:
            return 0
        for name, (sql, types) in self._own.items():
            pipeline.prepare(OWN + name, sql, types)
        return len(self._own)

    def _ask(self, pipeline: Pipeline, name: bytes, values: Sequence[bytes] = ()) -> None:
        """Queue a statement of our own."""
        if self._link.facts.pooled:
            pipeline.query(self._own[name][0], values, self._own[name][1])
        else:
            pipeline.run(OWN + name, values)

    async def _fields(self, pipeline: Pipeline, described: pq.abc.PGresult) -> tuple[Field, ...]:
        oids = [described.ftype(i) for i in range(described.nfields)]
        if unknown := self._types.unknown(oids):
            await self._learn(pipeline, unknown)
        return tuple(
            Field((described.fname(i) or b"").decode("utf-8", "replace"), self._types[oid], described.fmod(i))
            for i, oid in enumerate(oids)
        )

    async def _learn(self, pipeline: Pipeline, oids: Sequence[int]) -> None:
        """One more round trip for the first sight of a user's type."""
        asked = named_queries("target.sql", self._link.facts.version // 10000)["types_asked"]
        pipeline.query(asked, (_numbers(oids),), (OID_ARRAY,))
        pipeline.sync()
        await pipeline.send()
        answer = await pipeline.answer()
        await pipeline.synced()
        for row in range(answer.ntuples):
            oid, name, length, kind, output = (_text(answer, row, column) for column in range(5))
            self._types.learn([TypeFact(int(oid), name, int(length), kind, output)])

    def _require_masks_fit(self, fields: Sequence[Field]) -> None:
        """Masks count columns as the verdict does: when the server counts otherwise, nothing may come back."""
        if self._masked and (len(fields) != len(self._verdict.outputs) or max(self._masked) >= len(fields)):
            raise CatalogChanged(
                "The statement returns other columns than it was judged for.",
                why=f"The server describes {len(fields)} columns, the verdict {len(self._verdict.outputs)}.",
                not_done="It was not run, since masked values could have come back.",
                next_step="Ask again; if this stays, name the columns one by one.",
            )

    async def _fetch_through_cursor(
        self, pipeline: Pipeline, rows: Rows, values: Sequence[Buffer | None], types: Sequence[int]
    ) -> None:
        """The second round trip: declare, fetch, roll back and clean; more only for many and very wide rows."""
        projection = project(rows.fields, self._limits, self._masked)
        text = self._verdict.sql if projection.plain else without_terminator(self._verdict.sql)
        before, after = projection.around()
        self.shift = len(CURSOR) + len(before)
        taker = RowTaker(self._connection, rows, projection, self._limits)
        wanted = self._limits.rows + 1  # one more tells whether there are more
        groups = _grouped(wanted, projection.batch(wanted))
        self._as_usual(pipeline)
        pipeline.query(CURSOR + f"{before}{text}{after}".encode(), values, types)
        for number, group in enumerate(groups):
            for size in group:
                pipeline.query(b"fetch %d from pgwarden" % size)
            last = number == len(groups) - 1
            self._end(pipeline) if last else pipeline.sync()
            await pipeline.send()
            if number == 0:
                await self._declared(pipeline)
            satisfied = await self._take(pipeline, taker, group)
            ended = await pipeline.synced() and last  # where a FETCH was stopped, the server skips the end too
            if (satisfied or last) and not ended:
                self._end(pipeline)
                await pipeline.send()
            if satisfied or last:
                break
        await self._see_it_clean(pipeline)

    def _as_usual(self, pipeline: Pipeline) -> None:
        """Give the user's statement the planner as it is set for the role."""
        if not self._link.facts.pooled:
            self._ask(pipeline, b"plans")

    async def _declared(self, pipeline: Pipeline) -> None:
        if not self._link.facts.pooled:
            await pipeline.answer()
        await pipeline.answer()

    async def _take(self, pipeline: Pipeline, taker: RowTaker, group: Sequence[int]) -> bool:
        """Read the answers to a group of FETCHes; True when there is nothing more to ask for."""
        for number, size in enumerate(group, start=1):
            result = await pipeline.answer()
            if not taker.take(result):
                if number < len(group):
                    await self._skip_the_rest()
                return True
            if result.ntuples < size:
                return True
        return False

    async def _skip_the_rest(self) -> None:
        """Stop the FETCHes that are on their way; when that fails, their rows are thrown away as they come."""
        with suppress(psycopg.Error):
            await self._connection.cancel_safe(timeout=CANCEL_SECONDS)

    async def _fetch_directly(
        self, pipeline: Pipeline, rows: Rows, values: Sequence[Buffer | None], types: Sequence[int]
    ) -> None:
        """EXPLAIN and SHOW fit into no cursor: their few rows come at once and are cut here.

        A cursor takes nothing but a query; here nothing else holds that fence, so the first word is looked at.
        """
        if not self._prefix and not _DIRECT.match(self._verdict.sql):
            raise StatementRefused(
                "The statement is neither a query nor EXPLAIN or SHOW.",
                why="Nothing else is run as a read.",
                not_done="It was not run.",
            )
        self._as_usual(pipeline)
        pipeline.query(f"{self._prefix}{self._verdict.sql}".encode(), values, types)
        self._end(pipeline)
        await pipeline.send()
        cell_bytes = self._limits.total_bytes if self._prefix else self._limits.cell_bytes
        projection = Projection(rows.fields, frozenset(range(len(rows.fields))), frozenset(), cell_bytes)
        if not self._link.facts.pooled:
            await pipeline.answer()
        RowTaker(self._connection, rows, projection, self._limits).take(await pipeline.answer())
        await self._see_it_clean(pipeline)

    def _end(self, pipeline: Pipeline) -> None:
        """End the transaction and leave no trace in the session. After an error the server skips it, and the
        pipeline's closing statements stand in. A session in which one of them fails is thrown away.

        Behind a proxy the session is not ours to reset, and the next transaction may get another one, so locks go
        with this one. Elsewhere functions of the server's own that pass a verdict can leave at most a lock behind;
        after any other, everything goes, our prepared statements included: it may have meddled with them.
        """
        if self._supposed:
            pipeline.query(self._supposed.forget)
        if self._link.facts.pooled:
            self._ask(pipeline, b"unlock")
            pipeline.query(CLOSE)
        elif self._judged and not any(map(_is_users, self._verdict.functions)):
            pipeline.query(CLOSE)
            self._ask(pipeline, b"unlock")
        else:
            self._link.prepared = False
            pipeline.query(CLOSE)
            pipeline.sync()  # the next runs in no transaction
            pipeline.query(CLEAN)
        pipeline.sync()

    async def _see_it_clean(self, pipeline: Pipeline) -> None:
        if not await pipeline.drain():
            self._connection.pgconn.finish()  # nobody uses a session that could not be cleaned


def _grouped(rows: int, batch: int) -> list[list[int]]:
    """How many rows each FETCH asks for, grouped by network round trip."""
    sizes = [batch] * (rows // batch) + ([rows % batch] if rows % batch else [])
    return [sizes[start : start + MOST_FETCHES] for start in range(0, len(sizes), MOST_FETCHES)]


def _is_users(oid: int) -> bool:
    return oid >= FIRST_USER_OID


def _require_unchanged(expected: Expected, answer: pq.abc.PGresult) -> None:
    now = {(_text(answer, row, 0), int(_text(answer, row, 1))): _text(answer, row, 2) for row in range(answer.ntuples)}
    judged = {("r", oid): digest for oid, digest in expected.relations.items()}
    judged |= {("f", oid): digest for oid, digest in expected.functions.items()}
    if any(now.get(key) != digest for key, digest in judged.items()):
        raise CatalogChanged(
            "Something that the statement reads was changed after the statement was judged.",
            why="Its definition in the database is another one now.",
            not_done="The statement was not run.",
            next_step="Ask again: it is judged by the new definition then.",
        )


def _dump(connection: AsyncConnection[Any], parameters: Sequence[object]) -> tuple[list[Buffer | None], list[int]]:
    """Parameters as PostgreSQL's text, with their types; 0 where the server is to find out."""
    transformer = Transformer(connection)
    try:
        values = transformer.dump_sequence(parameters, [PyFormat.TEXT] * len(parameters))
    except (psycopg.ProgrammingError, psycopg.DataError, ValueError) as error:
        raise InputInvalid(
            "A parameter of the statement is no value that PostgreSQL takes.",
            why=f"{type(error).__name__}: it cannot be written as text for the server.",
            not_done="Nothing was run.",
            next_step="Use numbers, texts, dates, lists of them, true, false or null.",
        ) from None
    return list(values), list(transformer.types or ())


def _array(items: Iterable[str]) -> bytes:
    """A PostgreSQL array of texts, as text."""
    quoted = ('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items)
    return ("{" + ",".join(quoted) + "}").encode()


def _numbers(oids: Iterable[int]) -> bytes:
    return ("{" + ",".join(map(str, oids)) + "}").encode()


@cache
def _own(major: int) -> Mapping[bytes, tuple[bytes, tuple[int, ...]]]:
    """Our own statements by name, each with the types of its parameters."""
    queries = named_queries("target.sql", major)
    touched, _ = touched_digest_query((), ())
    touched = touched.replace(b"%(relations)s", b"$1").replace(b"%(functions)s", b"$2")  # as libpq numbers them
    return {
        b"begin": (queries["begin_read"], ()),
        b"fences": (queries["fences"], (TEXT_ARRAY, TEXT_ARRAY)),
        b"touched": (touched, (OID_ARRAY, OID_ARRAY)),
        b"plans": (f"set local {PLANS_OF_OUR_OWN} to default".encode(), ()),
        b"unlock": (queries["unlock"], ()),
    }


def _text(answer: pq.abc.PGresult, row: int, column: int) -> str:
    return (answer.get_value(row, column) or b"").decode()
