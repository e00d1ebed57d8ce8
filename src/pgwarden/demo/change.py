"""The tour's chapter on a change: asked for, decided by another person, done, proven, disturbed, taken back, audited.

It has a control database of its own, with its own people and its own audit, so that it can show a forged entry
without touching anybody's; it is dropped at the end.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pgwarden.cli.render import console, one_line, simple_table
from pgwarden.cli.ticket_screen import show_ticket
from pgwarden.demo.people import SOURCE, welcome
from pgwarden.domain.errors import DecisionRefused, UndoConflict
from pgwarden.domain.proposal import Proposal
from pgwarden.domain.ticket_events import Decision

if TYPE_CHECKING:
    from pgwarden.adapters.embedded.server import EmbeddedServer
    from pgwarden.agents.approval_workflow import TicketView
    from pgwarden.agents.ticket_execution import Ran
    from pgwarden.bootstrap import App
    from pgwarden.domain.admission import Admission

SHOP = "shop"
CONTROL = "pgwarden_tour"

STATEMENT = """\
DELETE FROM customers c
WHERE c.state = 'Arizona' AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)"""

FINGERPRINT = "select count(*), sum(hashtextextended(t::text, 0)), sum(hashtextextended(t::text, 1)) from {} t"

FORGE = """
alter table pgwarden_control.audit_entry disable trigger all;
update pgwarden_control.audit_entry set actor = 'ana' where action = 'ticket.approved';
alter table pgwarden_control.audit_entry enable trigger all;
"""
"""What the owner of the control database could try: let it look as if somebody else had approved."""


class ChangeChapter:
    """One change on the shop, from the question to the audit."""

    def __init__(self, server: EmbeddedServer, owner: str) -> None:
        """``owner``: the role that owns the shop's tables."""
        self._server, self._owner = server, server.conninfo(SHOP, role=owner)
        self._admitted: dict[str, Admission] = {}

    async def walk(self) -> None:
        """The whole story; the shop is the same afterwards."""
        from pgwarden.bootstrap import CONTROL_ROLE, build
        from pgwarden.settings import load

        self._drop_control()
        self._server.create_role(CONTROL_ROLE)
        self._server.create_database(CONTROL, owner=CONTROL_ROLE)
        control = self._server.conninfo(CONTROL, role=CONTROL_ROLE)
        try:
            with tempfile.TemporaryDirectory() as home:
                settings = load(control_url=control, home=Path(home))
                async with build(settings, door=SOURCE, admit=False) as app:
                    app.targets.add_for_now(app.describe_target(SHOP, self._owner, allow_writes=True))
                    self._admitted = await welcome(app)
                    await self._story(app)
        finally:
            self._drop_control()

    async def _story(self, app: App) -> None:
        view = await self._ask(app)
        tables = [table["table"] for table in view.ticket.request.assessment["impact"]["tables"]]
        before = self._fingerprints(tables)
        await self._decide(app, view.ticket.id)
        ran = await self._perform(app, view.ticket.id)
        await self._disturb(app, ran)
        await self._take_back(app, ran)
        same = before == self._fingerprints(tables)
        self._say(f"fingerprints of {len(before)} tables before and after: {'equal' if same else 'DIFFERENT'}")
        if not same:
            raise AssertionError("the undo did not restore the shop")
        await self._audit(app)

    async def _ask(self, app: App) -> TicketView:
        self._say("ana asks for a change; nothing is run, a ticket waits:\n")
        wanted = Proposal(SHOP, STATEMENT, "they never ordered anything, and asked us to forget them")
        view = await app.approval.create_approval_request(
            wanted, identity=self._admitted["ana"].identity, source=SOURCE
        )
        show_ticket(await app.approval.check_approval_status(view.ticket.id), datetime.now(UTC))
        return view

    async def _decide(self, app: App, ticket: str) -> None:
        """Whoever may not decide is refused; who may, does."""
        for name in ("ana", "max"):
            try:
                await self._approve(app, ticket, name)
            except DecisionRefused as refused:
                self._say(f"\n{name} tries to approve it: {refused.what} ({refused.why})")
            else:
                raise AssertionError(f"{name} approved what is not {name}'s to approve")
        view = await self._approve(app, ticket, "dora")
        self._say(f"dora looks at it and approves: {ticket} is {view.standing.status.value}")

    async def _approve(self, app: App, ticket: str, name: str) -> TicketView:
        identity = self._admitted[name].identity
        return await app.approval.audit_approval_decision(ticket, Decision.APPROVE, identity=identity, via=SOURCE)

    async def _perform(self, app: App, ticket: str) -> Ran:
        ran = await app.execution.execute(ticket, identity=self._admitted["ana"].identity, source=SOURCE)
        self._say(f"\nexecuted and proven in {ran.execution.milliseconds:.0f} ms; every image accounted for:")
        rows = [
            (name, c.inserted or "", c.updated or "", c.deleted or "")
            for name, c in ran.execution.counts.items()
            if c.total
        ]
        console().print(simple_table(("table", "inserted", "updated", "deleted"), rows))
        return ran

    async def _disturb(self, app: App, ran: Ran) -> None:
        """Somebody takes a key that the undo needs: without a choice nothing is opened, and nothing overwritten."""
        taken = self._take_a_key(ran)
        self._say(f"meanwhile somebody adds another customer under the number {taken}; then ana wants it all back:")
        try:
            await self._undo(app, ran)
        except UndoConflict as refused:
            self._say(f"  {refused.what} {refused.not_done}")
            self._say("  ana may skip that row or ask to overwrite it; the approval of the change covers neither")
        else:
            raise AssertionError("an undo with rows in its way was opened without a choice")
        with psycopg.connect(self._owner) as connection:
            connection.execute("delete from customers where id = %s", [taken])
            connection.execute("delete from audit.changes where row_id = %s::text and changed_at >= now()", [taken])
        self._say("that customer is removed again")

    async def _take_back(self, app: App, ran: Ran) -> None:
        undo = await self._undo(app, ran)
        undone = await app.execution.execute(undo, identity=self._admitted["ana"].identity, source=SOURCE)
        self._say(
            f"now dora's approval of the change covers its undo; taken back in {undone.execution.milliseconds:.0f} ms,"
            " proven to be the exact mirror of the change"
        )

    async def _undo(self, app: App, ran: Ran) -> str:
        ticket = await app.execution.changes.undo(
            SHOP,
            ran.execution.id,
            identity=self._admitted["ana"].identity,
            source=SOURCE,
            reason="the wrong customers",
        )
        return ticket.id

    async def _audit(self, app: App) -> None:
        """The record of all this is whole; then its owner rewrites one entry, and is found out."""
        admin = self._admitted["admin"]
        found = await app.audit_desk.verify(by=admin)
        self._say(f"\nthe audit has {found.entries} entries, each chained to the one before: {_verdict(found.intact)}")
        with psycopg.connect(self._server.conninfo(CONTROL), autocommit=True) as connection:
            connection.execute(FORGE)
        self._say("the owner of the control database switches its guards off and writes that ana approved it herself:")
        found = await app.audit_desk.verify(by=admin)
        for finding in found.findings[:3]:
            self._say(f"  entry {finding.number} was {finding.kind.value}: {finding.what}")
        if found.intact:
            raise AssertionError("a forged entry was not found")

    def _take_a_key(self, ran: Ran) -> int:
        images = next(t.images for t in ran.execution.tables if t.name == "customers")
        with psycopg.connect(self._owner) as connection:
            query = sql.SQL("select min(id) from {}").format(sql.Identifier("pgwarden", images))
            row = connection.execute(query).fetchone()
            assert row is not None, "an aggregate gives one row"
            connection.execute(
                "insert into customers (id, first_name, last_name, email, city, state) overriding system value"
                " values (%s, 'Nina', 'New', 'nina.new@mail.example', 'Phoenix', 'Arizona')",
                [row[0]],
            )
            return int(row[0])

    def _fingerprints(self, tables: list[str]) -> dict[str, tuple[object, ...]]:
        """Row count and two hashes of each table, but for the shop's own audit trail, which only ever grows."""
        found = {}
        with psycopg.connect(self._owner) as connection:
            for name in tables:
                schema, _, table = name.partition(".")
                if schema != "audit":
                    query = sql.SQL(FINGERPRINT).format(sql.Identifier(schema, table))
                    found[name] = tuple(connection.execute(query).fetchone() or ())
        return found

    def _drop_control(self) -> None:
        with psycopg.connect(self._server.conninfo(), autocommit=True) as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(CONTROL)))

    def _say(self, text: str) -> None:
        lines = text.split("\n")
        for line in lines:
            console().print(one_line(line), markup=False)


def _verdict(intact: bool) -> str:
    return "whole" if intact else "NOT whole"
