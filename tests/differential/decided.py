"""What an undo may do once a person has decided on the rows in its way: said by row and key, from four states alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import psycopg

from pgwarden.domain.approval import OnConflict
from pgwarden.domain.catalog import quote_identifier
from pgwarden.domain.recovery import RowConflict
from pgwarden.domain.undo_choice import rows_in_the_way

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
        cells = ", ".join(f"{column}::text" for column in table.columns.split(", ")) if table.columns else ""
        key = f"row({cells})::text" if cells else "''"
        rows: dict[str, Counter[str]] = {}
        for unit, text in connection.execute(f"select {key}, t::text from {table.whole} {name} t".encode()):
            rows.setdefault(unit, Counter())[text] += 1
        found[name] = Table(table.columns, table.whole, rows)
    return found


ByRow = Mapping[tuple[str, str], OnConflict]
"""What was chosen for single rows, by table (without its schema) and the text of the key."""


def by_row(
    connection: psycopg.Connection, tables: KeyedRows, choices: Mapping[str, OnConflict], shown: Collection[RowConflict]
) -> ByRow:
    """The choices, by the keys that their rows had and got; none of tables without a key."""
    columns = {name.rpartition(".")[2]: table.columns for name, table in tables.items()}
    found = {}
    for row in rows_in_the_way(shown):
        table = row.table.rpartition(".")[2]
        places = [i for i, column in enumerate(row.columns) if quote_identifier(column) in columns[table].split(", ")]
        for image in filter(None, (row.before, row.after)):
            values = [image[place] for place in places]
            text = ", ".join(["%s::text"] * len(values))
            (key,) = connection.execute(f"select row({text})::text".encode(), values).fetchone() or ("",)
            found[table, key] = choices[row.id]
    return found


def faults(
    states: States,
    final: KeyedRows,
    choice: OnConflict,
    shown: Collection[RowConflict] = (),
    single: ByRow | None = None,
) -> Iterable[str]:
    """Every row with which the undo did what nobody chose; ``shown`` are the rows that whoever chose was shown.

    Among them may be rows that the execution wrote without changing them: overwriting takes these back as well.
    ``single``: what was chosen row by row, with ``OnConflict.EACH``; rows without a choice were in nobody's way.
    """
    alike = {conflict.table.rpartition(".")[2] for conflict in shown if conflict.before == conflict.after}
    for name, table in final.items():
        known = [state[name].rows for state in (states.before, states.after, states.now)]
        for key in {key for rows in (*known, table.rows) for key in rows}:
            was, left, is_now = (rows.get(key, {}) for rows in known)
            became = table.rows.get(key, {})
            right = _row_right if table.columns else _identical_rows_right
            short = name.rpartition(".")[2]
            own = choice if choice is not OnConflict.EACH else (single or {}).get((short, key), OnConflict.SKIP)
            taken_back = own is OnConflict.OVERWRITE and short in alike and became == was == left
            if not (taken_back or right(was, left, is_now, became, own)):
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
