"""Every single value of every entry of an export is covered: none can be another without being found."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_chain import AuditHead, AuditRecord, chained, genesis, prepared
from pgwarden.domain.audit_checkpoint import Checkpoint
from pgwarden.domain.audit_export import checkpoints_in, export_lines, verify_lines
from pgwarden.domain.audit_filter import ranges, spans
from pgwarden.domain.errors import ExportInvalid

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHAIN = "28887efe-534e-4450-8acf-555d96327eee"
ENTRIES = [
    AuditEntry(
        "ticket.opened",
        "ana",
        NOON + timedelta(minutes=number),
        database="shop",
        subject=f"t{number}",
        source="cli",
        details={"rows": number, "deep": {"list": [1, "x", None, True, 0.5]}},
        personal={"statement": f"delete {number}"},
    )
    for number in range(3)
]


def records() -> tuple[AuditRecord, ...]:
    return chained(AuditHead(CHAIN, 0, genesis(CHAIN)), [prepared(entry, secrets.token_bytes) for entry in ENTRIES])


async def lines_of(found: tuple[AuditRecord, ...], *, personal: bool = True) -> list[str]:
    async def stream() -> AsyncIterator[AuditRecord]:
        for record in found:
            yield record

    point = Checkpoint(CHAIN, 3, found[-1].hash, NOON, "00" * 32, "00" * 64)
    return [line async for line in export_lines(CHAIN, stream(), [point], NOON, personal=personal)]


@pytest.fixture
async def lines() -> list[str]:
    return await lines_of(records())


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where each value that holds no others stands."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from leaves(item, (*path, key))
    if not isinstance(value, dict | list):
        yield path


def with_another(value: Any, path: tuple[Any, ...]) -> Any:
    """The same with another value in one place: as like the one before as can be."""
    copy = json.loads(json.dumps(value))
    place = copy
    for key in path[:-1]:
        place = place[key]
    old = place[path[-1]]
    if isinstance(old, bool) or old is None:
        place[path[-1]] = not old
    elif isinstance(old, str):
        last = old[-1:]
        place[path[-1]] = old[:-1] + ("1" if last == "0" else "0")
    else:
        place[path[-1]] = old + 1
    return copy


def test_an_export_that_nobody_touched_is_whole(lines: list[str]) -> None:
    point = checkpoints_in(lines)
    found = verify_lines(lines, point)
    assert found.intact
    assert (found.entries, found.last, found.covered) == (3, 3, 3)


def test_no_value_can_be_another(lines: list[str]) -> None:
    tried = 0
    for position in (1, 2, 3):
        entry = json.loads(lines[position])
        for path in leaves(entry):
            forged = [*lines]
            forged[position] = json.dumps(with_another(entry, path)) + "\n"
            assert not verify_lines(forged).intact, path
            tried += 1
    assert tried > 50


def test_no_member_can_be_taken_away_or_added(lines: list[str]) -> None:
    entry = json.loads(lines[2])
    for name in entry:
        less = {key: value for key, value in entry.items() if key != name}
        assert not verify_lines([*lines[:2], json.dumps(less) + "\n", *lines[3:]]).intact, name
    more = entry | {"note": "approved"}
    assert not verify_lines([*lines[:2], json.dumps(more) + "\n", *lines[3:]]).intact
    inner = entry | {"details": entry["details"] | {"note": "approved"}}
    assert not verify_lines([*lines[:2], json.dumps(inner) + "\n", *lines[3:]]).intact
    erased = entry | {"personal": {}}
    assert not verify_lines([*lines[:2], json.dumps(erased) + "\n", *lines[3:]]).intact, "no erasure says so"


def test_spaces_and_the_order_of_members_say_nothing(lines: list[str]) -> None:
    spaced = [json.dumps(dict(reversed(json.loads(line).items())), indent=None) + "\n" for line in lines]
    assert verify_lines(spaced).intact


async def test_an_export_without_personal_values_is_whole() -> None:
    bare = tuple(AuditRecord(each.number, each.previous, each.hash, each.entry, each.commitments) for each in records())
    found = verify_lines(await lines_of(bare, personal=False))
    assert (found.intact, found.erased) == (True, 0)


def test_what_is_no_export_is_told(lines: list[str]) -> None:
    for text in ([], ["\n"], ["[]\n"], ["{}\n"], lines[1:], ["\x00"], ['{"pgwarden_audit": 1}\n']):
        with pytest.raises(ExportInvalid):
            verify_lines(text)


def test_numbers_are_named_in_ranges_and_read_back() -> None:
    assert ranges([7, 1, 2, 3, 3, 9, 10]) == "1-3, 7, 9-10"
    assert ranges([]) == ""
    assert spans("1-3, 7, 9-10") == ((1, 3), (7, 7), (9, 10))
    assert spans("") == ()
