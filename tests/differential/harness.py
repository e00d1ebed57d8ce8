"""One case against the truth: predicted = actual, execute = truth, undo = before, and nothing left behind."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg
from tests.differential.cases import Case
from tests.differential.decided import KeyedRows, States, by_row, faults, keyed_rows, root_keys
from tests.support.change import LATER, NOW, PATIENT

from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.execution import execute
from pgwarden.adapters.postgres.impact import analyse
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.session import open_session
from pgwarden.adapters.postgres.undo import preview_undo, undo
from pgwarden.domain.approval import ApprovedUndo, OnConflict, RowChoice
from pgwarden.domain.errors import (
    CaptureIncomplete,
    ConstraintViolated,
    ExecutionFailed,
    ImpactMismatch,
    ImpactUnknown,
    NotUndoable,
    OverwriteRefused,
    UndoImpossible,
    UndoUnproven,
)
from pgwarden.domain.impact import Impact
from pgwarden.domain.recovery import RowConflict, RowsChangedSince, conflicts_digest
from pgwarden.domain.undo_choice import chosen, rows_in_the_way
from pgwarden.ports import ImageStore
from pgwarden.testing import issue_approval

Dump = dict[str, list[str]]


@dataclass
class Tally:
    """What a campaign met."""

    statements: int = 0
    failed_in_truth: int = 0
    violations_foreseen: int = 0
    uncertain: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    undone: int = 0
    conflicts: int = 0
    decided: dict[str, int] = field(default_factory=dict)
    """Undos that went around rows, or overwrote them, by the choice."""
    mismatches: list[str] = field(default_factory=list)


def batched(seeds: range, size: int = 60) -> Iterator[range]:
    """So many cases for one database: each leaves its dead rows in the catalogs, through which the next ones look."""
    return (seeds[start : start + size] for start in range(0, len(seeds), size))


def run_case(database: str, found: Case, tally: Tally, store: ImageStore | None = None) -> None:
    """Try every statement of a case; problems are added to the tally with what is needed to repeat them.

    ``store``: where images go, None for the database itself.
    """
    schema = f"s{found.seed}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"create schema {schema}; set search_path = {schema}".encode())
        try:
            _set_up(connection, found)
            for statement, intruder in zip(found.statements, found.intruders, strict=True):
                _try(connection, database, schema, statement, intruder, found.seed, tally, store)
        finally:
            connection.execute(f"drop schema {schema} cascade".encode())
            connection.execute("drop schema if exists pgwarden cascade")


def _set_up(connection: psycopg.Connection, found: Case) -> None:
    for statement in found.setup:
        try:
            connection.execute(statement.encode())
        except psycopg.errors.IntegrityError:
            continue  # a row that the random constraints refuse is left out
        except psycopg.errors.InvalidForeignKey:
            continue


def _try(
    connection: psycopg.Connection,
    database: str,
    schema: str,
    statement: str,
    intruder: str,
    seed: int,
    tally: Tally,
    store: ImageStore | None,
) -> None:
    tally.statements += 1
    before = _dump(connection, schema)
    rows_before = keyed_rows(connection, root_keys(connection, schema))
    truth, error = _truth(connection, schema, statement)
    context = f"seed {seed}: {statement}"
    if error in ("42601", "42P10", "0A000", "42P17", "42804", "428C9", "42703"):
        return  # the generator wrote what this server does not take
    if error:
        tally.failed_in_truth += 1
    path = f"{schema}, public"
    impact = None
    try:
        impact = asyncio.run(_analysed(database, statement, path))
        tally.violations_foreseen += bool(error and impact.violations)
        tally.uncertain += not impact.certain
        execution_id = asyncio.run(_executed(database, impact, path, store))
    except (ConstraintViolated, ExecutionFailed) as problem:
        if not error:
            tally.mismatches.append(f"{context}: refused though the truth runs: {problem.why}")
        execution_id = None
    except ImpactMismatch as problem:
        uncertain = impact is None or not impact.certain
        if not uncertain:
            tally.mismatches.append(f"{context}: {problem.why}")
        tally.refused["mismatch"] = tally.refused.get("mismatch", 0) + 1
        execution_id = None
    except (CaptureIncomplete, NotUndoable, ImpactUnknown) as problem:
        tally.refused[problem.code] = tally.refused.get(problem.code, 0) + 1
        execution_id = None
        if not isinstance(problem, CaptureIncomplete):
            tally.mismatches.append(f"{context}: {problem} {problem.why}")
    if execution_id is None:
        if _dump(connection, schema) != before:
            tally.mismatches.append(f"{context}: refused, yet the state changed")
        return
    if error:
        tally.mismatches.append(f"{context}: executed though the truth fails with {error}")
    after = _dump(connection, schema)
    if after != truth:
        tally.mismatches.append(f"{context}: the state after is not the truth: {_first_difference(after, truth)}")
    if seed % 3 == 0:
        rows = (rows_before, keyed_rows(connection, rows_before))
        _undo_after_others(
            connection, database, schema, execution_id, before, after, rows, intruder, context, tally, store
        )
    else:
        _undo(connection, database, schema, execution_id, before, after, context, tally, store)


def _undo_after_others(
    connection: psycopg.Connection,
    database: str,
    schema: str,
    execution_id: str,
    before: Dump,
    after: Dump,
    rows: tuple[KeyedRows, KeyedRows],
    intruder: str,
    context: str,
    tally: Tally,
    store: ImageStore | None,
) -> None:
    """Whatever others did meanwhile stays: the undo is refused, or it takes exactly its own rows back."""
    with suppress(psycopg.Error):
        connection.execute(intruder.encode())
    now = _dump(connection, schema)
    states = States(*rows, keyed_rows(connection, rows[0]))
    context = f"{context}, meanwhile {intruder}"
    try:
        asyncio.run(_undone(database, execution_id, store))
    except (RowsChangedSince, UndoImpossible, UndoUnproven):
        tally.conflicts += 1
        if _dump(connection, schema) != now:
            tally.mismatches.append(f"{context}: the undo was refused, yet the state changed")
        for choice in (OnConflict.SKIP, OnConflict.OVERWRITE, OnConflict.EACH):
            _undo_decided(connection, database, schema, execution_id, choice, states, context, tally, store)
        return
    final = _dump(connection, schema)
    for table in now:
        expected = Counter(now[table])
        expected.subtract(after[table])
        expected.update(before[table])
        if +expected != Counter(final[table]) or any(count < 0 for count in expected.values()):
            tally.mismatches.append(f"{context}: the undo took more or less back than its own rows of {table}")
    tally.undone += 1


def _undo_decided(
    connection: psycopg.Connection,
    database: str,
    schema: str,
    execution_id: str,
    choice: OnConflict,
    states: States,
    context: str,
    tally: Tally,
    store: ImageStore | None,
) -> None:
    """A person chose: only what the choice allows changes, and taking that undo back gives what others had left."""
    context = f"{context}, {choice.value}"
    now = _dump(connection, schema)
    shown = asyncio.run(preview_undo(database, execution_id, store=store)).conflicts
    choices: dict[str, OnConflict] = {}
    if choice is OnConflict.EACH:  # every other row, in an order that nobody chose
        ids = sorted(row.id for row in rows_in_the_way(shown))
        choices = {id_: (OnConflict.SKIP, OnConflict.OVERWRITE)[number % 2] for number, id_ in enumerate(ids)}
    try:
        undo_id = asyncio.run(_undone(database, execution_id, store, choice, shown, choices))
    except (RowsChangedSince, UndoImpossible, UndoUnproven, OverwriteRefused) as problem:
        tally.refused[f"{choice.value}: {problem.code}"] = tally.refused.get(f"{choice.value}: {problem.code}", 0) + 1
        if _dump(connection, schema) != now:
            tally.mismatches.append(f"{context}: refused, yet the state changed")
        return
    tally.decided[choice.value] = tally.decided.get(choice.value, 0) + 1
    single = by_row(connection, states.before, choices, shown) if choices else {}
    final_rows = keyed_rows(connection, states.before)
    tally.mismatches += [f"{context}: {fault}" for fault in faults(states, final_rows, choice, shown, single)]
    try:
        asyncio.run(_undone(database, undo_id, store))
    except (RowsChangedSince, UndoImpossible, UndoUnproven) as problem:
        tally.mismatches.append(f"{context}: the undo cannot be taken back: {problem!r} {problem.why}")
        connection.execute("select 1")
        return
    if (final := _dump(connection, schema)) != now:
        tally.mismatches.append(f"{context}: taken back, it is not as others left it: {_first_difference(final, now)}")


def _undo(
    connection: psycopg.Connection,
    database: str,
    schema: str,
    execution_id: str,
    before: Dump,
    after: Dump,
    context: str,
    tally: Tally,
    store: ImageStore | None,
) -> None:
    try:
        undo_id = asyncio.run(_undone(database, execution_id, store))
        if (now := _dump(connection, schema)) != before:
            tally.mismatches.append(f"{context}: undo is not the state before: {_first_difference(now, before)}")
        redo_id = asyncio.run(_undone(database, undo_id, store))
        if (now := _dump(connection, schema)) != after:
            tally.mismatches.append(f"{context}: redo is not the state after: {_first_difference(now, after)}")
        if len(context) % 2:
            asyncio.run(_undone(database, redo_id, store))
        tally.undone += 1
    except Exception as problem:  # noqa: BLE001 - whatever it is, the campaign reports it with its seed
        why = getattr(problem, "why", "")
        tally.mismatches.append(f"{context}: undo failed: {problem!r} {why}")
        connection.execute("select 1")
    left = connection.execute(
        "select tgname from pg_trigger where tgname like 'pgwarden%' union all"
        " select proname from pg_proc where pronamespace = to_regnamespace('pgwarden')"
    ).fetchall()
    if left:
        tally.mismatches.append(f"{context}: left behind {left}")


def _truth(connection: psycopg.Connection, schema: str, statement: str) -> tuple[Dump, str]:
    """The state after the statement, found by running it and rolling back; or the SQLSTATE it fails with."""
    connection.execute("begin")
    try:
        connection.execute(statement.encode())
        connection.execute("set constraints all immediate")
        return _dump(connection, schema), ""
    except psycopg.Error as error:
        return {}, error.sqlstate or "?"
    finally:
        connection.execute("rollback")


def _dump(connection: psycopg.Connection, schema: str) -> Dump:
    tables = connection.execute(
        "select c.oid::regclass::text from pg_class c where c.relkind = 'r' and c.relnamespace = %s::regnamespace",
        [schema],
    ).fetchall()
    return {
        name: sorted(row[0] for row in connection.execute(f"select t::text from only {name} t".encode()))
        for (name,) in tables
    }


def _first_difference(one: Dump, other: Dump) -> str:
    for table in one.keys() | other.keys():
        if one.get(table) != other.get(table):
            gone = sorted(set(one.get(table, [])) ^ set(other.get(table, [])))[:4]
            return f"{table}: {gone}"
    return ""


async def _analysed(database: str, statement: str, path: str) -> Impact:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        catalog = await PostgresCatalogReader(connection).read()
    return await analyse(database, statement, catalog, search_path=path)


async def _executed(database: str, impact: Impact, path: str, store: ImageStore | None) -> str:
    async with open_session(database) as session:
        identity, role = await Ledger(session).identify()
    approved = issue_approval(
        execution_id=str(uuid.uuid4()),
        sql=impact.sql,
        database=identity,
        role=role,
        reach=impact.reach,
        definitions=impact.definitions,
        expectations=impact.expectations(),
        until=LATER,
        search_path=path,
    )
    return (await execute(database, approved, now=NOW, limits=PATIENT, store=store)).id


async def _undone(
    database: str,
    execution_id: str,
    store: ImageStore | None,
    choice: OnConflict = OnConflict.REFUSE,
    shown: tuple[RowConflict, ...] = (),
    choices: Mapping[str, OnConflict] | None = None,
) -> str:
    async with open_session(database) as session:
        identity, role = await Ledger(session).identify()
    each: tuple[RowChoice, ...] = ()
    if choices:
        choice, each = chosen(shown, OnConflict.REFUSE, choices)
    approved = ApprovedUndo(
        str(uuid.uuid4()),
        execution_id,
        identity,
        role,
        "requester",
        "approver",
        LATER,
        choice,
        conflicts_digest=conflicts_digest(shown),
        choices=each,
    )
    return (await undo(database, approved, now=NOW, limits=PATIENT, store=store)).id
