"""How audit entries hang together: each is hashed over its own content and the hash of the one before.

The hash of an entry is the SHA-256 of ``canonical_json(content_of(record))``. Personal values are not in it, but an
HMAC-SHA256 of each under a salt of its own: without the salt a commitment tells nothing, not even to who guesses.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.canonical_json import canonical_json

SALT_BYTES = 32
LONGEST_VALUE = 100_000
"""Characters of one personal value, such as a statement; what is longer is cut and says so."""


@dataclass(frozen=True, slots=True)
class PersonalValue:
    """A value beside the chain, with the salt that opens its commitment."""

    value: str
    salt: str
    """Hexadecimal."""

    @property
    def commitment(self) -> str:
        """Hexadecimal HMAC-SHA256 of the value under its salt."""
        return hmac.digest(bytes.fromhex(self.salt), self.value.encode(), "sha256").hex()


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry in its place in the chain. ``entry.personal`` is empty here: see ``personal`` and ``commitments``."""

    number: int
    previous: str
    """Hash of the entry before, hexadecimal; for the first ``genesis(chain)``."""
    hash: str
    entry: AuditEntry
    commitments: Mapping[str, str] = field(default_factory=dict)
    """Commitment of each personal value, by its name."""
    personal: Mapping[str, PersonalValue] = field(default_factory=dict)
    """What has not been erased of them."""

    @property
    def erased(self) -> tuple[str, ...]:
        """Names of the personal values that are gone."""
        return tuple(sorted(self.commitments.keys() - self.personal.keys()))


@dataclass(frozen=True, slots=True)
class AuditHead:
    """Where a chain ends. ``number`` 0 and the genesis hash: it is empty."""

    chain: str
    """Its id, drawn when the control database was made."""
    number: int
    hash: str


def genesis(chain: str) -> str:
    """What stands before the first entry: no two chains begin alike."""
    return hashlib.sha256(f"pgwarden audit {chain}".encode()).hexdigest()


def content_of(record: AuditRecord) -> dict[str, Any]:
    """All that the hash covers, as JSON values."""
    entry = record.entry
    return {
        "number": record.number,
        "previous": record.previous,
        "at": moment(entry.at),
        "action": entry.action,
        "actor": entry.actor,
        "outcome": entry.outcome.value,
        "database": entry.database,
        "subject": entry.subject,
        "source": entry.source,
        "details": entry.details,
        "commitments": record.commitments,
    }


def hash_of(record: AuditRecord) -> str:
    """The SHA-256 of its content, hexadecimal. ValueError when that is no JSON."""
    return hashlib.sha256(canonical_json(content_of(record)).encode()).hexdigest()


def moment(at: datetime) -> str:
    """A moment as the chain writes it: UTC, microseconds. ValueError without a time zone."""
    if at.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def require_chainable(entry: AuditEntry) -> None:
    """ValueError when the details are no JSON values or the moment has no time zone."""
    moment(entry.at)
    canonical_json(_storable_object(entry.details))


def prepared(entry: AuditEntry, draw: Callable[[int], bytes]) -> AuditRecord:
    """An entry ready for its place: text storable, values committed to. ``draw`` gives random bytes.

    ValueError when the details are no JSON values or a moment has no time zone: better found before any lock.
    """
    personal = {
        storable(name): PersonalValue(_cut(storable(value)), draw(SALT_BYTES).hex())
        for name, value in entry.personal.items()
    }
    clean = AuditEntry(
        action=storable(entry.action),
        actor=storable(entry.actor),
        at=entry.at,
        outcome=Outcome(entry.outcome),
        database=storable(entry.database),
        subject=storable(entry.subject),
        source=storable(entry.source),
        details=_storable_object(entry.details),
    )
    moment(clean.at)
    canonical_json(clean.details)  # all else that the hash covers is text, and storable
    return AuditRecord(0, "", "", clean, {name: value.commitment for name, value in personal.items()}, personal)


def chained(head: AuditHead, records: Iterable[AuditRecord]) -> tuple[AuditRecord, ...]:
    """The prepared records behind the head, in order."""
    placed = []
    number, previous = head.number, head.hash
    for record in records:
        number += 1
        unhashed = replace(record, number=number, previous=previous)
        previous = hash_of(unhashed)
        placed.append(replace(unhashed, hash=previous))
    return tuple(placed)


def storable(text: str) -> str:
    """The text as PostgreSQL can hold it: NUL and halves of surrogate pairs become U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _storable_object(values: Mapping[str, Any]) -> dict[str, Any]:
    return {storable(name): _storable_value(value) for name, value in values.items()}


def _storable_value(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return _storable_object(value)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return [_storable_value(item) for item in value]
    return value


def _cut(value: str) -> str:
    if len(value) <= LONGEST_VALUE:
        return value
    return f"{value[:LONGEST_VALUE]}… ({len(value):,} characters in all)"
