"""What people said of answers, in memory."""

from __future__ import annotations

from collections.abc import Iterable

from pgwarden.domain.feedback import Example, Feedback


class MemoryFeedbackStore:
    """``ports.FeedbackStore``."""

    def __init__(self) -> None:
        self._feedback: dict[tuple[str, str], Feedback] = {}

    async def save(self, feedback: Feedback) -> None:
        key = feedback.question_id, feedback.identity
        self._feedback.pop(key, None)  # said again, it counts as the newest
        self._feedback[key] = feedback

    async def get(self, question_id: str, *, identity: str) -> Feedback | None:
        return self._feedback.get((question_id, identity))

    async def of(self, database: str, *, limit: int = 1000) -> tuple[Feedback, ...]:
        return tuple(self._newest(database))[:limit]

    async def by(self, identity: str) -> tuple[Feedback, ...]:
        return tuple(feedback for feedback in reversed(self._feedback.values()) if feedback.identity == identity)

    async def examples(self, database: str, *, identity: str | None = None, limit: int = 1000) -> tuple[Example, ...]:
        examples = (feedback.example for feedback in self._newest(database))
        return tuple(e for e in examples if e is not None and identity in (None, e.identity))[:limit]

    async def delete(self, question_id: str, *, identity: str) -> bool:
        return self._feedback.pop((question_id, identity), None) is not None

    async def delete_all(self, identity: str) -> int:
        own = [key for key in self._feedback if key[1] == identity]
        for key in own:
            del self._feedback[key]
        return len(own)

    def _newest(self, database: str) -> Iterable[Feedback]:
        return (feedback for feedback in reversed(self._feedback.values()) if feedback.database == database)
