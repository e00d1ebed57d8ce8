"""From a request to its execution and back, on a real target: what was approved runs once, and nothing else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import psycopg
import pytest
from psycopg import sql
from tests.support.change import dump, owned, run
from tests.support.ticket_house import House, house_on

from pgwarden.adapters.postgres.changes import PostgresChangeRunner
from pgwarden.domain.approval import ApprovedUndo, OnConflict
from pgwarden.domain.errors import (
    InputInvalid,
    NotApproved,
    RightMissing,
    UndoImpossible,
    WritesFrozen,
    WritesNotAllowed,
)
from pgwarden.domain.execution import Execution
from pgwarden.domain.proposal import Proposal
from pgwarden.domain.recovery import RowsChangedSince
from pgwarden.domain.ticket import Ticket, TicketStatus
from pgwarden.domain.ticket_change import TicketFilter
from pgwarden.domain.ticket_events import ExecutionFailed, RevisionCause, TicketRevised
from pgwarden.domain.ticket_status import standing_of
from pgwarden.domain.undo_choice import rows_in_the_way

SETUP = (
    "create table shelf (id int primary key, label text not null)",
    "create table box (id int primary key, shelf int not null references shelf on delete cascade)",
    "create index on box (shelf)",
    "insert into shelf select n, 'shelf ' || n from generate_series(1, 20) n",
    "insert into box select n, 1 + n % 20 from generate_series(1, 60) n",
)
DELETE = "delete from shelf where id <= 3"


@pytest.fixture
def shop(database: str) -> str:
    """A target whose owner is no superuser."""
    owner = owned(database)
    run(owner, *SETUP)
    return owner


@pytest.fixture
async def house(shop: str) -> AsyncIterator[House]:
    async with house_on(shop) as house:
        yield house


async def test_a_delete_waits_for_a_person_runs_once_and_is_taken_back(house: House, shop: str) -> None:
    before = dump(shop)
    view = await house.ask(DELETE)
    ticket = view.ticket.id
    assert (view.standing.status, view.standing.terms.level, view.asked) == (TicketStatus.PENDING, 3, ("dora",))
    with pytest.raises(NotApproved, match="may not run"):
        await house.run(ticket)
    await house.approve(ticket)
    ran = await house.run(ticket)
    assert {name: counts.deleted for name, counts in ran.execution.counts.items()} == {
        "public.shelf": 3,
        "public.box": 9,
    }
    assert (ran.execution.requested_by, ran.execution.approved_by) == ("ana", "dora")
    assert await house.status(ticket) is TicketStatus.EXECUTED
    assert house.written == ["shop"]
    with pytest.raises(NotApproved, match="may not run"):
        await house.run(ticket)
    undo = await house.road.undo("shop", ran.execution.id, identity=house.who("ana"), source="test", reason="a mistake")
    assert standing_of(undo, house.now).rule == f"covered by the approval of {ticket}"
    undone = await house.run(undo.id)
    assert dump(shop) == before
    assert (await house.status(ticket), await house.status(undo.id)) == (TicketStatus.UNDONE, TicketStatus.EXECUTED)
    redo = await house.road.undo("shop", undone.execution.id, identity=house.who("ana"), source="test", reason="no")
    assert standing_of(redo, house.now).status is TicketStatus.PENDING
    await house.approve(redo.id)
    await house.run(redo.id)
    assert [await house.status(each) for each in (ticket, undo.id, redo.id)] == [
        TicketStatus.EXECUTED,
        TicketStatus.UNDONE,
        TicketStatus.EXECUTED,
    ]
    with pytest.raises(UndoImpossible, match="already undone"):
        await house.road.undo("shop", undone.execution.id, identity=house.who("ana"), source="test", reason="again")


async def test_a_drift_changes_nothing_and_asks_again_with_the_new_numbers(house: House, shop: str) -> None:
    ticket = (await house.ask(DELETE)).ticket.id
    await house.approve(ticket)
    run(shop, "insert into box values (100, 1)")
    before = dump(shop)
    with pytest.raises(Exception, match="something else than was approved"):
        await house.run(ticket)
    assert dump(shop) == before
    found = await house.desk.load(ticket)
    revised = found.events[-1]
    assert isinstance(revised, TicketRevised)
    assert (revised.cause, revised.request.rows, found.revision) == (RevisionCause.DRIFT, 13, 2)
    assert await house.status(ticket) is TicketStatus.PENDING
    with pytest.raises(NotApproved):
        await house.run(ticket)
    await house.approve(ticket)
    assert (await house.run(ticket)).execution.counts["public.box"].deleted == 10


async def test_an_altered_table_asks_again(house: House, shop: str) -> None:
    ticket = (await house.ask(DELETE)).ticket.id
    await house.approve(ticket)
    run(shop, "alter table box add column note text")
    with pytest.raises(Exception, match="altered after the approval"):
        await house.run(ticket)
    revised = (await house.desk.load(ticket)).events[-1]
    assert isinstance(revised, TicketRevised)
    assert revised.cause is RevisionCause.SCHEMA
    await house.approve(ticket)
    await house.run(ticket)
    assert await house.status(ticket) is TicketStatus.EXECUTED


async def test_what_cannot_be_done_any_more_fails(house: House, shop: str) -> None:
    ticket = (await house.ask("insert into shelf select g, 'x' from generate_series(30, 200) g")).ticket.id
    await house.approve(ticket)
    run(shop, "insert into shelf values (40, 'taken')")
    with pytest.raises(Exception, match="constraint"):
        await house.run(ticket)
    failed = (await house.desk.load(ticket)).events[-1]
    assert isinstance(failed, ExecutionFailed)
    assert (failed.code, await house.status(ticket)) == ("PGW108", TicketStatus.FAILED)


async def test_busy_locks_leave_the_approval_standing(house: House, shop: str) -> None:
    ticket = (await house.ask(DELETE)).ticket.id
    await house.approve(ticket)
    with psycopg.connect(shop) as other:
        other.execute("lock table box in access exclusive mode")
        with pytest.raises(Exception, match="locks"):
            await house.run(ticket)
    assert await house.status(ticket) is TicketStatus.APPROVED
    await house.run(ticket)
    assert await house.status(ticket) is TicketStatus.EXECUTED


async def test_a_row_in_the_way_takes_a_new_approval_for_exactly_that_row(house: House, shop: str) -> None:
    ticket = (await house.ask("update shelf set label = upper(label) where id <= 3")).ticket.id
    await house.approve(ticket, "lea")
    execution = (await house.run(ticket)).execution.id
    run(shop, "update shelf set label = 'edited' where id = 2")
    ask = house.road.undo
    who = house.who("ana")
    before = len(await house.desk.tickets.find(TicketFilter(), at=house.now))
    with pytest.raises(RowsChangedSince, match="1 row stands in the way") as refused:
        await ask("shop", execution, identity=who, source="test", reason="r")
    assert [conflict.now for conflict in refused.value.conflicts] == [("2", "edited")]
    assert "--skip-rows" in refused.value.next_step
    assert "--force-rows" in refused.value.next_step
    assert "No ticket was opened" in refused.value.not_done
    assert len(await house.desk.tickets.find(TicketFilter(), at=house.now)) == before
    forced = await ask("shop", execution, identity=who, source="test", reason="r", on_conflict=OnConflict.OVERWRITE)
    assert forced.request.undo is not None
    assert forced.request.undo.conflicts == 1
    await house.approve(forced.id)
    run(shop, "update shelf set label = 'edited again' where id = 2")
    with pytest.raises(NotApproved, match="approved again"):
        await house.run(forced.id)
    assert "edited again" in str(dump(shop)["shelf"])
    await house.approve(forced.id, "mia")
    await house.run(forced.id)
    assert '(2,"shelf 2")' in dump(shop)["shelf"]


async def test_a_row_that_changes_under_the_undo_itself_asks_the_approvers_again(
    house: House, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the last look at the rows and before the undo has its locks."""
    ticket = (await house.ask("update shelf set label = upper(label) where id <= 3")).ticket.id
    await house.approve(ticket, "lea")
    execution = (await house.run(ticket)).execution.id
    run(shop, "update shelf set label = 'edited' where id = 2")
    forced = await house.road.undo(
        "shop", execution, identity=house.who("ana"), source="test", reason="r", on_conflict=OnConflict.OVERWRITE
    )
    await house.approve(forced.id)
    undo = PostgresChangeRunner.undo

    async def overtaken(runner: PostgresChangeRunner, approved: ApprovedUndo, *, now: datetime) -> Execution:
        run(shop, "update shelf set label = 'edited again' where id = 2")
        return await undo(runner, approved, now=now)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(PostgresChangeRunner, "undo", overtaken)
        with pytest.raises(NotApproved, match="approved again"):
            await house.run(forced.id)
    assert '(2,"edited again")' in dump(shop)["shelf"]
    assert standing_of(await house.desk.load(forced.id), house.now).status is TicketStatus.PENDING
    await house.approve(forced.id, "mia")
    await house.run(forced.id)
    assert '(2,"shelf 2")' in dump(shop)["shelf"]


