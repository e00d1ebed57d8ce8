"""What the memory gives, by the type of context that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.feedback import Example, Feedback
from pgwarden.domain.question import Reading
from pgwarden.domain.remembered import Patterns
from pgwarden.domain.trouble import Trouble


class ContextType(StrEnum):
    """The four memories."""

    SESSION = "session"
    SCHEMA = "schema"
    USER = "user"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class UserContext:
    """What is known of one person on one database."""

    preferences: Mapping[str, str]
    """Those that were set."""
    examples: tuple[Example, ...]
    """Questions with the SQL that this person vouched for."""
    corrections: tuple[Feedback, ...]
    """Answers that this person called wrong, and what they should have been."""
    patterns: Patterns
    """Of the last thirty days."""


Context = tuple[Reading, ...] | Catalog | UserContext | tuple[Trouble, ...]
"""Of a session the readings, oldest first; the structure; the person; what went wrong with statements before."""
