"""The audit as text: JSON lines, made and walked one entry at a time.

The first line says whose chain it is, then one line an entry, and last where the chain ended, with the checkpoints
that were known.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from pgwarden.domain.audit_chain import AuditHead, AuditRecord, genesis, moment
from pgwarden.domain.audit_checkpoint import Checkpoint
from pgwarden.domain.audit_json import record_from_dict, record_to_dict
from pgwarden.domain.audit_verification import ChainCheck, FindingKind, Verification
from pgwarden.domain.errors import CheckpointInvalid, ExportInvalid

FORMAT = 1


async def export_lines(
    chain: str,
    records: AsyncIterator[AuditRecord],
    checkpoints: Sequence[Checkpoint],
    at: datetime,
    *,
    personal: bool = True,
) -> AsyncIterator[str]:
    """The whole chain, each line with its end. ``personal``: whether the records come with their personal values."""
    yield _line({"pgwarden_audit": FORMAT, "chain": chain, "exported_at": moment(at), "personal": personal})
    number, digest = 0, genesis(chain)
    async for record in records:
        number, digest = record.number, record.hash
        yield _line(record_to_dict(record))
    known = [checkpoint.to_dict() for checkpoint in checkpoints]
    yield _line({"end": {"number": number, "hash": digest}, "checkpoints": known})


def verify_lines(lines: Iterable[str], checkpoints: Sequence[Checkpoint] = ()) -> Verification:
    """Walk an export's chain, holding one line in memory. Raises ExportInvalid when the text is none at all."""
    numbered = enumerate(lines, 1)
    first = _first(numbered)
    check = ChainCheck(first["chain"], checkpoints, personal=first.get("personal") is not False)
    return check.end(_walk(check, numbered))


def checkpoints_in(lines: Iterable[str]) -> tuple[Checkpoint, ...]:
    """The checkpoints that an export carries at its end, well-formed ones, their signatures not looked at."""
    last = ""
    for line in lines:
        last = line
    value = _json(last)
    found = []
    for item in value.get("checkpoints", ()) if value else ():
        try:
            found.append(Checkpoint.from_dict(item))
        except CheckpointInvalid:
            continue
    return tuple(found)


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _walk(check: ChainCheck, lines: Iterable[tuple[int, str]]) -> AuditHead | None:
    """Show every entry to the check; where the file says that the chain ended."""
    end: AuditHead | None = None
    for position, line in lines:
        value = _json(line)
        if end is not None:
            check.note(FindingKind.INSERTED, 0, f"Line {position} stands after the end.")
        elif value and value.keys() == {"end", "checkpoints"}:
            end = _end(check.chain, value["end"])
        else:
            try:
                record = record_from_dict(value)
            except (ValueError, TypeError, OverflowError):
                check.note(FindingKind.UNREADABLE, 0, f"Line {position} is no entry.")
            else:
                check.see(record)
    return end


def _end(chain: str, value: object) -> AuditHead | None:
    """None for what is no end; an empty chain ends with its genesis."""
    if not isinstance(value, dict) or not isinstance(value.get("number"), int):
        return None
    return AuditHead(chain, value["number"], str(value.get("hash")))


def _first(lines: Iterator[tuple[int, str]]) -> dict[str, Any]:
    value = _json(next(lines, (1, ""))[1])
    if not value or value.get("pgwarden_audit") != FORMAT or not isinstance(value.get("chain"), str):
        raise ExportInvalid(
            "That is no export of the audit.",
            why="Its first line does not say so.",
            not_done="Nothing was verified.",
            next_step="Give a file that `pgwarden audit export` wrote.",
        )
    return value


def _json(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
