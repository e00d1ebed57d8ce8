"""DatabaseOrchestrator: one request from words to rows, as a list of calls to the other agents."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from pgwarden.agents.audit_trail import UNWRITTEN, AuditEvent, AuditTrail
from pgwarden.agents.context_memory import ContextMemoryAgent
from pgwarden.agents.conversation_undo import ConversationUndo
from pgwarden.agents.impact_assessment import ImpactAssessmentAgent
from pgwarden.agents.intelligent_query import IntelligentQueryAgent
from pgwarden.agents.planning import assess_complexity, plan_workflow, risk_level, risk_score
from pgwarden.agents.query_check import QueryCheck, is_empty
from pgwarden.agents.question_reader import QuestionReader, validate_input
from pgwarden.agents.safe_execution import SafeExecutionAgent
from pgwarden.agents.schema_context import SchemaContextAgent, find_table
from pgwarden.agents.sight import Sight
from pgwarden.agents.spare import Spare
from pgwarden.agents.step_walk import Progress, StepWalk
from pgwarden.domain.answer import Answer, AnswerStatus
from pgwarden.domain.assessment import Assessment
from pgwarden.domain.audit import Outcome
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.errors import InputInvalid, NeedsApproval, PgwardenError
from pgwarden.domain.feedback import Feedback
from pgwarden.domain.identity import Identity
from pgwarden.domain.intent_json import GivenIntent
from pgwarden.domain.model_call import Prompt
from pgwarden.domain.plan import WorkflowPlan
from pgwarden.domain.profile import Sample, TableProfile
from pgwarden.domain.question import Errand, Intent, Option, Reading, Taught
from pgwarden.domain.read_access import Sensitivity
from pgwarden.domain.result import ReadLimits, Result
from pgwarden.domain.sensitive import is_sensitive_in
from pgwarden.domain.statement import Decision, Reason, Verdict
from pgwarden.domain.table_access import TableAccess
from pgwarden.domain.trouble import Trouble
from pgwarden.domain.user_preferences import UserPreferences
from pgwarden.domain.validation import Validation
from pgwarden.language.undoing import wants_undo
from pgwarden.ports import DataRightsStore
from pgwarden.sql.mentions import mentioned

UNNAMED = "unnamed"
"""The conversation of questions that were asked in none; it is remembered for feedback and never followed up."""
MOST_TOLD = 3
"""Earlier troubles named beside one answer."""
FORGOTTEN = "This question is not remembered; it cannot be followed up or judged."


@dataclass(frozen=True, slots=True)
class Round:
    """One question on its way: for whom, within which limits, and what gathers beside it."""

    text: str
    session: str
    database: str
    identity: Identity
    limits: ReadLimits
    execute: bool
    explain: bool
    walk: StepWalk
    spare: Spare
    confirmed: bool


class DatabaseOrchestrator:
    """Plans a request and walks the plan; it holds no SQL and opens nothing."""

    def __init__(
        self,
        schema: SchemaContextAgent,
        query: IntelligentQueryAgent,
        execution: SafeExecutionAgent,
        memory: ContextMemoryAgent,
        impact: ImpactAssessmentAgent,
        rights: DataRightsStore,
        *,
        sensitive: Sensitivity = is_sensitive_in,
        trail: AuditTrail = UNWRITTEN,
        undo: ConversationUndo | None = None,
    ) -> None:
        """``undo`` takes changes back that a conversation speaks of; without it such words are a question like any."""
        self._schema, self._query, self._execution, self._memory = schema, query, execution, memory
        self._impact, self._sensitive = impact, sensitive
        self._sight = Sight(schema, rights, sensitive)
        self._reader = QuestionReader(schema, query, memory, self._sight)
        self._check = QueryCheck(execution)
        self._trail, self._undo = trail, undo

    async def close(self) -> None:
        """Stop listening to what the schema agent announces."""
        await self._reader.bulletins.close()

    async def ask(
        self,
        text: str,
        *,
        database: str,
        identity: Identity,
        limits: ReadLimits,
        session: str = "",
        instructions: str = "",
        execute: bool = True,
        explain: bool = False,
        engine: str = "auto",
        progress: Progress = lambda _event: None,
        opens: str = "",
        confirmed: bool = False,
    ) -> Answer:
        """Answer one question. ``execute=False`` stops before anything runs, with the plan and the SQL.

        Periods are those of the person's own time zone. What the memory cannot give or keep costs a warning, and not
        the answer. ``explain`` also tells what is expected of the read. ``confirmed``: run it, however large that is;
        otherwise NeedsConfirmation may be raised. ``opens`` names the door where whoever asks may open requests: "undo
        that" then opens one.
        """
        started = time.perf_counter()
        asked = {"question": text, "instructions": instructions}
        async with self._trail.event("question.asked", identity=identity, database=database, personal=asked) as event:
            validate_input(text, instructions)
            walk, spare = StepWalk(progress), Spare()
            liked = await self._preferences(identity, spare)
            limits = replace(limits, zone=limits.zone or liked.zone)
            errand = Errand(database, identity, engine, execute, tell=partial(walk.note, "query_building"))
            this = Round(text, session, database, identity, limits, execute, explain, walk, spare, confirmed)
            if wants_undo(text) and self._undo is not None:
                answer = await self._taken_back(this, opens)
            else:
                await walk.run("schema_context", "reading the schema", lambda: self._schema.catalog(database))
                reading = await walk.run(
                    "query_building",
                    "turning the question into SQL",
                    lambda: self._reader.read(text, instructions, (), session, errand, spare),
                )
                answer = await self._proceed(reading, await self._schema.catalog(database), this)
            storing = self._memory.store_context(
                session or UNNAMED, answer.reading, identity=identity, database=database
            )
            turn = await spare.get(storing, "", FORGOTTEN)
            warnings = (*answer.warnings, *answer.reading.notes, *spare.warnings)
            answer = replace(answer, turn=turn, preferences=liked, warnings=warnings)
            _describe(event, answer)
        return replace(answer, milliseconds=(time.perf_counter() - started) * 1000)

    async def _preferences(self, identity: Identity, spare: Spare) -> UserPreferences:
        return await spare.get(
            self._memory.preferences(identity=identity), UserPreferences(), "Your preferences are left out."
        )

    async def zoned(self, limits: ReadLimits, *, identity: Identity) -> ReadLimits:
        """The limits of a read with the zone that this identity prefers, where they name none."""
        return limits if limits.zone else replace(limits, zone=await self._memory.zone(identity=identity))

    async def preferences(self, given: Mapping[str, str], *, identity: Identity) -> UserPreferences:
        """How this identity likes answers, with what this call says instead. Raises InputInvalid."""
        return (await self._preferences(identity, Spare())).with_(given)

    async def translate(
        self,
        text: str,
        *,
        database: str,
        instructions: str = "",
        glossary: tuple[tuple[str, str], ...] = (),
        session: str = "",
        identity: Identity,
        engine: str = "auto",
        zone: str = "",
        taught: Taught = Taught.ALL,
    ) -> Reading:
        """Words to a reading, with the session's history and the database's glossary; nothing runs.

        With a time zone, periods are written for the day that it is there; without, the database says what today is.
        """
        asked = {"question": text, "instructions": instructions}
        trail = self._trail.event("question.translated", identity=identity, database=database, personal=asked)
        async with trail as event:
            errand, spare = Errand(database, identity, engine, taught=taught), Spare()
            today = self._memory.today(zone) if zone else None
            reading = await self._reader.read(text, instructions, glossary, session, errand, spare, today)
            event.personal["statement"] = reading.sql or ""
            return replace(reading, assumptions=(*reading.assumptions, *spare.warnings))

    async def preview(self, text: str, *, database: str, identity: Identity) -> Prompt | None:
        """Exactly what a model would be sent for a question; nothing is sent. None where no model is set up."""
        validate_input(text, "")
        async with self._trail.event(
            "model.previewed", identity=identity, database=database, personal={"question": text}
        ):
            return await self._reader.preview(text, database=database, identity=identity)

    async def feedback(self, turn_id: str, *, right: bool, corrected_sql: str | None, identity: Identity) -> Feedback:
        """What a person says about an answer of theirs. InputInvalid for a correction that cannot be read."""
        turn = await self._memory.turn(turn_id, identity=identity)
        asked = {"question": turn.question, "statement": corrected_sql or ""}
        trail = self._trail.event(
            "feedback.given", identity=identity, database=turn.database, subject=turn.id, personal=asked
        )
        async with trail as event:
            event.details["right"] = right
            if corrected_sql is not None:
                verdict = self._query.validate(corrected_sql, await self.visible(turn.database, identity=identity))
                if verdict.decision is Decision.REFUSE:
                    raise InputInvalid(
                        "The correction cannot be used.",
                        why="; ".join(reason.message for reason in verdict.reasons) + ".",
                        not_done="Nothing was remembered.",
                        next_step="Try it first: pgwarden check",
                    )
            return await self._memory.learn(turn, right=right, corrected_sql=corrected_sql, identity=identity)

    async def generate(
        self, intent: GivenIntent, *, database: str, identity: Identity, instructions: str = "", zone: str = ""
    ) -> Reading:
        """An intent object to a reading; one that holds a question alone is translated. Nothing runs."""
        if intent.question and not intent.entities:
            if wants_undo(intent.question) and self._undo is not None:
                found = await self._undo.meant(intent.question, "", database=database, identity=identity)
                return found if isinstance(found, Reading) else self._undo.named(intent.question, found)
            return await self.translate(
                intent.question, database=database, instructions=instructions, identity=identity, zone=zone
            )
        visible = await self.visible(database, identity=identity)
        return self._query.generate(intent, visible, await self._schema.values(database))

    async def visible(self, database: str, *, identity: Identity) -> Catalog:
        """The structure of a database as far as this identity may know of it."""
        return await self._sight.visible(database, identity=identity)

    async def _proceed(self, reading: Reading, catalog: Catalog, asked: Round) -> Answer:
        """From a reading to its answer: plan, verdict, rows."""
        database = asked.database
        if reading.sql is None:
            return Answer(AnswerStatus.CLARIFY, database, reading)
        verdict = self._query.validate(reading.sql, catalog)
        plan = self.plan(reading, verdict, catalog)
        if verdict.decision is Decision.REFUSE:
            return Answer(AnswerStatus.REFUSED, database, reading, plan, verdict)
        asked.walk.note("planning", _planned(plan))
        if verdict.decision is Decision.NEEDS_APPROVAL:
            waiting = Answer(AnswerStatus.AWAITING_APPROVAL, database, reading, plan, verdict)
            return await self._assessed(waiting, asked) if asked.execute else waiting
        if not asked.execute:
            return Answer(AnswerStatus.ANSWERED, database, reading, plan, verdict)
        answer = Answer(AnswerStatus.ANSWERED, database, reading, plan, verdict, follow_ups=follow_ups(reading))
        try:
            return await self._answered(answer, reading.sql, catalog, asked)
        except NeedsApproval as error:  # it would show sensitive values as they are
            shows = replace(verdict, reasons=(Reason("shows-sensitive-values", f"{error.what} {error.why}"),))
            return Answer(AnswerStatus.AWAITING_APPROVAL, database, reading, plan, shows)

    async def _answered(self, answer: Answer, sql: str, catalog: Catalog, asked: Round) -> Answer:
        """A read with its rows: planned first where it is not simple, looked at twice where nothing comes."""
        assert answer.plan is not None, "a read has a plan"
        system = self._memory.system
        known = await asked.spare.get(
            system.known(asked.database, sql, question=asked.text), (), "How it went before is left out."
        )
        notes = await self._told(known, catalog, asked)
        checked = answer.plan.has("validation")
        try:
            validation = await self._validated(sql, asked) if checked else None
            result = await self._rows(sql, asked)
        except PgwardenError as error:
            error.next_step = " ".join(filter(None, (error.next_step, *notes)))
            raise
        statistics = result.statistics
        await system.went_well(asked.database, sql, known, statistics.milliseconds, cached=statistics.cached)
        notes = (*notes, *(validation.warnings if validation else ()))
        options: tuple[Option, ...] = ()
        if checked and is_empty(result):
            note, options = await self._check.without_rows(
                asked.database, sql, identity=asked.identity, limits=asked.limits
            )
            notes = (*notes, note)
        return replace(answer, result=result, validation=validation, notes=notes, options=options)

    async def _validated(self, sql: str, asked: Round) -> Validation:
        return await asked.walk.run(
            "validation",
            "having the server plan the query",
            lambda: self._check.planned(asked.database, sql, identity=asked.identity, limits=asked.limits),
        )

    async def _told(self, known: Sequence[Trouble], catalog: Catalog, asked: Round) -> tuple[str, ...]:
        """How statements like this one went before; nothing that names a table which who asks may not see."""
        if not known:
            return ()
        visible = await self._sight.visible(asked.database, identity=asked.identity)
        hidden = [r.name for oid, r in catalog.relations.items() if oid not in visible.relations]
        now = self._memory.now()
        said = [trouble.words(now) for trouble in known if trouble.open or trouble.helped]
        return tuple(dict.fromkeys(words for words in said if not mentioned(words, hidden)))[:MOST_TOLD]

    async def _taken_back(self, asked: Round, opens: str) -> Answer:
        """ "undo that": the change that is meant with its recovery plan, and a request to take it back."""
        assert self._undo is not None, "asked before"
        undo, walk = self._undo, asked.walk
        found = await walk.run(
            "undo",
            "looking for the change that is meant",
            lambda: undo.meant(asked.text, asked.session, database=asked.database, identity=asked.identity),
        )
        if isinstance(found, Reading):
            return Answer(AnswerStatus.CLARIFY, asked.database, found)
        walk.note("undo", "making its recovery plan")
        proposal = await undo.propose(found, identity=asked.identity, opens=opens if asked.execute else "")
        said = f"take back {proposal.question or proposal.statement}"
        reading = Reading(asked.text, None, 1.0, "conversation", explanation=said)
        return Answer(AnswerStatus.AWAITING_APPROVAL, asked.database, reading, undo=proposal)

    async def _rows(self, sql: str, asked: Round) -> Result:
        return await asked.walk.run(
            "execution",
            "running the query",
            lambda: self._execution.read(
                asked.database,
                sql,
                identity=asked.identity,
                limits=asked.limits,
                plan=asked.explain,
                question=asked.text,
                confirmed=asked.confirmed,
            ),
        )

    async def sample(self, database: str, table: str, *, rows: int, masked: bool, identity: Identity) -> Sample:
        """Representative rows of a table, as far as this identity may see them. Raises RightMissing."""
        async with self._trail.event("table.sampled", identity=identity, database=database, subject=table) as event:
            event.details["masked"] = masked
            access = await self._access(database, table, identity)
            if not masked:
                access.require_unmasked()
            found = access.on_sample(await self._schema.sample(database, table, rows=rows, masked=masked))
            event.details["rows"] = len(found.rows)
            return found

    async def profile(self, database: str, table: str, *, identity: Identity) -> TableProfile:
        """The distribution of a table's columns, as far as this identity may see it. Raises RightMissing."""
        async with self._trail.event("table.profiled", identity=identity, database=database, subject=table):
            access = await self._access(database, table, identity)
            return access.on_profile(await self._schema.profile(database, table))

    async def _access(self, database: str, table: str, identity: Identity) -> TableAccess:
        catalog = await self._schema.catalog(database)
        rights = await self._sight.rights_of(identity)
        return TableAccess(database, find_table(catalog, table), catalog, rights, self._sensitive)

    async def _assessed(self, answer: Answer, asked: Round) -> Answer:
        """A change with its impact, and the plan made again with the risk that was found."""
        sql, plan = answer.reading.sql, answer.plan
        assert sql is not None, "a change has SQL"
        assert plan is not None, "and a plan"
        finding = asked.walk.run(
            "impact_analysis",
            "finding out what the change would do",
            lambda: self._impact.assess(answer.database, sql, identity=asked.identity),
        )
        found: Assessment | None = await asked.spare.get(finding, None, "What it would do is not known.")
        if found is None:
            return answer
        intent = replace(answer.reading.intent or Intent(plan.intent_type), intent_type=plan.intent_type)
        anew = plan_workflow(intent, found.risk.level, plan.complexity)
        if anew.risk is not plan.risk:
            anew = replace(anew, risk_before=plan.risk)
            asked.walk.note("planning", _planned(anew))
        return replace(answer, assessment=found, plan=anew)

    def plan(self, reading: Reading, verdict: Verdict, catalog: Catalog) -> WorkflowPlan:
        """The plan for a reading, its risk scored from what the verdict found rather than from the words."""
        intent = reading.intent or Intent(verdict.kind.value)
        intent = replace(intent, intent_type=verdict.kind.value)
        score = risk_score(
            intent.intent_type,
            several_tables=len({oid for oid in verdict.reads if oid in catalog.relations}) > 1,
            estimated_rows=max((catalog.relations[oid].estimated_rows for oid in verdict.writes), default=0),
            sensitive=self._touches_sensitive(verdict, catalog),
        )
        return plan_workflow(intent, risk_level(score), assess_complexity(intent))

    def _touches_sensitive(self, verdict: Verdict, catalog: Catalog) -> bool:
        shown = {source for output in verdict.outputs for source in output.lineage}
        return any(self._sensitive(catalog, oid, number) for oid, number in shown)


