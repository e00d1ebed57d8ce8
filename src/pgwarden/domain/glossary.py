"""What a team's own words mean on one database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.storable import require_storable, require_zone


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase and its meaning, in words or as a SQL expression."""

    term: str
    meaning: str
    author: str
    """``Identity.name`` of who wrote it."""
    at: datetime

    def __post_init__(self) -> None:
        require_storable("term", self.term, most=200)
        require_storable("meaning", self.meaning, most=10_000)
        require_zone(self.at)
        if not self.key or not self.meaning.strip():
            raise InputInvalid(
                "A glossary entry needs a term and a meaning.", not_done="Nothing was stored.", next_step="Give both."
            )

    @property
    def key(self) -> str:
        """What makes two terms the same: letter case and spacing do not count."""
        return term_key(self.term)


def term_key(term: str) -> str:
    """The form under which a term is found again."""
    return " ".join(term.split()).casefold()
