"""The tour's chapter on a change: foreseen, done, proven, disturbed by somebody, taken back, and proven again.

The approval is made in this process: the tickets that ask a real person are not built yet, and no door can do this.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.execution import execute
from pgwarden.adapters.postgres.impact import analyse
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.session import open_session
from pgwarden.adapters.postgres.undo import undo
from pgwarden.cli.impact import show_assessment
from pgwarden.cli.render import console, one_line, simple_table
from pgwarden.domain.approval import Approved, ApprovedUndo
from pgwarden.domain.assessment import Assessment
from pgwarden.domain.recovery import RowsChangedSince
from pgwarden.rules.assessment import assess
from pgwarden.testing import issue_approval

if TYPE_CHECKING:
    from pgwarden.domain.execution import Execution
    from pgwarden.domain.impact import Impact

STATEMENT = """\
DELETE FROM customers c
WHERE c.state = 'Arizona' AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)"""

FINGERPRINT = "select count(*), sum(hashtextextended(t::text, 0)), sum(hashtextextended(t::text, 1)) from {} t"


class ChangeChapter:
    """One change on the shop, as its owner."""

    def __init__(self, conninfo: str) -> None:
        """``conninfo`` logs in as the owner of the shop."""
        self._conninfo = conninfo

    async def walk(self) -> None:
        """The whole story; the shop is the same afterwards."""
        impact = await self._foresee()
        before = self._fingerprints(impact)
        execution = await self._perform(impact)
        await self._disturb(execution)
        restored = await undo(self._conninfo, await self._undo_approval(execution), now=datetime.now(UTC))
        self._say(f"taken back in {restored.milliseconds:.0f} ms, proven to be the exact mirror of the change")
        same = before == self._fingerprints(impact)
        self._say(f"fingerprints of {len(before)} tables before and after: {'equal' if same else 'DIFFERENT'}")
        if not same:
            raise AssertionError("the undo did not restore the shop")

    async def _foresee(self) -> Impact:
        console().print(f"\n[bold]{STATEMENT}[/bold]")
        async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
            catalog = await PostgresCatalogReader(connection).read()
        impact = await analyse(self._conninfo, STATEMENT, catalog)
        show_assessment(Assessment(impact, assess(impact, catalog, at=datetime.now(UTC))))
        return impact

    async def _perform(self, impact: Impact) -> Execution:
        execution = await execute(self._conninfo, await self._approval(impact), now=datetime.now(UTC))
        self._say(f"\napproved, executed and proven in {execution.milliseconds:.0f} ms; every image accounted for:")
        rows = [
            (name, c.inserted or "", c.updated or "", c.deleted or "")
            for name, c in execution.counts.items()
            if c.total
        ]
        console().print(simple_table(("table", "inserted", "updated", "deleted"), rows))
        return execution

    async def _disturb(self, execution: Execution) -> None:
        """Somebody takes a key that the undo needs: it must notice, and overwrite nothing."""
        taken = self._take_a_key(execution)
        self._say(f"meanwhile somebody adds another customer under the number {taken}; then an undo is tried:")
        try:
            await undo(self._conninfo, await self._undo_approval(execution), now=datetime.now(UTC))
        except RowsChangedSince as refused:
            self._say(f"  {refused.what} {refused.not_done}")
            for conflict in refused.conflicts[:3]:
                now = ", ".join(str(value) for value in (conflict.now or ())[:4])
                self._say(f"  {conflict}: now ({now}, …)")
        else:
            raise AssertionError("the undo overwrote somebody's row")
        with psycopg.connect(self._conninfo) as connection:
            connection.execute("delete from customers where id = %s", [taken])
            connection.execute("delete from audit.changes where row_id = %s::text and changed_at >= now()", [taken])
        self._say("that customer is removed again")

    def _take_a_key(self, execution: Execution) -> int:
        images = next(t.images for t in execution.tables if t.name == "customers")
        with psycopg.connect(self._conninfo) as connection:
            query = sql.SQL("select min(id) from {}").format(sql.Identifier("pgwarden", images))
            row = connection.execute(query).fetchone()
            assert row is not None, "an aggregate gives one row"
            connection.execute(
                "insert into customers (id, first_name, last_name, email, city, state) overriding system value"
                " values (%s, 'Nina', 'New', 'nina.new@mail.example', 'Phoenix', 'Arizona')",
                [row[0]],
            )
            return int(row[0])

    async def _approval(self, impact: Impact) -> Approved:
        async with open_session(self._conninfo) as session:
            database, role = await Ledger(session).identify()
        return issue_approval(
            execution_id=str(uuid.uuid4()),
            sql=impact.sql,
            database=database,
            role=role,
            reach=impact.reach,
            definitions=impact.definitions,
            expectations=tuple(impact.expectations()),
            until=datetime.now(UTC) + timedelta(minutes=10),
        )

    async def _undo_approval(self, execution: Execution) -> ApprovedUndo:
        async with open_session(self._conninfo) as session:
            database, role = await Ledger(session).identify()
        until = datetime.now(UTC) + timedelta(minutes=10)
        return ApprovedUndo(str(uuid.uuid4()), execution.id, database, role, "tour", "tour", until)

    def _fingerprints(self, impact: Impact) -> dict[str, tuple[object, ...]]:
        """Row count and two hashes of each table in reach, but for the audit trail, which only ever grows."""
        found = {}
        with psycopg.connect(self._conninfo) as connection:
            for table in impact.tables:
                schema, _, name = table.name.partition(".")
                if schema != "audit":
                    query = sql.SQL(FINGERPRINT).format(sql.Identifier(schema, name))
                    found[table.name] = tuple(connection.execute(query).fetchone() or ())
        return found

    def _say(self, text: str) -> None:
        console().print(one_line(text) if not text.startswith("\n") else "\n" + one_line(text[1:]), markup=False)
