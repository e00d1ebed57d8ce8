"""Questions that people keep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.job import Job
from pgwarden.domain.person import Person
from pgwarden.domain.question_mail import Mail
from pgwarden.domain.saved_question import SavedQuestion


class QuestionStore(Protocol):
    """Saved questions. Each writing call is one transaction: the question, then jobs, then audit entries."""

    async def add(self, question: SavedQuestion, *, audit: Sequence[AuditEntry] = ()) -> None:
        """Keep a new one. AlreadyExists when its owner has one of that name, or the id is taken."""
        ...

    async def replace(
        self, question: SavedQuestion, *, jobs: Sequence[Job] = (), audit: Sequence[AuditEntry] = ()
    ) -> SavedQuestion:
        """Keep it in place of the same revision; what is kept now, with the next one.

        ChangedMeanwhile when it is another revision, or gone; AlreadyExists when its owner has one of that name.
        """
        ...

    async def get(self, question_id: str) -> SavedQuestion:
        """UnknownQuestion."""
        ...

    async def find(
        self, owner: str, shares: Sequence[str] = (), *, text: str = "", limit: int = 100
    ) -> tuple[SavedQuestion, ...]:
        """The owner's, and those shared with one of these, in which the text stands; last changed first."""
        ...

    async def remove(self, question_id: str, *, audit: Sequence[AuditEntry] = ()) -> None:
        """Forget it. UnknownQuestion."""
        ...

    async def delivered(self, question_id: str, due: datetime) -> frozenset[str]:
        """To whom the run of that moment was sent."""
        ...

    async def deliver(
        self, question_id: str, due: datetime, person: str, at: datetime, *, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        """Note that it was sent; False, and no entry, when that is noted already or the question is gone."""
        ...


class Mailer(Protocol):
    """Sends a mail that is no notification. DeliveryFailed: try again later. DeliveryRefused: it will never go."""

    async def send(self, person: Person, mail: Mail) -> None: ...
