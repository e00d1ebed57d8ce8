"""What a superuser does to the audit is found, in every way that it can be done."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import AsyncConnection
from tests.support.audit import NOON, audit_of, forge, kinds, rewrite, some_entries, words
from tests.support.databases import create_database, drop_database

from pgwarden.adapters.audit.keys import AuditKey, require_signed
from pgwarden.adapters.postgres.control import audit_appender
from pgwarden.adapters.postgres.control.audit_append import append_entries, audit_sql
from pgwarden.adapters.postgres.control.audit_records import head_in, records_in
from pgwarden.adapters.postgres.control.audit_verify import verify_in
from pgwarden.adapters.postgres.control.connection import Connection
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_chain import AuditHead, AuditRecord
from pgwarden.domain.audit_checkpoint import Checkpoint
from pgwarden.domain.errors import AuditBroken, CheckpointInvalid, ControlDatabaseUnavailable

ENTRIES = 9


@pytest.fixture(scope="module")
def conninfo(pg18_url: str) -> Iterator[str]:
    """A control database with some entries. Every test forges in a transaction of its own that is rolled back."""
    name = f"audited_{uuid.uuid4().hex[:12]}"

    async def fill(conninfo: str) -> None:
        async with audit_of(conninfo) as log:
            await log.append(*some_entries(ENTRIES))

    created = create_database(pg18_url, name)
    asyncio.run(fill(created))
    yield created
    drop_database(pg18_url, name)


@pytest.fixture
async def forger(conninfo: str) -> AsyncIterator[Connection]:
    """A superuser's connection, in a transaction."""
    async with await AsyncConnection.connect(conninfo) as connection:
        yield connection
        await connection.rollback()


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> AuditKey:
    key = AuditKey(tmp_path_factory.mktemp("keys") / "audit.key")
    key.create()
    return key


@pytest.fixture
async def original(forger: Connection) -> list[AuditRecord]:
    return [record async for record in records_in(forger, personal=True)]


@pytest.fixture
async def checkpoint(forger: Connection, original: list[AuditRecord], key: AuditKey) -> Checkpoint:
    """Signed when six of the nine entries were there."""
    return key.sign(AuditHead((await head_in(forger)).chain, 6, original[5].hash), NOON)


async def test_an_untouched_chain_is_whole(forger: Connection, checkpoint: Checkpoint) -> None:
    found = await verify_in(forger, [checkpoint])
    assert found.intact, words(found)
    assert (found.entries, found.last, found.covered) == (ENTRIES, ENTRIES, 6)


REFUSED = (
    "update pgwarden_control.audit_entry set actor = 'x' where number = 1",
    "delete from pgwarden_control.audit_entry where number = 1",
    "delete from pgwarden_control.audit_entry where false",
    "truncate pgwarden_control.audit_entry",
    "truncate pgwarden_control.audit_entry, pgwarden_control.audit_personal cascade",
    "merge into pgwarden_control.audit_entry e using (values (1)) v(n) on e.number = v.n when matched then delete",
    (
        "insert into pgwarden_control.audit_entry select * from pgwarden_control.audit_entry "
        "on conflict (number) do update set actor = 'x'"
    ),
    "delete from pgwarden_control.audit_head",
    "truncate pgwarden_control.audit_head",
    "update pgwarden_control.audit_personal set value = 'x'",
    "truncate pgwarden_control.audit_personal",
)


@pytest.mark.parametrize("statement", REFUSED)
async def test_no_statement_changes_it(forger: Connection, statement: str) -> None:
    """Not even a superuser's, nor one that has triggers of ordinary kind switched off."""
    await forger.execute("set local session_replication_role = replica")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        await forger.execute(statement.encode())


async def test_the_owner_has_no_right_to_change_it(forger: Connection) -> None:
    rights = await forger.execute(
        "select bool_or(privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE')), bool_or(privilege_type = 'INSERT') "
        "from pg_class, aclexplode(relacl) where oid = 'pgwarden_control.audit_entry'::regclass"
    )
    assert await rights.fetchone() == (False, True)


