"""How entries of the audit and what a verification found look in a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pgwarden.cli.render import console, emit_json, hanging, one_line, simple_table
from pgwarden.domain.audit_checkpoint import key_name
from pgwarden.domain.audit_json import record_to_dict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgwarden.agents.audit_notary import Anchoring
    from pgwarden.domain.audit_chain import AuditRecord
    from pgwarden.domain.audit_verification import Verification

LONGEST = 60
"""Characters of a statement in a list."""


def show_entries(records: Sequence[AuditRecord], as_json: bool) -> None:
    if as_json:
        emit_json([record_to_dict(record) for record in records])
        return
    if not records:
        console().print("No entry is like that.")
        return
    heads = ("#", "when (UTC)", "who", "what", "outcome", "database", "about", "")
    console().print(simple_table(heads, [_cells(record) for record in records]))


def _cells(record: AuditRecord) -> tuple[object, ...]:
    entry = record.entry
    words = next((record.personal[name].value for name in ("statement", "question") if name in record.personal), "")
    line = one_line(words)
    return (
        record.number,
        f"{entry.at:%Y-%m-%d %H:%M:%S}",
        entry.actor,
        entry.action,
        entry.outcome.value,
        entry.database,
        entry.subject,
        line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…",
    )


def show_record(record: AuditRecord, as_json: bool) -> None:
    if as_json:
        emit_json(record_to_dict(record))
        return
    from rich.text import Text

    entry, out = record.entry, console()
    facts = {
        "entry": str(record.number),
        "when": entry.at.isoformat(),
        "who": entry.actor,
        "what": entry.action,
        "outcome": entry.outcome.value,
        "database": entry.database,
        "about": entry.subject,
        "from": entry.source,
        **{name: _text(value) for name, value in sorted(entry.details.items())},
        **{name: kept.value for name, kept in sorted(record.personal.items())},
        "erased": ", ".join(record.erased),
        "hash": record.hash,
        "previous": record.previous,
    }
    for name, value in facts.items():
        if value:
            out.print(hanging(Text(f"{name:<16}", style="dim"), Text(one_line(value))))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def show_verification(found: Verification, silent: Sequence[str], as_json: bool) -> None:
    """What was found; ``silent`` are the anchors that did not answer."""
    if as_json:
        emit_json(
            {
                "intact": found.intact,
                "chain": found.chain,
                "entries": found.entries,
                "last": found.last,
                "hash": found.hash,
                "covered": found.covered,
                "checkpoint": found.checkpoint.to_dict() if found.checkpoint else None,
                "erased_values": found.erased,
                "findings": found.findings,
                "finding_count": found.count,
                "silent_anchors": silent,
            }
        )
        return
    out = console()
    if found.intact:
        entries = "1 entry" if found.entries == 1 else f"{found.entries:,} entries"
        out.print(f"The audit is whole: {entries}, the last is number {found.last:,}.", style="green")
    else:
        out.print(f"The audit is not what was written: findings: {found.count:,}.", style="bold red")
        for finding in found.findings:
            out.print(f"  {finding.kind.value:<11} {one_line(finding.what)}", markup=False)
        if found.count > len(found.findings):
            out.print(f"  and {found.count - len(found.findings):,} more")
    for line in _coverage(found):
        out.print(line, markup=False)
    if found.erased:
        out.print(f"{found.erased:,} personal values were erased; what the chain holds of them is right.", markup=False)
    for anchor in silent:
        out.print(f"No answer from the anchor {anchor}", style="yellow", markup=False)


def _coverage(found: Verification) -> list[str]:
    """Plainly: what is proved, and what rests on trust alone."""
    if found.checkpoint is None:
        if not found.intact:
            return []
        return [
            "No checkpoint was compared. Whoever owns the control database could have made all of it anew: keep",
            "checkpoints elsewhere (pgwarden audit checkpoint) and give one with --against.",
        ]
    signed = found.checkpoint
    lines = [
        (
            f"Entries 1-{found.covered:,} are as the checkpoint of {signed.at:%Y-%m-%d %H:%M} UTC "
            f"(key {key_name(signed.public_key)}) signed them."
        )
    ]
    if found.last > found.covered:
        lines.append(
            f"Entries {found.covered + 1:,}-{found.last:,} came after it and are only as safe as the control "
            "database's owner."
        )
    return lines


def show_anchoring(made: Anchoring, as_json: bool) -> None:
    checkpoint = made.checkpoint
    if as_json:
        emit_json({"checkpoint": checkpoint.to_dict(), "anchors": made.anchors, "failed": dict(made.failures)})
        return
    out = console()
    out.print(f"Entry {checkpoint.number:,} is signed with the key {key_name(checkpoint.public_key)}:", markup=False)
    out.print(f"  {checkpoint.hash}", markup=False)
    for name in made.anchors:
        out.print(f"  kept at {name}", markup=False)
    for name, why in made.failures:
        out.print(f"  not kept at {name}: {why}", style="red", markup=False)
    if not made.anchors:
        out.print("No anchor keeps it: set audit_anchors (docs/audit.md).", style="yellow")
