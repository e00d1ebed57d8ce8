"""Saved questions in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from psycopg.errors import UniqueViolation

from pgwarden.adapters.jobs.queue import defer
from pgwarden.adapters.postgres.control.audit_append import append_entries
from pgwarden.adapters.postgres.control.connection import OLDEST_MAJOR, Pool, selected, transaction
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import AlreadyExists, ChangedMeanwhile, UnknownQuestion
from pgwarden.domain.job import Job
from pgwarden.domain.saved_question import SavedQuestion
from pgwarden.domain.stored import from_stored, to_stored


class PostgresQuestionStore:
    """``ports.QuestionStore``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, question: SavedQuestion, *, audit: Sequence[AuditEntry] = ()) -> None:
        async with transaction(self._pool) as connection:
            if not (await connection.execute(question_sql("add_question"), _row(question))).rowcount:
                raise _name_taken(question)
            await append_entries(connection, audit)

    async def replace(
        self, question: SavedQuestion, *, jobs: Sequence[Job] = (), audit: Sequence[AuditEntry] = ()
    ) -> SavedQuestion:
        after = replace(question, revision=question.revision + 1)
        async with transaction(self._pool) as connection:
            try:
                done = (await connection.execute(question_sql("replace_question"), _row(after))).rowcount
            except UniqueViolation:
                raise _name_taken(question) from None
            if not done:
                raise ChangedMeanwhile(
                    f"The question {question.name!r} is no longer as it was shown.",
                    why="It was changed or removed in the meantime.",
                    not_done="Nothing was changed.",
                    next_step="Look at it again.",
                )
            await defer(connection, jobs)
            await append_entries(connection, audit)
        return after

    async def get(self, question_id: str) -> SavedQuestion:
        for (content,) in await selected(self._pool, question_sql("question"), {"id": question_id}):
            return _question(content)
        raise unknown_question()

    async def find(
        self, owner: str, shares: Sequence[str] = (), *, text: str = "", limit: int = 100
    ) -> tuple[SavedQuestion, ...]:
        wanted = {"owner": owner, "shares": list(shares), "text": text.lower(), "limit": limit}
        return tuple(
            _question(content) for (content,) in await selected(self._pool, question_sql("find_questions"), wanted)
        )

    async def remove(self, question_id: str, *, audit: Sequence[AuditEntry] = ()) -> None:
        async with transaction(self._pool) as connection:
            if not (await connection.execute(question_sql("remove_question"), {"id": question_id})).rowcount:
                raise unknown_question()
            await append_entries(connection, audit)

    async def delivered(self, question_id: str, due: datetime) -> frozenset[str]:
        wanted = {"id": question_id, "due": due}
        return frozenset(name for (name,) in await selected(self._pool, question_sql("question_deliveries"), wanted))

    async def deliver(
        self, question_id: str, due: datetime, person: str, at: datetime, *, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        row = {"id": question_id, "due": due, "person": person, "at": at}
        async with transaction(self._pool) as connection:
            noted = (await connection.execute(question_sql("note_question_delivery"), row)).rowcount > 0
            await append_entries(connection, audit if noted else ())
        return noted


def unknown_question() -> UnknownQuestion:
    return UnknownQuestion(
        "There is no such saved question for you.",
        not_done="Nothing was done.",
        next_step="`pgwarden questions list` shows yours, and those shared with you.",
    )


def question_sql(name: str) -> bytes:
    """One of the queries on saved questions."""
    return named_queries("questions.sql", OLDEST_MAJOR)[name]


def _name_taken(question: SavedQuestion) -> AlreadyExists:
    return AlreadyExists(
        f"There is a question {question.name!r} of yours already.",
        not_done="Nothing was stored.",
        next_step="Give it another name, or change that one.",
    )


def _question(content: str) -> SavedQuestion:
    return from_stored(SavedQuestion, json.loads(content))


def _row(question: SavedQuestion) -> dict[str, object]:
    return {
        "id": question.id,
        "owner": question.owner,
        "name": question.name,
        "shared_with": question.shared_with,
        "changed_at": question.changed_at,
        "revision": question.revision,
        "words": f"{question.name}\n{question.question}\n{question.sql}".lower(),
        "content": json.dumps(to_stored(question)),
    }
