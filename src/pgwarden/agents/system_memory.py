"""SystemMemory: which forms of statements were slow or failed, and what helped; the part of the memory for everybody.

Values never come in: statements are kept as their forms, questions as hashes, errors by their codes.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from pgwarden.domain.errors import (
    CaptureIncomplete,
    ControlDatabaseUnavailable,
    ExecutionFailed,
    ExecutionTimeout,
    LimitReached,
    LocksBusy,
    NotUndoable,
    PgwardenError,
)
from pgwarden.domain.feedback import question_key
from pgwarden.domain.schema_diff import changes_of
from pgwarden.domain.trouble import SLOW, Occurrence, Trouble
from pgwarden.ports import SchemaHistory, TroubleStore
from pgwarden.sql.pattern import form_of, pattern_of

TROUBLES = (CaptureIncomplete, ExecutionFailed, ExecutionTimeout, LimitReached, LocksBusy, NotUndoable)
"""Errors that a statement itself brings about, so that they come again with it."""
MOST_KEPT = 2_000
"""Forms kept of one database; those that happened longest ago go first."""
ASKED_OTHERWISE = "asking with "
"""Begins what helped where it was another statement for the same question; its form follows."""
MOST_CHANGES = 3
"""Changes of the structure named as what helped."""
_log = logging.getLogger(__name__)


class SystemMemory:
    """Notes what went wrong and what helped. A note that cannot be kept is told to the log, and to nobody else."""

    def __init__(
        self,
        store: TroubleStore,
        history: SchemaHistory,
        refresh: Callable[[str], Awaitable[object]],
        now: Callable[[], datetime],
        *,
        slow_seconds: float = 1.0,
        days: float = 90.0,
    ) -> None:
        """``refresh`` has a target's structure compared now, so that the history holds what changed."""
        self._store, self._history, self._refresh, self._now = store, history, refresh, now
        self._slow_ms, self._kept_for = slow_seconds * 1000, timedelta(days=days)

    async def failed(self, database: str, sql: str, error: PgwardenError, *, question: str = "") -> None:
        """A statement ended in an error; only those that may come again with it are kept."""
        if isinstance(error, TROUBLES):
            await self._note(database, sql, error.code, question, 0.0, type(error).__doc__ or "")

    async def took(self, database: str, sql: str, milliseconds: float, *, question: str = "") -> None:
        """How long a statement took; only slow ones are kept."""
        if milliseconds >= self._slow_ms:
            await self._note(database, sql, SLOW, question, milliseconds, "")

    async def known(self, database: str, sql: str, *, question: str = "") -> tuple[Trouble, ...]:
        """What went wrong before with statements of this form, or from this question."""
        return await self._store.of_statement(database, pattern_of(form_of(sql)), hash_of(question))

    async def all(self, database: str | None = None, *, limit: int = 100) -> tuple[Trouble, ...]:
        """What went wrong most often; of one database, or of all."""
        return await self._store.all(database, limit=limit)

    async def went_well(
        self, database: str, sql: str, known: Sequence[Trouble], milliseconds: float, *, cached: bool = False
    ) -> None:
        """The statement ran; whatever went wrong before, and is no slowness that is still there, has found its remedy.

        Another form for the same question helped, or a change of the structure since, or only time.
        """
        if cached:
            return
        form, pattern = form_of(sql), pattern_of(form_of(sql))
        for trouble in known:
            if trouble.open and not (trouble.code == SLOW and milliseconds >= self._slow_ms):
                try:
                    helped = await self._remedy(database, trouble, form, pattern, milliseconds)
                    await self._store.remedy(trouble, helped, self._now())
                except ControlDatabaseUnavailable as error:
                    _log.warning("what helped is not remembered: %s", error.what)

    async def _remedy(self, database: str, trouble: Trouble, form: str, pattern: str, milliseconds: float) -> str:
        if pattern != trouble.pattern:
            return f"{ASKED_OTHERWISE}{form}"
        await self._refresh(database)
        versions = await self._history.history(database, limit=10)
        since = [change for v in versions if v.at >= trouble.last_at for change in changes_of(v.diff)]
        if since:
            return "; ".join(since[:MOST_CHANGES])
        return f"trying again: it then took {milliseconds:,.0f} ms"

    async def _note(self, database: str, sql: str, code: str, question: str, ms: float, what: str) -> None:
        form, at = form_of(sql), self._now()
        if not form:
            return
        happened = Occurrence(database, code, pattern_of(form), form, hash_of(question), at, ms, what)
        try:
            await self._store.note(happened, before=at - self._kept_for, kept=MOST_KEPT)
        except ControlDatabaseUnavailable as error:
            _log.warning("a trouble is not remembered: %s", error.what)


def hash_of(question: str) -> str:
    """What stands for a question here: the same for the same words, and nobody's words."""
    return hashlib.sha256(question_key(question).encode()).hexdigest()[:32] if question else ""
