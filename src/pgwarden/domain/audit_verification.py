"""Walking the audit's chain, entry by entry, to find what was done to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pgwarden.domain.audit_chain import AuditHead, AuditRecord, genesis, hash_of
from pgwarden.domain.audit_checkpoint import Checkpoint
from pgwarden.domain.audit_filter import spans

ERASED = "audit.erased"
"""The action of an erasure; its details name the ``entries`` that lost values."""
MOST_FINDINGS = 50
"""Findings that are told in words; beyond that they are only counted."""


class FindingKind(StrEnum):
    """What was done."""

    REWRITTEN = "rewritten"
    REORDERED = "reordered"
    DELETED = "deleted"
    INSERTED = "inserted"
    TRUNCATED = "truncated"
    FORGED = "forged"
    """The chain fits together, but it is not the one that was signed."""
    UNREADABLE = "unreadable"
    UNGUARDED = "unguarded"
    """The chain may be whole, but what keeps people from changing it is gone."""


@dataclass(frozen=True, slots=True)
class Finding:
    """``number``: the entry where it shows; 0 where it is about none."""

    kind: FindingKind
    number: int
    what: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What walking the whole chain came to."""

    chain: str
    entries: int
    last: int
    """Number of the last entry."""
    hash: str
    findings: tuple[Finding, ...]
    count: int
    """Of all findings, those that are not told included."""
    covered: int
    """Entries up to this number are as a checkpoint signed them; 0 where none was given, or none fits."""
    checkpoint: Checkpoint | None = None
    """The one that covers them."""
    erased: int = 0
    """Personal values that were erased."""

    @property
    def intact(self) -> bool:
        return self.count == 0


class ChainCheck:
    """Sees every record of a chain from the first on, then the end. Holds one record at a time."""

    def __init__(self, chain: str, checkpoints: Sequence[Checkpoint] = (), *, personal: bool = True) -> None:
        """The checkpoints' signatures were found to hold, and their keys are trusted.

        ``personal=False``: the records come without their personal values, so that none can be missed.
        """
        self._chain = chain
        self._checkpoints = sorted((p for p in checkpoints if p.chain == chain), key=lambda point: point.number)
        self._signed = {point.number for point in self._checkpoints}
        self._findings: list[Finding] = []
        self._count = self._entries = self._erased = 0
        self._last = AuditHead(chain, 0, genesis(chain))
        self._covering: Checkpoint | None = None
        self._expects_values = personal
        self._without_value: set[int] = set()
        """Entries that lack a personal value."""
        self._erasures: list[tuple[int, int]] = []
        for point in checkpoints:
            if point.chain != chain:
                self.note(FindingKind.FORGED, 0, f"The checkpoint is of another chain, {point.chain}.")
        self._compare(self._last)

    @property
    def chain(self) -> str:
        return self._chain

    def see(self, record: AuditRecord) -> None:
        """The next record, as it stands there."""
        self._entries += 1
        self._place(record)
        if not _hash_fits(record):
            what = f"Entry {record.number} is not what was written: its hash differs."
            self.note(FindingKind.REWRITTEN, record.number, what)
        self._personal(record)
        self._last = AuditHead(self._chain, record.number, record.hash)
        self._compare(self._last)

    def end(self, head: AuditHead | None) -> Verification:
        """No record is left; ``head`` is where the chain says that it ends, None where nothing says so."""
        last = self._last
        if head is None:
            self.note(FindingKind.TRUNCATED, last.number, f"After entry {last.number} the end of the chain is missing.")
        elif head.chain != self._chain:
            self.note(FindingKind.FORGED, 0, f"The end is of another chain, {head.chain}.")
        elif head.number > last.number:
            missing = _entries(last.number + 1, head.number)
            self.note(FindingKind.TRUNCATED, head.number, f"{missing} at the end of the chain: deleted.")
        elif head != last:
            self.note(
                FindingKind.REWRITTEN, last.number, f"The chain was left at entry {head.number} with another hash."
            )
        for number in sorted(self._without_value):
            if not any(first <= number <= final for first, final in self._erasures):
                what = f"A personal value of entry {number} is gone, and no erasure says so."
                self.note(FindingKind.DELETED, number, what)
        for point in self._checkpoints:
            if point.number > last.number:
                self.note(
                    FindingKind.TRUNCATED,
                    point.number,
                    f"The checkpoint of {point.at:%Y-%m-%d %H:%M} signed entry {point.number}, but the chain ends at "
                    f"{last.number}.",
                )
        return Verification(
            self._chain,
            self._entries,
            last.number,
            last.hash,
            tuple(self._findings),
            self._count,
            self._covering.number if self._covering else 0,
            self._covering,
            self._erased,
        )

    def note(self, kind: FindingKind, number: int, what: str) -> None:
        """Something that was found elsewhere, such as a trigger that is off."""
        self._count += 1
        if len(self._findings) < MOST_FINDINGS:
            self._findings.append(Finding(kind, number, what))

    def _place(self, record: AuditRecord) -> None:
        expected = self._last.number + 1
        if record.number > expected:
            missing = _entries(expected, record.number - 1)
            self.note(FindingKind.DELETED, record.number, f"{missing} before entry {record.number}: deleted.")
        elif record.number == self._last.number:
            self.note(FindingKind.INSERTED, record.number, f"A second entry {record.number} stands there.")
        elif record.number < expected:
            self.note(
                FindingKind.REORDERED, record.number, f"Entry {record.number} stands after entry {self._last.number}."
            )
        elif record.previous != self._last.hash:
            self.note(
                FindingKind.REORDERED,
                record.number,
                f"Entry {record.number} was not written after the entry that stands before it.",
            )

    def _personal(self, record: AuditRecord) -> None:
        for name, kept in record.personal.items():
            promised = record.commitments.get(name)
            if promised is None:
                what = f"Entry {record.number} never had a value {name!r}; one is there."
                self.note(FindingKind.INSERTED, record.number, what)
            elif promised != kept.commitment:
                self.note(
                    FindingKind.REWRITTEN, record.number, f"The value {name!r} of entry {record.number} was changed."
                )
        if self._expects_values and record.erased:
            self._erased += len(record.erased)
            self._without_value.add(record.number)
        if record.entry.action == ERASED:
            self._erasures += spans(str(record.entry.details.get("entries", "")))

    def _compare(self, seen: AuditHead) -> None:
        if seen.number not in self._signed:
            return
        points = [point for point in self._checkpoints if point.number == seen.number]
        for point in points:
            self._compare_with(point, seen)

    def _compare_with(self, point: Checkpoint, seen: AuditHead) -> None:
        if point.hash != seen.hash:
            self.note(
                FindingKind.FORGED,
                seen.number,
                f"Entry {seen.number} is not the one that the checkpoint of {point.at:%Y-%m-%d %H:%M} signed: "
                "it or entries before it were replaced.",
            )
        elif self._count == 0:
            self._covering = point


def _hash_fits(record: AuditRecord) -> bool:
    try:
        return hash_of(record) == record.hash
    except (ValueError, OverflowError):
        return False


def _entries(first: int, last: int) -> str:
    return f"Entry {first} is missing" if first == last else f"Entries {first}-{last} are missing"
