"""What somebody wants read, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.result import ReadLimits
from pgwarden.domain.ticket_approval import ApprovedRead


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """One read of a database by its registered name."""

    database: str
    sql: str
    parameters: Sequence[object] = ()
    identity: Identity
    limits: ReadLimits
    plan: bool = False
    """Whether what is expected of it is added to its statistics."""
    approved: ApprovedRead | None = None
    """The yes to exactly this read, where it shows sensitive values and that needs one."""
    question: str = ""
    """The words that it comes from, for the memory of what went wrong."""
    confirmed: bool = False
    """Whoever reads said that it shall run, however large it is expected to be."""

    @property
    def may_be_large(self) -> bool:
        """Whether its size was said yes to. Only people say so: agents and services do not confirm for themselves."""
        by_person = self.confirmed and self.identity.kind is IdentityKind.PERSON
        return by_person or self.approved is not None
