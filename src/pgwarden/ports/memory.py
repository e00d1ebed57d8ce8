"""What was said, what people thought of it, and what a team's words mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.feedback import Example, Feedback
from pgwarden.domain.glossary import Term
from pgwarden.domain.session import Session, Turn
from pgwarden.domain.trouble import Occurrence, Trouble


class SessionStore(Protocol):
    """Conversations. Every call names the identity; another one's session is as unknown as none (UnknownSession)."""

    async def open(self, session: Session) -> None:
        """Keep a new session. AlreadyExists when this identity has one with that id."""
        ...

    async def get(self, session_id: str, *, identity: str) -> Session: ...

    async def of(self, identity: str, *, limit: int = 50) -> tuple[Session, ...]:
        """This identity's sessions, last used first."""
        ...

    async def add_turn(self, session_id: str, turn: Turn, *, identity: str) -> None:
        """Append a turn and forget the oldest beyond TURNS_KEPT. AlreadyExists when the turn's id is taken."""
        ...

    async def turns(self, session_id: str, *, identity: str) -> tuple[Turn, ...]:
        """What is remembered, oldest first."""
        ...

    async def turn(self, turn_id: str, *, identity: str) -> Turn | None:
        """One turn of this identity's sessions, while it is remembered."""
        ...

    async def history(self, identity: str, *, text: str = "", limit: int = 100) -> tuple[Turn, ...]:
        """This identity's turns of all sessions in whose question or SQL the text stands, newest first."""
        ...

    async def delete(self, session_id: str, *, identity: str) -> None:
        """Forget a session and its turns."""
        ...

    async def delete_all(self, identity: str) -> int:
        """Forget everything this identity said; how many sessions that were."""
        ...


class FeedbackStore(Protocol):
    """Judgements on answers."""

    async def save(self, feedback: Feedback) -> None:
        """Keep it; one identity's earlier judgement on the same question is replaced."""
        ...

    async def get(self, question_id: str, *, identity: str) -> Feedback | None: ...

    async def of(self, database: str, *, limit: int = 1000) -> tuple[Feedback, ...]:
        """Judgements on one target, newest first."""
        ...

    async def by(self, identity: str) -> tuple[Feedback, ...]:
        """Every judgement of this identity, newest first."""
        ...

    async def examples(self, database: str, *, identity: str | None = None, limit: int = 1000) -> tuple[Example, ...]:
        """Question and SQL pairs that people vouched for, newest first; with ``identity`` only that one's."""
        ...

    async def delete(self, question_id: str, *, identity: str) -> bool: ...

    async def delete_all(self, identity: str) -> int:
        """Forget every judgement of this identity; how many that were."""
        ...


class GlossaryStore(Protocol):
    """A team's own words, per target."""

    async def save(self, database: str, term: Term, *, audit: Sequence[AuditEntry] = ()) -> None:
        """Keep it; the same term (``Term.key``) is replaced."""
        ...

    async def of(self, database: str) -> tuple[Term, ...]:
        """All terms of a target in the order of ``Term.key``."""
        ...

    async def delete(self, database: str, term: str, *, audit: Sequence[AuditEntry] = ()) -> bool:
        """Forget a term; False, and no entry, when there is none."""
        ...


class PreferenceStore(Protocol):
    """How people like answers: names and values as text, by identity."""

    async def of(self, identity: str) -> Mapping[str, str]:
        """What this identity set."""
        ...

    async def change(
        self, identity: str, changes: Mapping[str, str | None], at: datetime, *, audit: Sequence[AuditEntry] = ()
    ) -> None:
        """Set these and, where the value is None, unset them; all or none."""
        ...

    async def delete_all(self, identity: str) -> int:
        """Unset everything; how many that were."""
        ...


class TroubleStore(Protocol):
    """Forms of statements that were slow or failed, shared by everybody."""

    async def note(self, happened: Occurrence, *, before: datetime, kept: int) -> None:
        """Count it. What last happened before that moment, and what is beyond so many of a database, is forgotten."""
        ...

    async def of_statement(self, database: str, pattern: str, question: str) -> tuple[Trouble, ...]:
        """Those with this pattern, and those from this question (its hash, '' for none), the newest first."""
        ...

    async def all(self, database: str | None = None, *, limit: int = 100) -> tuple[Trouble, ...]:
        """The most frequent first."""
        ...

    async def remedy(self, trouble: Trouble, helped: str, at: datetime) -> None:
        """Keep what helped."""
        ...
