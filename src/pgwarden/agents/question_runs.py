"""Saved questions that are sent: each run reads with its owner's rights and goes to whom it may go, once.

``run_question`` moves the schedule on and queues ``send_question`` in one transaction, so that no run is lost and none
is made twice. Whom a run went to is noted one by one: tried again, it goes to those who have not got it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pgwarden.agents.audit_trail import AuditTrail
from pgwarden.agents.question_desk import RUN, run_jobs
from pgwarden.agents.safe_execution import SafeExecutionAgent
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import (
    ChannelMissing,
    ConnectionFailed,
    ControlDatabaseUnavailable,
    DeliveryFailed,
    DeliveryRefused,
    ExecutionTimeout,
    PgwardenError,
    PoolExhausted,
    RightMissing,
    UnknownPerson,
    UnknownQuestion,
)
from pgwarden.domain.identity import Identity
from pgwarden.domain.job import Job
from pgwarden.domain.person import Person
from pgwarden.domain.question_mail import Attachment, failure_mail, rows_mail
from pgwarden.domain.result import ReadLimits, Result
from pgwarden.domain.row_file import RowForm
from pgwarden.domain.saved_question import SavedQuestion, Schedule, may_get
from pgwarden.ports import JobHandler, Mailer, PeopleStore, QuestionStore

SEND = "send_question"
TELL = "tell_question_owner"
PATIENCE = timedelta(hours=1)
"""How long a run is tried again while a server does not answer; then it has failed."""
PASSING = (ConnectionFailed, ControlDatabaseUnavailable, DeliveryFailed, ExecutionTimeout, PoolExhausted)
"""Errors that may be over a moment later."""


class QuestionRuns:
    """Handlers of the jobs that send saved questions."""

    def __init__(
        self,
        store: QuestionStore,
        people: PeopleStore,
        execution: SafeExecutionAgent,
        mailer: Mailer | None,
        write: Callable[[Result, RowForm], bytes],
        now: Callable[[], datetime],
        trail: AuditTrail,
        *,
        limits: ReadLimits | None = None,
        public_url: str = "",
    ) -> None:
        self._store, self._people, self._execution, self._mailer = store, people, execution, mailer
        self._write, self._now, self._trail = write, now, trail
        self._limits, self._url = limits or ReadLimits(), public_url.rstrip("/")

    def handlers(self) -> Mapping[str, JobHandler]:
        """By the names of the jobs' tasks."""
        return {RUN: self.run, SEND: self.send, TELL: self.tell}

    async def run(self, args: Mapping[str, Any]) -> None:
        """Move the schedule on from this moment and queue its run: ``{question, due}``.

        One that was moved on already, or planned anew, is not due any more. Of runs that were missed while no worker
        was there, one is made.
        """
        due = datetime.fromisoformat(args["due"])
        found = await self._scheduled(args["question"])
        if found is None or found[1].next_at != due:
            return
        question, plan = found
        after = replace(question, schedule=plan.planned(max(due, self._now())))
        send = Job(SEND, {"question": question.id, "due": due.isoformat()}, lock=f"sending {question.id}")
        entry = self._entry("question.due", question, Identity(question.owner), {"due": due.isoformat()})
        await self._store.replace(after, jobs=[send, *run_jobs(after)], audit=[entry])

    async def send(self, args: Mapping[str, Any]) -> None:
        """One run: ``{question, due}``. What may be over a moment later is raised, for an hour."""
        due = datetime.fromisoformat(args["due"])
        found = await self._scheduled(args["question"])
        if found is None or found[1].has_settled(due):
            return
        question, plan = found
        try:
            said = await self._sent(question, plan, due)
        except PASSING as error:
            if self._now() < due + PATIENCE:
                raise
            await self._failed(question.id, due, error)
        except PgwardenError as error:
            await self._failed(question.id, due, error)
        else:
            await self._settle(question.id, lambda kept: kept.succeeded(due, self._now(), said))

    async def tell(self, args: Mapping[str, Any]) -> None:
        """Mail to its owner that a run failed: ``{question, due, why, stopped}``."""
        try:
            question = await self._store.get(args["question"])
            owner = await self._people.get(question.owner)
        except (UnknownQuestion, UnknownPerson):
            return
        if self._mailer is None or not owner.email or not owner.active:
            return
        number = _mail_id(question, datetime.fromisoformat(args["due"]), f"failed {owner.name}")
        mail = failure_mail(
            question, args["why"], number, self._now(), self._where(question), stopped=bool(args["stopped"])
        )
        await self._mailer.send(owner, mail)

    async def _sent(self, question: SavedQuestion, plan: Schedule, due: datetime) -> str:
        """Send it to everybody who has not got it; what became of it, in a sentence."""
        if self._mailer is None:
            raise ChannelMissing("There is no mail server to send it by.", not_done="Nothing was sent.")
        owner = await self._people.get(question.owner)
        if not owner.active:
            raise RightMissing("The account of its owner is not active.", not_done="Nothing was read or sent.")
        identity = _identity(owner)
        masked = await self._execution.masked(question.database, question.sql, identity=identity)
        result = await self._execution.read(
            question.database,
            question.sql,
            identity=identity,
            limits=self._limits,
            question=question.question,
            confirmed=True,  # by having it sent
        )
        file = self._file(question, plan, result, due)
        done, left = set(await self._store.delivered(question.id, due)), []
        for name in plan.recipients:
            if name in done:
                continue
            person, why = await self._addressee(question, name, masked)
            if person is None:
                left.append(f"{name}: {why}")
                continue
            number = _mail_id(question, due, name)
            mail = rows_mail(question, result, number, self._now(), file, self._where(question))
            try:
                await self._mailer.send(person, mail)
            except DeliveryRefused as error:
                left.append(f"{name}: {error.what}")
                continue
            entry = self._entry(
                "question.sent", question, identity, {"to": name, "due": due.isoformat(), "rows": len(result.rows)}
            )
            await self._store.deliver(question.id, due, name, self._now(), audit=[entry])
            done.add(name)
        if not done:
            raise DeliveryRefused("Nobody could get it.", why="; ".join(left))
        return "; ".join([f"Sent to {', '.join(sorted(done))}", *(f"not to {each}" for each in left)])

    async def _addressee(self, question: SavedQuestion, name: str, masked: frozenset[int]) -> tuple[Person | None, str]:
        """Whom it goes to, or why not: nobody is sent what they could not have read for themselves."""
        try:
            person = await self._people.get(name)
        except UnknownPerson:
            return None, "There is no such account."
        if why := may_get(question, person):
            return None, why
        try:
            theirs = await self._execution.masked(question.database, question.sql, identity=_identity(person))
        except PgwardenError as error:
            return None, f"{error.what} {error.why}".strip()
        if not theirs <= masked:
            return None, "Columns of it come masked to them, and do not to its owner."
        return person, ""

    async def _failed(self, question_id: str, due: datetime, error: PgwardenError) -> None:
        """Count it, and queue what tells its owner, in one transaction."""
        why = f"{error.code}: {error.what} {error.why}".strip()
        args = {"question": question_id, "due": due.isoformat(), "why": why}
        await self._settle(question_id, lambda plan: plan.failed(due, self._now(), why), args)

    async def _settle(
        self, question_id: str, change: Callable[[Schedule], Schedule], failure: Mapping[str, str] | None = None
    ) -> None:
        """Keep what became of a run: the question is read anew, since others may have changed it while it was sent."""
        found = await self._scheduled(question_id)
        if found is None:
            return
        question, after = found[0], change(found[1])
        jobs, entries = [], []
        if failure is not None:
            stopped = after.next_at is None
            jobs.append(Job(TELL, {**failure, "stopped": stopped}))
            details = {"due": failure["due"], "failures": after.failures, "stopped": stopped}
            entries.append(self._entry("question.failed", question, Identity(question.owner), details))
        await self._store.replace(replace(question, schedule=after), jobs=jobs, audit=entries)

    async def _scheduled(self, question_id: str) -> tuple[SavedQuestion, Schedule] | None:
        """None where it was removed, or is not to be sent any more."""
        try:
            found = await self._store.get(question_id)
        except UnknownQuestion:
            return None
        return (found, found.schedule) if found.schedule else None

    def _file(self, question: SavedQuestion, plan: Schedule, result: Result, due: datetime) -> Attachment:
        form = RowForm(plan.form)
        name = "".join(each if each.isalnum() else "-" for each in question.name)[:60].strip("-") or "rows"
        return Attachment(f"{name}-{due:%Y-%m-%d}.{form.value}", form.media_type, self._write(result, form))

    def _where(self, question: SavedQuestion) -> str:
        return f"{self._url}/ask?saved={question.id}" if self._url else ""

    def _entry(self, action: str, question: SavedQuestion, by: Identity, details: Mapping[str, Any]) -> AuditEntry:
        return self._trail.entry(action, identity=by, database=question.database, subject=question.id, details=details)


def _identity(person: Person) -> Identity:
    return Identity(person.name, person.kind, person.groups)


def _mail_id(question: SavedQuestion, due: datetime, person: str) -> str:
    return hashlib.sha256(f"{question.id} {due.isoformat()} {person}".encode()).hexdigest()[:32]
