"""Writing down what an agent did: before its answer is given out, and with how it ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.identity import Identity
from pgwarden.domain.rights_version import RightsChangedError
from pgwarden.ports import AuditLog, Metrics
from pgwarden.tracing import span, trace_id

TURNS = 2
"""Turns of the event loop until an entry is sent: one for each task that it passes through."""
REFUSED_STATUS = (3, 4)
"""Exit statuses of errors that say no, or not yet; the others say that it did not work."""


@dataclass(slots=True)
class AuditEvent:
    """What an event in progress adds to its entry."""

    details: dict[str, Any] = field(default_factory=dict)
    personal: dict[str, str] = field(default_factory=dict)
    outcome: Outcome = Outcome.DONE
    """How it ends where nothing is raised."""
    rights: int | None = None
    """The version of the data rights that it was decided by. Where another one is in force by now, the block ends with
    RightsChangedError, and nothing is written."""
    meanwhile: Callable[[], None] | None = None
    """Work for while the entry is on its way to the disk. What it makes must not leave before the block is left."""


class AuditTrail:
    """The audit as one door's agents write it."""

    def __init__(
        self,
        log: AuditLog | None,
        now: Callable[[], datetime],
        source: str = "",
        *,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """``source`` is the door, with the address where there is one; without a log nothing is written.

        ``metrics`` are told of each event that ended, which ``clock`` (seconds) times.
        """
        self._log = log
        self._now = now
        self._source = source
        self._metrics = metrics
        self._clock = clock

    @asynccontextmanager
    async def event(
        self,
        action: str,
        *,
        identity: Identity,
        database: str = "",
        subject: str = "",
        personal: Mapping[str, str] | None = None,
    ) -> AsyncIterator[AuditEvent]:
        """The block is the event. It is left when its entry is durable; where that fails, so does the block.

        A PgwardenError leaves its code in the details, and its reason among what can be erased.
        """
        started = self._clock()
        event = AuditEvent(personal=dict(personal or {}))
        ended = Outcome.FAILED  # until it is known better: an error that nobody foresaw is one as well
        with span(action, pgwarden__door=self._source) as opened:
            try:
                yield event
                ended = event.outcome
            except PgwardenError as error:
                ended = Outcome.REFUSED if error.exit_status in REFUSED_STATUS else Outcome.FAILED
                event.details["error"] = error.code
                event.personal["why"] = f"{error.what} {error.why}".strip()
                raise
            finally:
                opened.note(pgwarden__outcome=ended.value)
                entry = self._entry(action, ended, event, identity, database, subject)
                await self._end(entry, started, event)

    async def _end(self, entry: AuditEntry, started: float, event: AuditEvent) -> None:
        told: AuditEntry | None = replace(entry, outcome=Outcome.FAILED)  # unless it was written down
        try:
            await self._write(entry, event)
            told = entry
        except RightsChangedError:
            told = None  # it has not ended: it is decided anew
            raise
        finally:
            if self._metrics is not None and told is not None:
                self._metrics.ended(told, self._clock() - started)

    @property
    def guards_rights(self) -> bool:
        """Whether an event that names its ``rights`` is held to them."""
        return self._log is not None

    async def _write(self, entry: AuditEntry, event: AuditEvent) -> None:
        if self._log is None:
            if event.meanwhile is not None:
                event.meanwhile()
            return
        if event.meanwhile is None:
            await self._log.append(entry, rights=event.rights)
            return
        writing = asyncio.create_task(self._log.append(entry, rights=event.rights))
        for _ in range(TURNS):
            await asyncio.sleep(0)
        try:
            event.meanwhile()
        finally:
            await writing

    def entry(
        self,
        action: str,
        *,
        identity: Identity,
        database: str = "",
        subject: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> AuditEntry:
        """Something that is done, for a store to write down in the transaction that does it."""
        event = AuditEvent(details=dict(details or {}))
        return self._entry(action, Outcome.DONE, event, identity, database, subject)

    def _entry(
        self, action: str, ended: Outcome, event: AuditEvent, identity: Identity, database: str, subject: str
    ) -> AuditEntry:
        details = dict(event.details)
        if identity.kind.value != "person":
            details["kind"] = identity.kind.value
        if identity.token:
            details["token"] = identity.token
        if trace := trace_id():
            details["trace"] = trace
        return AuditEntry(
            action=action,
            actor=identity.name,
            at=self._now(),
            outcome=ended,
            database=database,
            subject=subject,
            source=self._source,
            details=details,
            personal={name: value for name, value in event.personal.items() if value},
        )


def asked_for(sql: str, parameters: Sequence[object] = ()) -> dict[str, str]:
    """A statement and its parameters as personal values: they can name people, and be erased."""
    return {"statement": sql, "parameters": ", ".join(map(repr, parameters))}


UNWRITTEN = AuditTrail(None, lambda: datetime.max.replace(tzinfo=UTC))
"""Writes nothing down: for tests, and where there is no control database."""
