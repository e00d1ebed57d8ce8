"""The business section: what the policy knows about the tables, who is held up, whether going back would work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pgwarden.domain.business import BusinessImpact, BusinessTable
from pgwarden.domain.catalog import Name
from pgwarden.domain.impact import Archiving
from pgwarden.domain.quantity import duration
from pgwarden.domain.risk import RecoveryNeeds, RiskCase


def business(case: RiskCase) -> BusinessImpact:
    """The section for one case; empty parts where the policy and the server have nothing to say."""
    tables = tuple(table for name in case.names() if (table := _table(case, name)))
    return BusinessImpact(tables, tuple(disruptions(case)), tuple(dict.fromkeys(_recovery(case))))


def disruptions(case: RiskCase) -> Iterator[str]:
    """Who uses the changing tables, and how long their writers would wait."""
    impact = case.impact
    touched = {str(name) for name in case.names()}
    for use in impact.users:
        if use.table in touched and (use.blocks or use.waiting):
            yield str(use)
    busy = sorted({use.table for use in impact.users if use.table in touched and (use.writes or use.blocks)})
    if busy and impact.cost.seconds >= case.policy.long_lock_seconds:
        yield f"writers to {', '.join(busy)} would wait {duration(impact.cost.seconds)}, as far as can be estimated"


def unmet_needs(case: RiskCase) -> Iterator[str]:
    """What the policy needs of a recovery and the server, or the size of the change, does not give."""
    for name, needs in _needs(case):
        if needs.point_in_time and case.impact.archiving in (Archiving.OFF, Archiving.FAILING):
            yield f"{name} must be recoverable to any moment, but {_ARCHIVING[case.impact.archiving]}"
        recovery = case.impact.recovery
        if needs.back_within and recovery and timedelta(seconds=recovery.seconds) > needs.back_within:
            yield (
                f"{name} must be back within {_span(needs.back_within)};"
                f" taking the change back is estimated at {duration(recovery.seconds)}"
            )


_ARCHIVING = {
    Archiving.UNKNOWN: "whether the write-ahead log is kept elsewhere is not known",
    Archiving.OFF: "the server keeps its write-ahead log nowhere else",
    Archiving.STREAMED: "the write-ahead log is streamed to another server",
    Archiving.ON: "the server archives its write-ahead log",
    Archiving.FAILING: "the server fails to archive its write-ahead log",
}


def _table(case: RiskCase, name: Name) -> BusinessTable | None:
    tags = case.policy.tags(name)
    found = BusinessTable(
        str(name),
        any(tag.critical for tag in tags),
        any(tag.protected for tag in tags),
        tuple(dict.fromkeys(tag.owner for tag in tags if tag.owner)),
        tuple(dict.fromkeys(regulation for tag in tags for regulation in tag.regulations)),
        tuple(dict.fromkeys(tag.note for tag in tags if tag.note)),
    )
    return found if found != BusinessTable(str(name)) else None


def _recovery(case: RiskCase) -> Iterator[str]:
    for name, needs in _needs(case):
        parts = ["recoverable to any moment"] if needs.point_in_time else []
        parts += [f"at most {_span(needs.lose_at_most)} lost"] if needs.lose_at_most is not None else []
        parts += [f"back within {_span(needs.back_within)}"] if needs.back_within is not None else []
        if parts:
            yield f"{name} needs: {', '.join(parts)}; {_ARCHIVING[case.impact.archiving]}"
    if case.impact.rows > case.policy.high_rows:
        yield "a restore point before the change makes point-in-time recovery possible beside the undo"


def _needs(case: RiskCase) -> Iterator[tuple[Name, RecoveryNeeds]]:
    for name in case.names():
        for tag in case.policy.tags(name):
            if tag.recovery:
                yield name, tag.recovery


def _span(span: timedelta) -> str:
    return duration(span.total_seconds()) if span else "nothing"