async def test_choices_row_by_row_are_what_is_approved(house: House, shop: str) -> None:
    """A row that changes afterwards has no choice any more; the others keep theirs once approvers were asked again."""
    ticket = (await house.ask("update shelf set label = upper(label) where id <= 3")).ticket.id
    await house.approve(ticket, "lea")
    execution = (await house.run(ticket)).execution.id
    run(shop, "update shelf set label = 'edited ' || id where id <= 2")

    async def chosen(first: OnConflict, second: OnConflict) -> Ticket:
        conflicts = await (await house.targets.records("shop")).conflicts(execution)
        one, two = sorted(rows_in_the_way(conflicts), key=lambda row: row.now or ())
        choices = {one.id: first, two.id: second}
        return await house.road.undo(
            "shop", execution, identity=house.who("ana"), source="test", reason="r", choices=choices
        )

    stale = await chosen(OnConflict.SKIP, OnConflict.OVERWRITE)
    assert stale.request.undo is not None
    assert stale.request.undo.on_conflict is OnConflict.EACH
    await house.approve(stale.id, "mia")
    run(shop, "update shelf set label = 'edited again' where id = 2")
    with pytest.raises(NotApproved, match="does not say what becomes of 1 row"):
        await house.run(stale.id)
    fewer = await chosen(OnConflict.SKIP, OnConflict.OVERWRITE)
    await house.approve(fewer.id, "mia")
    run(shop, "update shelf set label = upper('shelf 1') where id = 1")
    with pytest.raises(NotApproved, match="approved again"):
        await house.run(fewer.id)
    assert "edited again" in str(dump(shop)["shelf"])
    run(shop, "update shelf set label = 'edited 1' where id = 1")
    fresh = await chosen(OnConflict.SKIP, OnConflict.OVERWRITE)
    await house.approve(fresh.id, "mia")
    await house.run(fresh.id)
    assert {'(1,"edited 1")', '(2,"shelf 2")', '(3,"shelf 3")'} <= set(dump(shop)["shelf"])


