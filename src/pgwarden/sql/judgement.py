"""What was found behind one thing that a statement uses: a function, a type, a relation."""

from __future__ import annotations

from dataclasses import dataclass, field

from pgwarden.domain.statement import Reason


@dataclass(frozen=True, slots=True)
class Judgement:
    """The same parts as a verdict's, to be merged into it. ``reasons`` are grounds for refusal."""

    reasons: tuple[Reason, ...] = ()
    reads: frozenset[int] = field(default_factory=frozenset)
    functions: frozenset[int] = field(default_factory=frozenset)
    conditions: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    stable: bool = True
    opaque: bool = False
    """Whether it uses its arguments in ways that were not looked into."""
    returns: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    """(relation oid, attnum) of columns whose values a function can hand back."""


CLEAN = Judgement()


def refused(code: str, message: str, hint: str = "") -> Judgement:
    return Judgement((Reason(code, message, None, hint),), stable=False)


def joined(parts: list[Judgement]) -> Judgement:
    """All of them together; CLEAN itself where each one is."""
    parts = [part for part in parts if part is not CLEAN]
    if not parts:
        return CLEAN
    if len(parts) == 1:
        return parts[0]
    nothing: frozenset[int] = frozenset()
    columns: frozenset[tuple[int, int]] = frozenset()
    return Judgement(
        tuple(dict.fromkeys(reason for part in parts for reason in part.reasons)),
        nothing.union(*(part.reads for part in parts)),
        nothing.union(*(part.functions for part in parts)),
        columns.union(*(part.conditions for part in parts)),
        all(part.stable for part in parts),
        any(part.opaque for part in parts),
        columns.union(*(part.returns for part in parts)),
    )