def _planned(plan: WorkflowPlan) -> str:
    """A plan in words, as it is told while it runs."""
    found = "" if plan.risk_before is None else f" again, {plan.risk.value} instead of {plan.risk_before.value}"
    return f"{plan.intent_type}{found}: {', '.join(step.name for step in plan.steps)}"


def _describe(event: AuditEvent, answer: Answer) -> None:
    """What the audit keeps of an answer: what was made of the question, never a row."""
    event.personal["statement"] = answer.reading.sql or ""
    event.details["status"] = answer.status.value
    if answer.plan is not None:
        event.details["plan"] = [step.name for step in answer.plan.steps]
        if answer.plan.risk_before is not None:
            event.details["risk_before"] = answer.plan.risk_before.value
    if answer.verdict is not None:
        event.details["verdict"] = answer.verdict.decision.value
    if answer.undo is not None:
        event.details |= {"undoes": answer.undo.execution, "ticket": answer.undo.ticket}
    if answer.assessment is not None:
        event.details["risk"] = answer.assessment.risk.level.value
    if answer.status is AnswerStatus.REFUSED:
        event.outcome = Outcome.REFUSED


def follow_ups(reading: Reading) -> tuple[str, ...]:
    """A few follow-up questions that this reading supports."""
    intent = reading.intent
    if intent is None or intent.intent_type != "SELECT":
        return ()
    operations = {operation.partition(":")[0] for operation in intent.operations}
    if "group" in operations:
        return ("only the first three",)
    return ("and by month?",) if "aggregate" in operations else ("how many are there?", "only the first three")
