"""The checks of an execution afterwards: what was counted, approved and expected, and whether keys hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.execution import Execution, RowCounts
from pgwarden.domain.quantity import counted, plural
from pgwarden.servers.execution_answers import CheckAnswer, IntegrityReport

if TYPE_CHECKING:
    from pgwarden.agents.approval_workflow import TicketView
    from pgwarden.domain.catalog import Catalog, Constraint, Relation
    from pgwarden.servers.caller import Caller
    from pgwarden.servers.desk import Desk

KEY_SECONDS = 5.0
"""How long the check of one foreign key may take."""
WORDS = ("inserted", "updated", "deleted")


async def integrity_report(
    desk: Desk, caller: Caller, name: str, view: TicketView, execution_id: str, expected: Mapping[str, Any]
) -> IntegrityReport:
    """Everything that can be checked of one execution."""
    report = await desk.app.execution.undo_plan(name, execution_id, identity=caller.identity)
    execution = report.execution
    conflicts = len(report.conflicts or ())
    checks = [
        _check("ledger", True, f"the database's own ledger has it, finished {execution.finished_at}"),
        *_approved(view, execution),
        *_expected(execution, expected),
        _check("undone", execution.undone_by is None, _undone(execution)),
    ]
    checks += [check async for check in _keys(desk, caller, name, execution)]
    if execution.undone_by is None:
        words = f"{conflicts:,} rows were changed by others since" if conflicts else "no row was changed since"
        checks.append(_check("rows", conflicts == 0, words))
    return IntegrityReport(
        database=name,
        execution_id=execution.id,
        ticket_id=view.ticket.id,
        sound=all(check.passed is not False for check in checks),
        checks=checks,
        counts={table: counts.to_dict() for table, counts in execution.counts.items() if counts.total},
        changed_since=conflicts,
    )


def _check(name: str, passed: bool | None, message: str) -> CheckAnswer:
    return CheckAnswer(check=name, passed=passed, message=message)


def _undone(execution: Execution) -> str:
    return f"taken back by {execution.undone_by}" if execution.undone_by else "in force"


def _approved(view: TicketView, execution: Execution) -> Iterator[CheckAnswer]:
    """The ledger's counts against the numbers that the approver saw."""
    request = view.standing.request
    for expectation in request.expectations:
        actual = execution.counts.get(expectation.name, RowCounts())
        if expectation.counts is None:
            yield _check(f"approved {expectation.name}", None, "any number was approved, since it was unknown")
            continue
        tolerance = request.tolerance
        same = all(tolerance.accepts(getattr(expectation.counts, w), getattr(actual, w)) for w in WORDS)
        words = f"{_said(actual)}; approved {_said(expectation.counts)}"
        yield _check(f"approved {expectation.name}", same or expectation.moves, words)


def _expected(execution: Execution, expected: Mapping[str, Any]) -> Iterator[CheckAnswer]:
    """The ledger's counts against what the caller expected: by table, or as one number of rows."""
    for name, value in expected.items():
        if name == "rows":
            rows = sum(counts.total for counts in execution.counts.values())
            yield _check("expected rows", value == rows, f"{rows:,} rows were touched; expected {value}")
            continue
        found = [c for table, c in execution.counts.items() if name in (table, table.rpartition(".")[2])]
        actual = found[0] if found else RowCounts()
        wanted = value if isinstance(value, Mapping) else {}
        unknown = sorted(set(wanted) - set(WORDS))
        if unknown or not wanted:
            yield _check(f"expected {name}", None, 'say it as {"deleted": 12}')
            continue
        same = all(getattr(actual, word) == count for word, count in wanted.items())
        yield _check(f"expected {name}", same, f"{_said(actual)}; expected {dict(wanted)}")


def _said(counts: RowCounts) -> str:
    return ", ".join(f"{getattr(counts, word):,} {word}" for word in WORDS if getattr(counts, word)) or "nothing"


async def _keys(desk: Desk, caller: Caller, name: str, execution: Execution) -> Any:
    """Every foreign key of the touched tables, looked at anew: no row may point at nothing."""
    catalog = await desk.app.orchestrator.visible(name, identity=caller.identity)
    touched = {table.relation for table in execution.tables if table.counts.total}
    for child, key in _touched_keys(catalog, touched):
        parent = catalog.relations[key.foreign_oid]
        try:
            orphans = await _orphans(desk, caller, name, child, parent, key)
        except PgwardenError as error:
            yield _check(f"key {key.name}", None, f"{error.what} {error.why}".strip())
            continue
        left = f"{counted(orphans, 'row')} of {child.name} {plural(orphans, 'references')} nothing"
        yield _check(f"key {key.name}", orphans == 0, left if orphans else f"every row of {child.name} holds")


def _touched_keys(catalog: Catalog, touched: set[int]) -> Iterator[tuple[Relation, Constraint]]:
    """Those that bind rows to rows: none that is not enforced, or whose times several rows cover together."""
    for child in catalog.user_relations:
        for key in child.foreign_keys:
            binds = key.enforced and not key.temporal and not key.parent_oid
            if binds and {child.oid, key.foreign_oid} & touched and key.foreign_oid in catalog.relations:
                yield child, key


async def _orphans(desk: Desk, caller: Caller, name: str, child: Relation, parent: Relation, key: Constraint) -> int:
    sql = desk.app.query.orphans(child, parent, key)
    limits = desk.app.limits(rows=1, seconds=KEY_SECONDS)
    result = await desk.app.execution.read(name, sql, identity=caller.identity, limits=limits)
    return int(str(result.rows[0][0]))
