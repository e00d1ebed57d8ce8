"""What people do with questions of theirs: find them again, keep them, share them, run them, and have them sent."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from pgwarden.agents.audit_trail import AuditTrail
from pgwarden.agents.safe_execution import SafeExecutionAgent
from pgwarden.agents.schema_context import SchemaContextAgent
from pgwarden.agents.sight import Sight
from pgwarden.domain.admission import Admission
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import (
    ChangedMeanwhile,
    ChannelMissing,
    InputInvalid,
    LoginNeeded,
    PgwardenError,
    RightMissing,
    UnknownQuestion,
)
from pgwarden.domain.job import Job
from pgwarden.domain.login import Scope
from pgwarden.domain.result import ReadLimits, Result
from pgwarden.domain.saved_question import PRIVATE, Chart, SavedQuestion, Schedule, may_get, shares_of
from pgwarden.domain.session import Turn
from pgwarden.ports import PeopleStore, QuestionStore, SessionStore
from pgwarden.sql.mentions import mentioned

RUN = "run_question"
"""The job of one run of a schedule: ``{question, due}``."""
MOST = 200
"""Questions that one look at a list takes."""


class QuestionDesk:
    """Every verb says who asks. A question that is not shared with somebody is as unknown to them as none."""

    def __init__(
        self,
        store: QuestionStore,
        sessions: SessionStore,
        people: PeopleStore,
        execution: SafeExecutionAgent,
        schema: SchemaContextAgent,
        sight: Sight,
        now: Callable[[], datetime],
        trail: AuditTrail,
        *,
        mails: bool = False,
    ) -> None:
        """``mails``: whether there is a mail server; without one nothing can be sent."""
        self._store, self._sessions, self._people, self._execution = store, sessions, people, execution
        self._schema, self._sight, self._now, self._trail, self._mails = schema, sight, now, trail, mails

    async def history(self, by: Admission, *, text: str = "", limit: int = MOST) -> tuple[Turn, ...]:
        """What one asked before, of every conversation that is remembered, newest first; nobody else's."""
        by.require_scope(Scope.ASK)
        found = await self._sessions.history(by.identity.name, text=text.strip(), limit=min(limit, MOST))
        return tuple(turn for turn in found if _admits(by, turn.database))

    async def find(self, by: Admission, *, text: str = "", limit: int = MOST) -> tuple[SavedQuestion, ...]:
        """One's own, and those shared with one whose tables one may know of; last changed first."""
        by.require_scope(Scope.ASK)
        _require_known(by)
        found = await self._store.find(by.identity.name, _shares(by), text=text.strip(), limit=min(limit, MOST))
        return tuple([each for each in found if _admits(by, each.database) and await self._known_to(by, each)])

    async def get(self, question_id: str, by: Admission) -> SavedQuestion:
        """One that may be opened. UnknownQuestion; RightMissing where it shows tables that are not for one's eyes."""
        by.require_scope(Scope.ASK)
        _require_known(by)
        found = await self._store.get(question_id)
        if not found.open_to(by.identity.name, _shares(by)):
            raise UnknownQuestion(
                "There is no such saved question for you.",
                not_done="Nothing was done.",
                next_step="`pgwarden questions list` shows yours, and those shared with you.",
            )
        by.require_database(found.database)
        if not await self._known_to(by, found):
            raise RightMissing(
                "This question reads what you may not know of.",
                why=f"Your data rights on {found.database} withhold a table of it.",
                not_done="It was not opened.",
                next_step="Ask an administrator for the right, or its owner for another question.",
            )
        return found

    async def save(
        self,
        by: Admission,
        *,
        name: str,
        database: str,
        sql: str,
        question: str = "",
        chart: Chart | None = None,
        shared_with: str = PRIVATE,
    ) -> SavedQuestion:
        """Keep a question as one's own. StatementRefused, NeedsApproval or RightMissing for no read of one's own."""
        by.require_scope(Scope.ASK)
        _require_known(by)
        _require_sharing(by, shared_with)
        kept = SavedQuestion(
            id=f"q-{secrets.token_hex(6)}",
            owner=by.identity.name,
            database=database,
            name=name.strip(),
            question=question.strip(),
            sql=sql,
            changed_at=self._now(),
            shared_with=shared_with,
            chart=chart or Chart(),
        )
        await self._require_readable(kept, by)
        await self._store.add(kept, audit=[self._entry("question.saved", kept, by, shared_with=shared_with)])
        return kept

    async def change(self, question_id: str, by: Admission, *, revision: int, **given: Any) -> SavedQuestion:
        """Change its ``name``, ``sql``, ``chart`` or ``shared_with``; its owner alone. ChangedMeanwhile."""
        before = await self._own(question_id, by, revision)
        after = replace(before, **given, changed_at=self._now())
        if after.shared_with != before.shared_with:
            _require_sharing(by, after.shared_with)
        if after.sql != before.sql:
            await self._require_readable(after, by)
        changed = sorted(name for name, value in given.items() if value != getattr(before, name))
        return await self._store.replace(
            after, audit=[self._entry("question.changed", after, by, changed=changed, shared_with=after.shared_with)]
        )

    async def remove(self, question_id: str, by: Admission) -> None:
        """Forget it, with its schedule; its owner alone."""
        found = await self._own(question_id, by)
        await self._store.remove(found.id, audit=[self._entry("question.removed", found, by)])

    async def run(self, question_id: str, by: Admission, *, limits: ReadLimits, confirmed: bool = False) -> Result:
        """Its rows, with the rights and masks of whoever runs it. NeedsConfirmation as for any read."""
        found = await self.get(question_id, by)
        return await self._execution.read(
            found.database,
            found.sql,
            identity=by.identity,
            limits=limits,
            question=found.question,
            confirmed=confirmed,
        )

    async def schedule(self, question_id: str, by: Admission, wanted: Schedule, *, revision: int) -> SavedQuestion:
        """Have it sent at such times, with its owner's rights, to people who may open it.

        ChannelMissing without a mail server, InputInvalid for somebody who cannot get it.
        """
        by.require_login()
        before = await self._own(question_id, by, revision)
        if not self._mails:
            raise ChannelMissing(
                "There is no mail server to send it by.",
                why="PGWARDEN_SMTP_HOST is not set.",
                not_done="Nothing was scheduled.",
                next_step="docs/notifications.md has the settings of each channel.",
            )
        for name in wanted.recipients:
            if why := may_get(before, await self._people.get(name)):
                raise InputInvalid(
                    f"It cannot be sent to {name!r}.",
                    why=why,
                    not_done="Nothing was scheduled.",
                    next_step="Share the question with them first, or name somebody else.",
                )
        after = replace(before, schedule=wanted.planned(self._now()), changed_at=self._now())
        details = {"cron": wanted.cron, "zone": wanted.zone, "to": list(wanted.recipients)}
        return await self._store.replace(
            after, jobs=run_jobs(after), audit=[self._entry("question.scheduled", after, by, **details)]
        )

    async def unschedule(self, question_id: str, by: Admission, *, revision: int) -> SavedQuestion:
        """Send it no more."""
        after = replace(await self._own(question_id, by, revision), schedule=None, changed_at=self._now())
        return await self._store.replace(after, audit=[self._entry("question.unscheduled", after, by)])

    async def _own(self, question_id: str, by: Admission, revision: int | None = None) -> SavedQuestion:
        found = await self.get(question_id, by)
        if found.owner != by.identity.name:
            raise RightMissing(
                "Only its owner changes a saved question.",
                why=f"It is {found.owner}'s.",
                not_done="Nothing was changed.",
                next_step="Open it and save it as one of your own.",
            )
        if revision is not None and revision != found.revision:
            raise ChangedMeanwhile(
                f"The question {found.name!r} is no longer as it was shown.",
                why="It was changed in the meantime, by you elsewhere or by its schedule.",
                not_done="Nothing was changed.",
                next_step="Look at it again.",
            )
        return found

    async def _require_readable(self, question: SavedQuestion, by: Admission) -> None:
        """Raises what a run of it would, before any row is read."""
        await self._execution.unmasked(question.database, question.sql, identity=by.identity, limits=ReadLimits())

    async def _known_to(self, by: Admission, question: SavedQuestion) -> bool:
        """Whether somebody else's question names only tables that one may know of. What cannot be looked at: no."""
        if question.owner == by.identity.name:
            return True
        with suppress(PgwardenError):
            catalog = await self._schema.catalog(question.database)
            visible = await self._sight.visible(question.database, identity=by.identity)
            hidden = [each.name for oid, each in catalog.relations.items() if oid not in visible.relations]
            return not mentioned(question.sql, hidden)
        return False

    def _entry(self, action: str, question: SavedQuestion, by: Admission, **details: Any) -> AuditEntry:
        return self._trail.entry(
            action, identity=by.identity, database=question.database, subject=question.id, details=details
        )


def run_jobs(question: SavedQuestion) -> Sequence[Job]:
    """The job of the next run, where there is one."""
    if question.schedule is None or (due := question.schedule.next_at) is None:
        return ()
    name = f"question {question.id}"
    args = {"question": question.id, "due": due.isoformat()}
    return (Job(RUN, args, at=due, lock=name, queueing_lock=f"{name} {due.isoformat()}"),)


def _shares(by: Admission) -> Sequence[str]:
    return shares_of(by.roles, by.identity.groups) if by.authenticated else ()


def _admits(by: Admission, database: str) -> bool:
    return "*" in by.databases or database in by.databases


def _require_known(by: Admission) -> None:
    """A guest in a house that others live in keeps nothing; LoginNeeded."""
    if by.person is None and not by.own_house:
        raise LoginNeeded("This needs a login.", not_done="Nothing was done.", next_step="Log in (pgwarden login).")


def _require_sharing(by: Admission, shared_with: str) -> None:
    if shared_with != PRIVATE:
        by.require_login()