async def test_an_undo_by_an_agent_or_a_stranger_or_too_late_is_asked_for(house: House) -> None:
    ticket = (await house.ask(DELETE)).ticket.id
    await house.approve(ticket)
    execution = (await house.run(ticket)).execution.id
    for name in ("bot", "mallory"):
        undo = await house.road.undo("shop", execution, identity=house.who(name), source="test", reason="r")
        assert standing_of(undo, house.now).status is TicketStatus.PENDING
    house.pass_time(days=standing_of(await house.desk.load(ticket), house.now).terms.undo_days, seconds=1)
    late = await house.road.undo("shop", execution, identity=house.who("ana"), source="test", reason="r")
    assert standing_of(late, house.now).status is TicketStatus.PENDING


async def test_a_frozen_house_runs_nothing(house: House) -> None:
    ticket = (await house.ask(DELETE)).ticket.id
    await house.approve(ticket)
    with pytest.raises(RightMissing):
        await house.workflow.switch_writes(frozen=True, identity=house.who("ana"), reason="r", source="test")
    await house.workflow.switch_writes(frozen=True, identity=house.who("max"), reason="an incident", source="test")
    with pytest.raises(WritesFrozen, match="frozen"):
        await house.run(ticket)
    await house.workflow.switch_writes(frozen=False, identity=house.who("root"), reason="over", source="test")
    await house.run(ticket)


async def test_only_writable_targets_plain_roles_and_possible_statements_get_a_ticket(
    house: House, shop: str, database: str
) -> None:
    async with house_on(shop, targets={"readonly": shop}) as other:
        wanted = Proposal("readonly", DELETE, "because")
        with pytest.raises(WritesNotAllowed, match="reading only"):
            await other.workflow.create_approval_request(wanted, identity=other.who("ana"), source="test")
    async with house_on(database) as super_user:
        with pytest.raises(RightMissing, match="superuser"):
            await super_user.ask(DELETE)
    with pytest.raises(InputInvalid, match="would fail"):
        await house.ask("insert into shelf values (1, 'twice')")
    with pytest.raises(InputInvalid, match="reason"):
        await house.ask(DELETE, reason="  ")


async def test_a_target_that_can_keep_no_ledger_fails_and_says_why(house: House, database: str) -> None:
    ticket = (await house.ask(DELETE)).ticket.id
    await house.approve(ticket)
    with psycopg.connect(database, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("alter database {} owner to current_user").format(name))
        connection.execute(sql.SQL("revoke create on database {} from public").format(name))
    with pytest.raises(RightMissing, match="pgwarden"):
        await house.run(ticket)
    assert await house.status(ticket) is TicketStatus.FAILED


async def test_undoing_again_and_again_tells_which_ticket_is_in_force(house: House) -> None:
    first = (await house.ask("update shelf set label = upper(label) where id <= 3")).ticket.id
    await house.approve(first)
    execution = (await house.run(first)).execution.id
    chain = [first]
    for _ in range(3):
        undo = await house.road.undo("shop", execution, identity=house.who("ana"), source="test", reason="r")
        if await house.status(undo.id) is TicketStatus.PENDING:
            await house.approve(undo.id)
        execution = (await house.run(undo.id)).execution.id
        chain.append(undo.id)
    in_force = [await house.status(each) is TicketStatus.EXECUTED for each in chain]
    assert in_force == [False, True, False, True]
