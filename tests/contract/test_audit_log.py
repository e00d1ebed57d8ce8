from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from pgwarden.adapters.audit.batching import BatchingAuditLog
from pgwarden.adapters.postgres.control.audit_log import PostgresAuditLog
from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.audit_chain import AuditRecord, genesis, hash_of
from pgwarden.domain.audit_checkpoint import Checkpoint, KeptCheckpoint
from pgwarden.domain.audit_filter import AuditFilter, Erasure
from pgwarden.domain.rights_version import ORIGINAL_RIGHTS, RightsChangedError
from pgwarden.ports import AuditLog
from pgwarden.testing import MemoryAuditLog

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", "postgres", "postgres, batching"])
def log(request: pytest.FixtureRequest) -> AuditLog:
    if request.param == "memory":
        return MemoryAuditLog(rights_in_force=lambda: ORIGINAL_RIGHTS.number)
    log = PostgresAuditLog(request.getfixturevalue("control"))
    return BatchingAuditLog(log) if "batching" in request.param else log


def entry(action: str = "read.run", actor: str = "ana", minute: int = 0, **rest: object) -> AuditEntry:
    return AuditEntry(action, actor, NOON + timedelta(minutes=minute), **rest)  # type: ignore[arg-type]


async def numbers(log: AuditLog, wanted: AuditFilter) -> list[int]:
    return [record.number for record in await log.find(wanted)]


async def exported(log: AuditLog, *, personal: bool = True) -> list[AuditRecord]:
    return [record async for record in log.export(personal=personal)]


async def test_entries_come_back_as_they_were_in_one_chain(log: AuditLog) -> None:
    details = {"rows": 3, "share": 0.25, "words": ["ä", None, True], "deep": {"z": {}, "a": -1}, "big": 2**53 - 1}
    given = [
        entry(details=details, subject="t1", source="cli", database="shop"),
        entry("ticket.opened", "björn", outcome=Outcome.REFUSED),
        AuditEntry("login.done", "eve", datetime.fromisoformat("2026-03-01T14:00:00.000001+05:30")),
    ]
    empty = await log.head()
    assert (empty.number, empty.hash) == (0, genesis(empty.chain))
    await log.append(given[0])
    await log.append(*given[1:])
    records = await exported(log)
    assert [record.entry for record in records] == given
    assert [record.number for record in records] == [1, 2, 3]
    assert [record.previous for record in records] == [empty.hash, records[0].hash, records[1].hash]
    assert all(record.hash == hash_of(record) for record in records)
    head = await log.head()
    assert (head.chain, head.number, head.hash) == (empty.chain, 3, records[-1].hash)
    assert await log.get(2) == records[1]
    assert await log.get(4) is None


async def test_each_part_of_a_filter_narrows(log: AuditLog) -> None:
    await log.append(
        entry("ticket.opened", "ana", 0, database="shop", subject="t1"),
        entry("ticket.approved", "eve", 1, database="shop", subject="t1"),
        entry("ticket_template.made", "eve", 2, database="crm"),
        entry("read.run", "ana", 3, database="shop", outcome=Outcome.FAILED),
    )
    assert await numbers(log, AuditFilter()) == [4, 3, 2, 1]
    assert await numbers(log, AuditFilter(action="ticket")) == [2, 1]
    assert await numbers(log, AuditFilter(action="ticket.opened")) == [1]
    assert await numbers(log, AuditFilter(action="tick")) == []
    assert await numbers(log, AuditFilter(action="%")) == []
    assert await numbers(log, AuditFilter(actor="ana", database="shop")) == [4, 1]
    assert await numbers(log, AuditFilter(subject="t1")) == [2, 1]
    assert await numbers(log, AuditFilter(outcome=Outcome.FAILED)) == [4]
    between = AuditFilter(since=NOON + timedelta(minutes=1), until=NOON + timedelta(minutes=3))
    assert await numbers(log, between) == [3, 2]
    page = await log.find(AuditFilter(), limit=2, before=4)
    assert [record.number for record in page] == [3, 2]


async def test_what_has_no_json_is_refused_and_leaves_no_gap(log: AuditLog) -> None:
    for wrong in ({"x": float("nan")}, {"x": 2**53}, {"x": object()}):
        with pytest.raises(ValueError, match=r"number|JSON"):
            await log.append(entry(), entry(details=wrong))
    with pytest.raises(ValueError, match="time zone"):
        await log.append(AuditEntry("read.run", "ana", datetime(2026, 3, 1)))  # noqa: DTZ001 - that is the point
    await log.append(entry())
    assert await numbers(log, AuditFilter()) == [1]


async def test_any_text_can_be_kept(log: AuditLog) -> None:
    awkward = 'nul \x00, half \ud800, emoji 😀, quote " and \\ and \u2028'
    await log.append(entry(actor=awkward, details={awkward: awkward}, personal={"statement": awkward}))
    (record,) = await exported(log)
    kept = awkward.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
    assert record.entry.actor == kept
    assert record.entry.details == {kept: kept}
    assert record.personal["statement"].value == kept
    assert hash_of(record) == record.hash


async def test_a_very_long_personal_value_is_cut_and_says_so(log: AuditLog) -> None:
    await log.append(entry(personal={"statement": "x" * 300_000}))
    (record,) = await exported(log)
    assert len(record.personal["statement"].value) < 101_000
    assert "300,000 characters" in record.personal["statement"].value


