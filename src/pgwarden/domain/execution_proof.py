"""The proof of an execution, laid out: what was predicted, approved, counted and captured of each table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgwarden.domain.approval import Expectation, Tolerance
from pgwarden.domain.execution import Execution, RowCounts
from pgwarden.domain.quantity import counted
from pgwarden.domain.recovery import TableProof
from pgwarden.domain.request import Request

KINDS = ("inserted", "updated", "deleted")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the analysis said of one kind of operation on one table."""

    rows: int
    basis: str
    """``exact``, ``rehearsed``, ``sampled``, ``estimated`` or ``unknown``."""
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class ProofLine:
    """One table. None: it is not known, such as where the ticket is kept elsewhere or the images are gone."""

    table: str
    predicted: Mapping[str, Prediction] | None
    approved: RowCounts | None
    any_number: bool
    """Whether any number was approved, since it was said to be unknown."""
    counted: RowCounts
    """Operations, by PostgreSQL's own counters inside the transaction."""
    captured: RowCounts | None
    """Images that are kept, counted now."""
    agrees: bool
    words: tuple[str, ...]
    """Every step in words, with what does not agree."""


@dataclass(frozen=True, slots=True)
class ExecutionProof:
    """All tables of an execution; of an undo also whether the state before is back."""

    lines: tuple[ProofLine, ...]
    mirrored: bool | None = None
    """Of an undo: whether it put back all that it had to. None where it is no undo, or nobody can tell any more."""
    left: int = 0
    """Of an undo: rows that it left alone, as was approved."""
    changed_since: int | None = None
    """Of what the undo put back: rows that others changed since. None where nobody looked."""

    @property
    def agrees(self) -> bool:
        return all(line.agrees for line in self.lines)


def proof_of(
    execution: Execution, tables: Sequence[TableProof], request: Request | None, *, changed_since: int | None = None
) -> ExecutionProof:
    """The proof of an execution. ``request``: what was approved, where this pgwarden has its ticket."""
    found = {each.table: each for each in tables}
    lines = tuple(
        _line(table, counts, found.get(table), request) for table, counts in _touched(execution, request).items()
    )
    missing = [each.unmirrored for each in tables]
    known = execution.undoes is not None and None not in missing
    mirrored = sum(filter(None, missing)) <= execution.skipped if known else None
    return ExecutionProof(lines, mirrored, execution.skipped, changed_since)


def _touched(execution: Execution, request: Request | None) -> dict[str, RowCounts]:
    """Every table that was touched, or was to be."""
    counts = {name: counts for name, counts in execution.counts.items() if counts.total}
    wanted = [each.name for each in request.expectations if each.counts and each.counts.total] if request else []
    return {**counts, **{name: RowCounts() for name in wanted if name not in counts}}


def _line(table: str, counts: RowCounts, proof: TableProof | None, request: Request | None) -> ProofLine:
    expectation = _expectation(table, request)
    tolerance = request.tolerance if request else Tolerance()
    taken_back = request.undo.execution_id if request and request.undo else ""
    approval = (
        (True, f"{said(counts)}, to take back what {taken_back} did.")
        if taken_back
        else _against_approval(counts, proof, expectation, tolerance)
    )
    steps = [approval, _against_images(counts, proof)]
    captured = None
    if proof and proof.images:
        images = proof.images
        captured = RowCounts(images.inserted, min(images.before, images.after), images.deleted)
    return ProofLine(
        table,
        _predicted(table, request),
        expectation.counts if expectation else None,
        any_number=expectation is not None and expectation.counts is None,
        counted=counts,
        captured=captured,
        agrees=all(fine for fine, _ in steps),
        words=tuple(words for _, words in steps),
    )


def _expectation(table: str, request: Request | None) -> Expectation | None:
    """What was approved for a table; of one that nobody spoke of, that nothing happens to it."""
    if request is None or not request.expectations:
        return None
    named = (each for each in request.expectations if each.name == table)
    return next(named, Expectation(0, table, RowCounts()))


def _against_approval(
    counts: RowCounts, proof: TableProof | None, expectation: Expectation | None, tolerance: Tolerance
) -> tuple[bool, str]:
    if expectation is None:
        return True, "The numbers that were approved are not known here."
    if expectation.counts is None:
        return True, f"{said(counts)}; any number was approved, since it could not be foretold."
    if expectation.accepts(counts, tolerance):
        exact = expectation.counts == counts
        return True, f"{said(counts)}, {'exactly as' if exact else 'within what'} was approved."
    if proof and proof.rows and expectation.accepts(proof.rows, tolerance):
        return True, f"{said(counts)}, of {said(proof.rows)} as was approved: some rows were touched more than once."
    return False, f"{said(counts)}, but approved was: {said(expectation.counts)}."


def _against_images(counts: RowCounts, proof: TableProof | None) -> tuple[bool, str]:
    if proof is None:
        return counts.total == 0, "No image was kept."
    if proof.images is None:
        return True, f"The images were complete when it was committed, and are gone now: {proof.gone}."
    if proof.images.complete(counts):
        return True, f"Each of them is kept: {counted(counts.images, 'row image')}."
    i = proof.images
    updated = f"{i.before:,} before and {i.after:,} after an update"
    return False, f"Kept are only images of {i.inserted:,} inserted, {i.deleted:,} deleted, {updated}."


def said(counts: RowCounts) -> str:
    """``3 updated, 2 deleted``."""
    return ", ".join(f"{getattr(counts, kind):,} {kind}" for kind in KINDS if getattr(counts, kind)) or "nothing"


def _predicted(table: str, request: Request | None) -> Mapping[str, Prediction] | None:
    impact: Mapping[str, Any] = (request.assessment.get("impact") if request else None) or {}
    for each in impact.get("tables", ()):
        if each["table"] == table:
            return {kind: Prediction(**each[kind]) for kind in KINDS}
    return None
