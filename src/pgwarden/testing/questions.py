"""Saved questions, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import AlreadyExists, ChangedMeanwhile, UnknownQuestion
from pgwarden.domain.job import Job
from pgwarden.domain.saved_question import SavedQuestion


class MemoryQuestionStore:
    """``ports.QuestionStore``."""

    def __init__(self) -> None:
        self._questions: dict[str, SavedQuestion] = {}
        self._delivered: set[tuple[str, datetime, str]] = set()
        self.jobs: list[Job] = []
        """What was queued."""

    async def add(self, question: SavedQuestion, *, audit: Sequence[AuditEntry] = ()) -> None:  # noqa: ARG002
        if question.id in self._questions:
            raise AlreadyExists("A question of that id exists.")
        self._require_name(question)
        self._questions[question.id] = question

    async def replace(
        self,
        question: SavedQuestion,
        *,
        jobs: Sequence[Job] = (),
        audit: Sequence[AuditEntry] = (),  # noqa: ARG002
    ) -> SavedQuestion:
        kept = self._questions.get(question.id)
        if kept is None or kept.revision != question.revision:
            raise ChangedMeanwhile("It is another one by now.")
        self._require_name(question)
        self._questions[question.id] = replace(question, revision=question.revision + 1)
        self.jobs += jobs
        return self._questions[question.id]

    async def get(self, question_id: str) -> SavedQuestion:
        if question_id not in self._questions:
            raise UnknownQuestion("There is no such question.")
        return self._questions[question_id]

    async def find(
        self, owner: str, shares: Sequence[str] = (), *, text: str = "", limit: int = 100
    ) -> tuple[SavedQuestion, ...]:
        found = [
            each
            for each in sorted(self._questions.values(), key=lambda each: each.id)
            if each.open_to(owner, shares) and text.lower() in f"{each.name}\n{each.question}\n{each.sql}".lower()
        ]
        return tuple(sorted(found, key=lambda each: each.changed_at, reverse=True)[:limit])

    async def remove(self, question_id: str, *, audit: Sequence[AuditEntry] = ()) -> None:  # noqa: ARG002
        await self.get(question_id)
        del self._questions[question_id]

    async def delivered(self, question_id: str, due: datetime) -> frozenset[str]:
        return frozenset(person for question, at, person in self._delivered if (question, at) == (question_id, due))

    async def deliver(
        self,
        question_id: str,
        due: datetime,
        person: str,
        at: datetime,  # noqa: ARG002 - kept by the real one
        *,
        audit: Sequence[AuditEntry] = (),  # noqa: ARG002 - kept by the real one
    ) -> bool:
        noted = question_id in self._questions and (question_id, due, person) not in self._delivered
        self._delivered |= {(question_id, due, person)} if noted else set()
        return noted

    def _require_name(self, question: SavedQuestion) -> None:
        others = (each for each in self._questions.values() if each.id != question.id)
        if any((each.owner, each.name) == (question.owner, question.name) for each in others):
            raise AlreadyExists("There is one of that name.")