FORGED = {
    "a column": (
        "update pgwarden_control.audit_entry set actor = 'eve' where number = 4",
        "rewritten",
        "Entry 4 is not",
    ),
    "details": (
        "update pgwarden_control.audit_entry set details = '{\"rows\": 1}' where number = 4",
        "rewritten",
        "Entry 4 is not",
    ),
    "a moment": (
        "update pgwarden_control.audit_entry set at = at + interval '1 microsecond' where number = 2",
        "rewritten",
        "Entry 2 is not",
    ),
    "one in the middle": ("delete from pgwarden_control.audit_entry where number = 4", "deleted", "Entry 4 is missing"),
    "several": (
        "delete from pgwarden_control.audit_entry where number between 3 and 5",
        "deleted",
        "Entries 3-5 are missing",
    ),
    "the first": ("delete from pgwarden_control.audit_entry where number = 1", "deleted", "Entry 1 is missing"),
    "the last": ("delete from pgwarden_control.audit_entry where number = 9", "truncated", "Entry 9 is missing"),
    "all": ("truncate pgwarden_control.audit_entry", "truncated", "Entries 1-9 are missing"),
    "two exchanged": (
        (
            "update pgwarden_control.audit_entry set number = case number when 3 then 104 else 103 end "
            "where number in (3, 4); update pgwarden_control.audit_entry set number = number - 100 where number > 100"
        ),
        "reordered",
        "Entry 3",
    ),
    "one inserted": (
        (
            "insert into pgwarden_control.audit_entry select 10, previous, hash, at, action, 'eve', outcome, database, "
            "subject, source, details, commitments from pgwarden_control.audit_entry where number = 9"
        ),
        "reordered",
        "Entry 10",
    ),
    "one before the first": (
        (
            "alter table pgwarden_control.audit_entry drop constraint audit_entry_number_check; "
            "insert into pgwarden_control.audit_entry select 0, previous, hash, at, action, 'eve', outcome, database, "
            "subject, source, details, commitments from pgwarden_control.audit_entry where number = 9"
        ),
        "inserted",
        "A second entry 0",
    ),
    "the end": ("update pgwarden_control.audit_head set number = 8", "rewritten", "with another hash"),
    "a personal value": (
        "update pgwarden_control.audit_personal set value = 'select 0' where number = 5",
        "rewritten",
        "'statement' of entry 5",
    ),
    "a value taken away without an erasure": (
        "delete from pgwarden_control.audit_personal where number = 5",
        "deleted",
        "A personal value of entry 5 is gone",
    ),
    "a salt": (
        "update pgwarden_control.audit_personal set salt = repeat('0', 64) where number = 5",
        "rewritten",
        "'statement' of entry 5",
    ),
    "a value that never was": (
        "insert into pgwarden_control.audit_personal values (5, 'alibi', repeat('0', 64), 'x')",
        "inserted",
        "'alibi'",
    ),
    "what no program can read": (
        "update pgwarden_control.audit_entry set at = 'infinity' where number = 7",
        "unreadable",
        "cannot be read",
    ),
    "an outcome that is none": (
        (
            "alter table pgwarden_control.audit_entry drop constraint audit_entry_outcome_check; "
            "update pgwarden_control.audit_entry set outcome = 'fine' where number = 7"
        ),
        "unreadable",
        "cannot be read",
    ),
    "a number beyond all": (
        "update pgwarden_control.audit_entry set details = '{\"rows\": 1e400}' where number = 7",
        "rewritten",
        "Entry 7 is not",
    ),
}


@pytest.mark.parametrize("how", FORGED)
async def test_a_forgery_that_leaves_the_hashes_is_found_without_a_checkpoint(forger: Connection, how: str) -> None:
    statement, kind, said = FORGED[how]
    await forge(forger, statement)
    found = await verify_in(forger, [])
    assert kind in kinds(found)
    assert said in words(found)
    assert "unguarded" not in kinds(found), "the guards were put back"


def with_another_actor(records: list[AuditRecord], number: int) -> list[AuditRecord]:
    return [replace(r, entry=replace(r.entry, actor="mallory")) if r.number == number else r for r in records]


@pytest.mark.parametrize("how", ["rewrite", "deletion", "reorder", "insertion", "truncation"])
async def test_a_chain_made_anew_is_found_by_the_checkpoint_alone(
    forger: Connection, original: list[AuditRecord], checkpoint: Checkpoint, how: str
) -> None:
    """The owner can make every hash fit. What was signed elsewhere no longer fits then."""
    changed = with_another_actor(original, 2)
    forged, said = {
        "rewrite": (changed, "signed"),
        "deletion": ([r for r in original if r.number != 2], "signed"),
        "reorder": ([*original[1:2], *original[:1], *original[2:]], "signed"),
        "insertion": ([original[0], changed[1], *original[1:]], "signed"),
        "truncation": (original[:3], "the chain ends at 3"),
    }[how]
    await rewrite(forger, forged, checkpoint.chain)
    assert (await verify_in(forger, [])).intact, "the forgery of this test is a good one"
    found = await verify_in(forger, [checkpoint])
    assert found.covered == 0
    assert said in words(found)


