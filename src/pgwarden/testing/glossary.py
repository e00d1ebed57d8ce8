"""The words of a database, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.glossary import Term, term_key


class MemoryGlossaryStore:
    """``ports.GlossaryStore``."""

    def __init__(self) -> None:
        self._terms: dict[tuple[str, str], Term] = {}

    async def save(self, database: str, term: Term, *, audit: Sequence[AuditEntry] = ()) -> None:  # noqa: ARG002 - kept with the change in a real store
        self._terms[database, term.key] = term

    async def of(self, database: str) -> tuple[Term, ...]:
        own = (term for (owner, _), term in self._terms.items() if owner == database)
        return tuple(sorted(own, key=lambda term: term.key))

    async def delete(self, database: str, term: str, *, audit: Sequence[AuditEntry] = ()) -> bool:  # noqa: ARG002
        return self._terms.pop((database, term_key(term)), None) is not None