async def test_a_key_is_used_once(log: AuditLog) -> None:
    assert await log.append_once({"a": entry(minute=1), "b": entry(minute=2)}) == 2
    assert await log.append_once({"b": entry(minute=2), "c": entry(minute=3)}) == 1
    assert await log.append_once({"a": entry(minute=1)}) == 0
    assert [record.entry.at.minute for record in await exported(log)] == [1, 2, 3]
    assert await log.has_key("a")
    assert not await log.has_key("d")


async def test_personal_values_stand_beside_the_chain(log: AuditLog) -> None:
    await log.append(entry(personal={"statement": "select 1"}), entry(personal={"statement": "select 1"}))
    first, second = await exported(log)
    assert first.personal["statement"].value == "select 1"
    assert first.commitments == {"statement": first.personal["statement"].commitment}
    assert first.commitments != second.commitments, "equal values must not be recognised as equal once erased"
    assert not first.erased
    assert [record.personal for record in await exported(log, personal=False)] == [{}, {}]


async def test_an_erasure_takes_the_values_and_leaves_the_chain(log: AuditLog) -> None:
    await log.append(
        entry(actor="ana", personal={"statement": "select 'Bo@example.org'", "address": "10.0.0.1"}),
        entry(actor="eve", personal={"statement": "select 'bo@EXAMPLE.org'", "address": "10.0.0.2"}),
        entry("person.changed", "root", subject="ana", personal={"email": "ana@example.org"}),
        entry(actor="eve", personal={"statement": "select 2"}),
    )
    request = entry("audit.erased", "dora", details={"reason": "asked for"})
    assert await log.erase(Erasure(containing="bo@example.org"), request) == (1, 2)
    assert await log.erase(Erasure(person="ana"), request) == (1, 3)
    assert await log.erase(Erasure(entries=frozenset({4, 99})), request) == (4,)
    assert await log.erase(Erasure(person="nobody"), request) == ()
    records = await exported(log)
    assert [sorted(record.personal) for record in records[:4]] == [[], ["address"], [], []]
    assert records[0].erased == ("address", "statement")
    assert all(record.hash == hash_of(record) for record in records)
    assert [record.entry.details for record in records[4:]] == [
        {"reason": "asked for", "entries": "1-2", "values": 2},
        {"reason": "asked for", "entries": "1, 3", "values": 2},
        {"reason": "asked for", "entries": "4", "values": 1},
        {"reason": "asked for", "entries": "", "values": 0},
    ]


async def test_an_export_is_of_one_moment(log: AuditLog) -> None:
    await log.append(*(entry(minute=minute) for minute in range(3)))
    seen: list[int] = []
    async for record in log.export():
        if not seen:
            await log.append(entry("later.added"))
        seen.append(record.number)
    assert seen == [1, 2, 3]


async def test_checkpoints_are_kept_with_their_places(log: AuditLog) -> None:
    def at(number: int, hour: int = 0) -> Checkpoint:
        return Checkpoint("c", number, f"{number:064}", NOON + timedelta(hours=hour), "aa", f"{number}-{hour}")

    await log.keep_checkpoint(at(1), ["file:a"])
    await log.keep_checkpoint(at(3), [])
    await log.keep_checkpoint(at(3, hour=1), ["file:a"])
    await log.keep_checkpoint(at(1), ["git:b", "file:a"])
    assert await log.checkpoints() == (
        KeptCheckpoint(at(3, hour=1), ("file:a",)),
        KeptCheckpoint(at(3), ()),
        KeptCheckpoint(at(1), ("file:a", "git:b")),
    )
    assert [kept.checkpoint.number for kept in await log.checkpoints(limit=1)] == [3]


async def test_a_chain_that_nobody_touched_is_whole(log: AuditLog) -> None:
    assert (await log.verify()).intact
    await log.append(*(entry(minute=minute, personal={"statement": "select 1"}) for minute in range(3)))
    await log.erase(Erasure(entries=frozenset({2})), entry("audit.erased"))
    found = await log.verify()
    assert found.intact
    assert (found.entries, found.last, found.erased, found.covered) == (4, 4, 1, 0)


async def test_callers_at_once_fork_nothing(log: AuditLog) -> None:
    await asyncio.gather(*(log.append(entry(minute=minute % 60)) for minute in range(40)))
    found = await log.verify()
    assert (found.intact, found.entries) == (True, 40)


async def test_what_was_decided_by_other_rights_is_not_written(log: AuditLog) -> None:
    """Whether the end of the chain is remembered or not, and beside callers who were decided by none."""
    for _ in range(3):
        with pytest.raises(RightsChangedError):
            await log.append(entry("read.run"), rights=7)
        await log.append(entry("login.done"), rights=ORIGINAL_RIGHTS.number)
    calls = (log.append(entry("read.run" if bad else "login.done"), rights=7 if bad else None) for bad in (0, 1, 0, 1))
    told = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in told] == [type(None), RightsChangedError] * 2
    found = await log.verify()
    assert (found.intact, found.entries) == (True, 5)
    assert {record.entry.action for record in await exported(log)} == {"login.done"}
