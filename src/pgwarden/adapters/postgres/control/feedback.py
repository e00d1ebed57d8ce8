"""Judgements on answers in PostgreSQL."""

from __future__ import annotations

from pgwarden.adapters.postgres.control.connection import Pool, query, transaction
from pgwarden.domain.feedback import Example, Feedback


class PostgresFeedbackStore:
    """``ports.FeedbackStore``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def save(self, feedback: Feedback) -> None:
        parameters = {
            "question_id": feedback.question_id,
            "identity": feedback.identity,
            "database": feedback.database,
            "question": feedback.question,
            "sql": feedback.sql,
            "right": feedback.right,
            "corrected_sql": feedback.corrected_sql,
            "at": feedback.at,
        }
        async with transaction(self._pool) as connection:
            await connection.execute(query("save_feedback"), parameters)

    async def get(self, question_id: str, *, identity: str) -> Feedback | None:
        parameters = {"question_id": question_id, "identity": identity}
        async with transaction(self._pool) as connection:
            row = await (await connection.execute(query("feedback"), parameters)).fetchone()
        return Feedback(*row) if row else None

    async def of(self, database: str, *, limit: int = 1000) -> tuple[Feedback, ...]:
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(query("feedback_on_database"), {"database": database, "limit": limit})
            return tuple(Feedback(*row) for row in await cursor.fetchall())

    async def by(self, identity: str) -> tuple[Feedback, ...]:
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(query("feedback_by_identity"), {"identity": identity})
            return tuple(Feedback(*row) for row in await cursor.fetchall())

    async def examples(self, database: str, *, identity: str | None = None, limit: int = 1000) -> tuple[Example, ...]:
        parameters = {"database": database, "identity": identity, "limit": limit}
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(query("examples"), parameters)
            return tuple(Example(*row) for row in await cursor.fetchall())

    async def delete(self, question_id: str, *, identity: str) -> bool:
        parameters = {"question_id": question_id, "identity": identity}
        async with transaction(self._pool) as connection:
            return (await connection.execute(query("delete_feedback"), parameters)).rowcount > 0

    async def delete_all(self, identity: str) -> int:
        async with transaction(self._pool) as connection:
            return (await connection.execute(query("delete_feedback_of_identity"), {"identity": identity})).rowcount
