"""Audit entries as JSON objects: one line of an export, one element of a listing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.audit_chain import AuditRecord, PersonalValue, content_of


def record_to_dict(record: AuditRecord) -> dict[str, Any]:
    """Everything the hash covers, the hash, and the personal values with the salts that open their commitments."""
    return {
        **content_of(record),
        "hash": record.hash,
        "personal": {name: {"value": kept.value, "salt": kept.salt} for name, kept in record.personal.items()},
    }


def record_from_dict(value: object) -> AuditRecord:
    """The same record. ValueError when a part is missing, of another type, or there is one too many."""
    if not isinstance(value, Mapping) or value.keys() != _PARTS:
        raise ValueError("an entry has other parts")
    for name in _TEXTS:
        _require(value[name], str)
    _require(value["number"], int)
    entry = AuditEntry(
        action=value["action"],
        actor=value["actor"],
        at=datetime.fromisoformat(value["at"]),
        outcome=Outcome(value["outcome"]),
        database=value["database"],
        subject=value["subject"],
        source=value["source"],
        details=_object(value["details"]),
    )
    personal = {name: _personal(kept) for name, kept in _object(value["personal"]).items()}
    commitments = _object(value["commitments"])
    return AuditRecord(value["number"], value["previous"], value["hash"], entry, commitments, personal)


_TEXTS = ("previous", "at", "action", "actor", "outcome", "database", "subject", "source", "hash")
_PARTS = {*_TEXTS, "number", "details", "commitments", "personal"}


def _personal(value: object) -> PersonalValue:
    parts = _object(value)
    if parts.keys() != {"value", "salt"}:
        raise ValueError("a personal value has other parts")
    _require(parts["value"], str)
    bytes.fromhex(parts["salt"])
    return PersonalValue(parts["value"], parts["salt"])


def _object(value: object) -> Mapping[str, Any]:
    _require(value, dict)
    assert isinstance(value, dict), "just seen"
    return value


def _require(value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise ValueError(f"a {kind.__name__} is expected")
