"""From PostgreSQL's text to Python values. What Python cannot hold comes through as PostgreSQL's own text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import DecimalException
from typing import Any

import psycopg
from psycopg import AsyncConnection, pq
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader, Transformer
from psycopg.types.datetime import IntervalLoader
from psycopg.types.string import TextLoader

AS_TEXT = (
    "json", "jsonb", "inet", "cidr", "macaddr", "record",
    "int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange",
    "int4multirange", "int8multirange", "nummultirange", "datemultirange", "tsmultirange", "tstzmultirange",
)  # fmt: skip
"""Types whose own text is exact, while the Python value would lose something or is no JSON."""

UNREADABLE = (psycopg.DataError, ValueError, OverflowError, DecimalException, RecursionError)
"""What loaders raise for values that Python cannot hold: infinity, years BC, 24:00, numbers of absurd length."""


class IntervalOrText(Loader):
    """An interval as timedelta where that is the same thing: a month has no fixed number of days."""

    def __init__(self, oid: int, context: psycopg.abc.AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._exact = IntervalLoader(oid, context)

    def load(self, data: Buffer) -> timedelta | str:
        text = bytes(data).decode()
        return text if "mon" in text or "year" in text else self._exact.load(data)


def register_loaders(adapters: AdaptersMap) -> None:
    """Make a connection give the values that results hold."""
    adapters.register_loader("interval", IntervalOrText)
    for name in AS_TEXT:
        adapters.register_loader(name, TextLoader)


class RowLoader:
    """Loads the rows of results of one statement; all results share columns and loaders."""

    def __init__(self, connection: AsyncConnection[Any], type_oids: Sequence[int]) -> None:
        self._transformer = Transformer(connection)
        self._type_oids = type_oids
        self._loads = [self._transformer.get_loader(oid, pq.Format.TEXT).load for oid in type_oids]

    def load(self, result: pq.abc.PGresult, rows: int) -> list[tuple[Any, ...]]:
        """The first ``rows`` rows."""
        self._transformer.set_pgresult(result, set_loaders=False)
        self._transformer.set_loader_types(self._type_oids, pq.Format.TEXT)
        try:
            return self._transformer.load_rows(0, rows, tuple)
        except UNREADABLE:
            columns = range(len(self._type_oids))
            return [tuple(self.value(result.get_value(row, c), c) for c in columns) for row in range(rows)]

    def value(self, raw: bytes | None, column: int) -> Any:
        """One value, as PostgreSQL's text when Python has none like it."""
        if raw is None:
            return None
        try:
            return self._loads[column](raw)
        except UNREADABLE:
            return raw.decode("utf-8", "replace")
