"""What an undo may do once a person has decided on the rows in its way: said by row and key, from four states alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import psycopg

from pgwarden.domain.approval import OnConflict
from pgwarden.domain.recovery import RowConflict

Rows = Mapping[str, int]
"""A row's text → how many there are."""


@dataclass(frozen=True)
class Table:
    """A table with its parts, and its rows by key; without a key all rows stand under ''."""

    columns: str
    """The key as SQL text, '' without one."""
    whole: str
    """'' for a table and all its partitions, 'only' for one without what inherits from it."""
    rows: Mapping[str, Rows]


KeyedRows = Mapping[str, Table]


@dataclass(frozen=True)
class States:
    """Rows before an execution, after it, and when others had changed some of them."""

    before: KeyedRows
    after: KeyedRows
    now: KeyedRows


def root_keys(connection: psycopg.Connection, schema: str) -> KeyedRows:
    """The tables of a schema, partitions within theirs, still without rows."""
    found = connection.execute(
        "select c.oid::regclass::text, case when c.relkind = 'r' then 'only' else '' end, coalesce(("
        "select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a"
        " where a.attrelid = c.oid and a.attnum = any(i.indkey::int2[])), '')"
        " from pg_class c left join lateral (select indkey from pg_index x join pg_attribute a"
        " on a.attrelid = x.indrelid and a.attnum = any(x.indkey::int2[])"
        " where x.indrelid = c.oid and x.indisunique group by x.indexrelid, x.indkey, x.indisprimary"
        " having bool_and(a.attnotnull) order by x.indisprimary desc limit 1) i on true"
        " where c.relnamespace = %s::regnamespace and c.relkind in ('r', 'p') and not c.relispartition",
        [schema],
    ).fetchall()
    return {name: Table(columns, whole, {}) for name, whole, columns in found}


def keyed_rows(connection: psycopg.Connection, tables: KeyedRows) -> KeyedRows:
    """The same tables with the rows that they hold now."""
    found = {}
    for name, table in tables.items():
        key = f"row({table.columns})::text" if table.columns else "''"
        rows: dict[str, Counter[str]] = {}
        for unit, text in connection.execute(f"select {key}, t::text from {table.whole} {name} t".encode()):
            rows.setdefault(unit, Counter())[text] += 1
        found[name] = Table(table.columns, table.whole, rows)
    return found


def faults(states: States, final: KeyedRows, choice: OnConflict, shown: Collection[RowConflict] = ()) -> Iterable[str]:
    """Every row with which the undo did what nobody chose; ``shown`` are the rows that whoever chose was shown.

    Among them may be rows that the execution wrote without changing them: overwriting takes these back as well.
    """
    alike = {conflict.table.rpartition(".")[2] for conflict in shown if conflict.before == conflict.after}
    for name, table in final.items():
        known = [state[name].rows for state in (states.before, states.after, states.now)]
        for key in {key for rows in (*known, table.rows) for key in rows}:
            was, left, is_now = (rows.get(key, {}) for rows in known)
            became = table.rows.get(key, {})
            right = _row_right if table.columns else _identical_rows_right
            taken_back = choice is OnConflict.OVERWRITE and name.rpartition(".")[2] in alike and became == was == left
            if not (taken_back or right(was, left, is_now, became, choice)):
                yield f"{name}: {dict(was)} became {dict(left)}, others left {dict(is_now)}, the undo {dict(became)}"


def _row_right(was: Rows, left: Rows, is_now: Rows, became: Rows, choice: OnConflict) -> bool:
    if was == left:
        return became == is_now  # the execution did nothing to it, so neither may its undo
    if choice is OnConflict.OVERWRITE:
        return became == was
    # one that hangs on a skipped row stays, too, though nobody changed it
    return became == is_now or (is_now == left and became == was)


def _identical_rows_right(was: Rows, left: Rows, is_now: Rows, became: Rows, choice: OnConflict) -> bool:
    """Identical rows are interchangeable: as many go as are there, as many come back."""
    for text in {*was, *left, *is_now, *became}:
        added = left.get(text, 0) - was.get(text, 0)
        there, made = is_now.get(text, 0), became.get(text, 0)
        whole = max(0, there - added)
        fits = made == whole if choice is OnConflict.OVERWRITE else min(there, whole) <= made <= max(there, whole)
        if not fits:
            return False
    return True
