"""Statements as spans of the trace that they belong to: verb and shape, never the text."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Self, TypeVar

import psycopg
from psycopg import sql
from psycopg.abc import Params

from pgwarden.sql.shape import fingerprint, verb
from pgwarden.tracing import span, traceparent

Row = TypeVar("Row", covariant=True)
TARGET, CONTROL = "target", "control"


def statement_span(query: object, database: str = TARGET) -> AbstractContextManager[object]:
    """A span for a statement, where a trace is open: work of its own accord, such as polling, makes none.

    ``database``: TARGET or CONTROL, which kind it is sent to.
    """
    if not traceparent():
        return nullcontext()
    text = _text(query)
    word = verb(text)
    return span(
        word,
        db__system__name="postgresql",
        db__operation__name=word,
        pgwarden__database=database,
        pgwarden__statement=fingerprint(text),
    )


def _text(query: object) -> str:
    if isinstance(query, sql.Composable):
        return query.as_string(None)
    return query.decode(errors="replace") if isinstance(query, bytes) else str(query)


class TracedCursor(psycopg.AsyncCursor[Row]):
    """A cursor on a target."""

    DATABASE: ClassVar[str] = TARGET

    async def execute(self, query: Any, params: Params | None = None, **options: Any) -> Self:
        with statement_span(query, self.DATABASE):
            return await super().execute(query, params, **options)


class TracedControlCursor(TracedCursor[Row]):
    """A cursor on the control database."""

    DATABASE = CONTROL


class TracedRawCursor(psycopg.AsyncRawCursor[Row]):
    """A cursor on a target, for statements with ``$n``."""

    async def execute(self, query: Any, params: Params | None = None, **options: Any) -> Self:
        with statement_span(query):
            return await super().execute(query, params, **options)