async def test_what_comes_after_the_checkpoint_is_only_as_safe_as_the_owner(
    forger: Connection, original: list[AuditRecord], checkpoint: Checkpoint
) -> None:
    """Plainly: this forgery is not found, and the verification says up to where it vouches."""
    await rewrite(forger, with_another_actor(original, 8), checkpoint.chain)
    found = await verify_in(forger, [checkpoint])
    assert found.intact
    assert (found.covered, found.last) == (6, ENTRIES)


async def test_another_chain_put_in_its_place_is_found(
    forger: Connection, original: list[AuditRecord], checkpoint: Checkpoint
) -> None:
    other = "6f1e9c52-7a55-4bb0-8d2f-1d0a3c9a4b11"
    await forger.execute("update pgwarden_control.audit_head set chain = %s", [other])
    await rewrite(forger, original, other)
    assert (await verify_in(forger, [])).intact
    assert "another chain" in words(await verify_in(forger, [checkpoint]))


GUARDS = {
    "alter table pgwarden_control.audit_entry disable trigger append_only": "switched off",
    "alter table pgwarden_control.audit_entry disable trigger all": "switched off",
    "alter table pgwarden_control.audit_entry enable trigger append_only": "switched off",
    "drop trigger append_only on pgwarden_control.audit_head": "is gone",
    "create or replace trigger append_only before truncate on pgwarden_control.audit_entry "
    "execute function pgwarden_control.audit_is_append_only(); "
    "alter table pgwarden_control.audit_entry enable always trigger append_only": "lets some changes pass",
    "create or replace function pgwarden_control.audit_is_append_only() returns trigger language plpgsql as "
    "'begin return null; end'": "another function",
    "create trigger swallow before insert on pgwarden_control.audit_entry for each row "
    "execute function pgwarden_control.audit_is_append_only()": "pgwarden did not make",
    "create rule swallow as on insert to pgwarden_control.audit_personal do instead nothing": "rule on audit_personal",
    "alter table pgwarden_control.audit_entry enable row level security": "row security",
    "grant delete on pgwarden_control.audit_entry to public": "delete right on audit_entry",
}


@pytest.mark.parametrize("statement", GUARDS)
async def test_a_guard_that_was_taken_away_is_found(forger: Connection, statement: str) -> None:
    await forger.execute(statement.encode())
    found = await verify_in(forger, [])
    assert kinds(found) == {"unguarded"}
    assert GUARDS[statement] in words(found)


async def test_without_its_end_nothing_more_is_written(forger: Connection) -> None:
    await forge(forger, "delete from pgwarden_control.audit_head")
    with pytest.raises(AuditBroken):
        await append_entries(forger, some_entries(1))
    with pytest.raises(AuditBroken):
        await verify_in(forger, [])


async def test_an_erasure_keeps_the_chain_and_the_checkpoint(forger: Connection, checkpoint: Checkpoint) -> None:
    await forger.execute("delete from pgwarden_control.audit_personal where number in (3, 6, 9)")
    assert "no erasure says so" in words(await verify_in(forger, [checkpoint]))
    await append_entries(forger, [AuditEntry("audit.erased", "dora", NOON, details={"entries": "3, 6, 8-9"})])
    found = await verify_in(forger, [checkpoint])
    assert found.intact, words(found)
    assert found.erased == 3
    assert found.covered == 6


async def test_a_checkpoint_is_trusted_only_under_a_known_key(
    checkpoint: Checkpoint, key: AuditKey, tmp_path: Path
) -> None:
    require_signed([checkpoint], key.known())
    stranger = AuditKey(tmp_path / "audit.key")
    stranger.create()
    for forged in (
        stranger.sign(AuditHead(checkpoint.chain, 6, checkpoint.hash), NOON),
        replace(checkpoint, number=7),
        replace(checkpoint, hash="0" * 64),
        replace(checkpoint, at=NOON.replace(hour=13)),
        replace(checkpoint, signature="00" * 64),
        replace(checkpoint, signature="x"),
    ):
        with pytest.raises(CheckpointInvalid, match="proves nothing"):
            require_signed([forged], key.known())


async def test_an_appender_does_not_wait_without_end(
    conninfo: str, forger: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_appender, "audit_sql", lambda name: audit_sql(name).replace(b"'30s'", b"'50ms'"))
    await forger.execute("select from pgwarden_control.audit_head for update")
    async with audit_of(conninfo) as log:
        with pytest.raises(ControlDatabaseUnavailable) as caught:
            await log.append(*some_entries(1))
    assert "lock timeout" in caught.value.why
