"""QuestionReader: a person's words with all that belongs to them, turned into a reading; for the orchestrator."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial

from pgwarden.agents.context_memory import ContextMemoryAgent
from pgwarden.agents.intelligent_query import IntelligentQueryAgent
from pgwarden.agents.schema_bulletins import SchemaBulletins
from pgwarden.agents.schema_context import SchemaContextAgent
from pgwarden.agents.schema_news import SchemaNews
from pgwarden.agents.sight import Sight
from pgwarden.agents.spare import Spare
from pgwarden.agents.system_memory import ASKED_OTHERWISE
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.errors import InputInvalid, PgwardenError
from pgwarden.domain.feedback import Lesson
from pgwarden.domain.identity import Identity
from pgwarden.domain.model_call import Prompt
from pgwarden.domain.question import Clarification, Errand, Option, Question, Reading, Taught
from pgwarden.domain.schema_diff import changes_of, schema_diff
from pgwarden.domain.statement import Decision
from pgwarden.domain.trouble import Trouble
from pgwarden.domain.value_index import SampledValues
from pgwarden.domain.visible_catalog import hides_values
from pgwarden.ports import ValueIndex

VOUCHED = 0.99
"""Confidence in SQL that a person vouched for, for the very same question."""
LONGEST_QUESTION = 4000
"""Characters; longer texts are not questions, and every engine's work grows with the length."""

NO_VALUES = SampledValues({})
"""One for all questions: what an engine prepares is kept by its value index."""

MOST_CHANGES = 3
"""Changes of the structure named beside one answer."""


class QuestionReader:
    """Brings schema, memory and engines together. What the memory cannot give costs a warning."""

    def __init__(
        self,
        schema: SchemaContextAgent,
        query: IntelligentQueryAgent,
        memory: ContextMemoryAgent,
        sight: Sight,
    ) -> None:
        self._schema, self._query, self._memory, self._sight = schema, query, memory, sight
        self.bulletins, self._news = SchemaBulletins(schema, memory.now), SchemaNews(schema, sight)

    async def read(
        self,
        text: str,
        instructions: str,
        glossary: tuple[tuple[str, str], ...],
        session: str,
        errand: Errand,
        spare: Spare,
        today: date | None = None,
    ) -> Reading:
        """The reading of a question in its conversation; nothing runs."""
        validate_input(text, instructions)
        await self.bulletins.listen(errand.database)
        reading = await self._understood(text, instructions, glossary, session, errand, spare, today)
        news = await self._missed(session, errand, spare) if session else ()
        return replace(reading, notes=tuple(dict.fromkeys((*reading.notes, *news))))

    async def _missed(self, session: str, errand: Errand, spare: Spare) -> tuple[str, ...]:
        """What changed in the structure since this conversation was here last, as far as who asks may know of it."""
        moment = self.bulletins.missed_since(errand.database, f"{errand.identity.name} {session}")
        if moment is None:
            return ()
        finding = self._news.since(errand.database, moment, identity=errand.identity, limit=MOST_CHANGES)
        versions = await spare.get(finding, (), "What changed in the structure is left out.")
        words = [change for version in reversed(versions) for change in changes_of(version.diff)]
        return tuple(f"The structure has changed: {change}." for change in words[-MOST_CHANGES:])

    async def _understood(
        self,
        text: str,
        instructions: str,
        glossary: tuple[tuple[str, str], ...],
        session: str,
        errand: Errand,
        spare: Spare,
        today: date | None,
    ) -> Reading:
        question, visible = await self._question(text, instructions, glossary, session, errand, spare)
        question = replace(question, today=today)
        values = await self._values(errand.database, spare)
        reading = await self._query.translate(question, visible, values)
        if reading.sql is None and (words := await self._changed(errand, spare)):
            question, visible = await self._question(text, instructions, glossary, session, errand, spare)
            question = replace(question, today=today)
            values = await self._values(errand.database, spare)
            reading = await self._query.translate(question, visible, values)
            reading = replace(reading, notes=(*reading.notes, *words))
        if question.history:
            return reading
        lesson = await spare.get(
            self._memory.lesson(text, database=errand.database), Lesson(), "What people taught is left out."
        )
        if errand.taught is not Taught.ALL:
            lesson = lesson.without(text) if errand.taught is Taught.OTHERS else Lesson(wrong=lesson.wrong)
        return self._taught(question, reading, lesson, visible, values)

    async def preview(self, text: str, *, database: str, identity: Identity) -> Prompt | None:
        """What a model would be sent for a question. None where no model is set up."""
        spare = Spare()
        question, visible = await self._question(text, "", (), "", Errand(database, identity), spare)
        return await self._query.preview(question, visible, await self._values(database, spare))

    async def _changed(self, errand: Errand, spare: Spare) -> tuple[str, ...]:
        """What changed in the structure since it was last looked at: asked when a question was not understood."""
        database = errand.database
        before = await self._schema.catalog(database)
        after = await spare.get(self._schema.refresh(database), before, "The schema is as it was last seen.")
        if after.version == before.version:
            return ()
        changes = await self._news.told(database, schema_diff(before, after), identity=errand.identity)
        return tuple(f"The structure has changed: {change}." for change in changes[:MOST_CHANGES])

    async def _values(self, database: str, spare: Spare) -> ValueIndex:
        return await spare.get(self._schema.values(database), NO_VALUES, "Values are not looked up.")

    async def _question(
        self,
        text: str,
        instructions: str,
        glossary: tuple[tuple[str, str], ...],
        session: str,
        errand: Errand,
        spare: Spare,
    ) -> tuple[Question, Catalog]:
        """The question with all that belongs to it, and the structure that who asks may know of."""
        database, identity = errand.database, errand.identity
        history: tuple[Reading, ...] = ()
        if session:
            earlier = self._memory.conversation(session, identity=identity, database=database)
            history = await spare.get(earlier, (), "The conversation so far is left out.")
        known = await spare.get(self._memory.glossary(database), (), "The team's own words are left out.")
        visible = await self._sight.visible(database, identity=identity)
        hidden = partial(hides_values, database, visible, await self._sight.rights_of(identity), self._sight.sensitive)
        troubles: tuple[Trouble, ...] = ()
        if self._query.asks_a_model:
            noted = self._memory.system.known(database, "", question=text)
            troubles = await spare.get(noted, (), "What went wrong before is left out.")
        found = Question(
            text,
            instructions,
            (*known, *glossary),
            history,
            errand=replace(errand, hidden=hidden),
            troubles=tuple(filter(None, (self._told_of(trouble, visible) for trouble in troubles))),
        )
        return found, visible

    def _told_of(self, trouble: Trouble, visible: Catalog) -> str:
        """A trouble for a model, with the statement's form; '' where it names what who asks may not know of."""
        other = trouble.helped.removeprefix(ASKED_OTHERWISE) if trouble.helped.startswith(ASKED_OTHERWISE) else ""
        if not other:  # what else helped may name what changed anywhere
            trouble = replace(trouble, helped="")
        try:
            shown = [self._query.validate(form.replace("?", "null"), visible) for form in (trouble.form, other) if form]
        except PgwardenError:
            return ""
        if any(verdict.decision is Decision.REFUSE for verdict in shown):
            return ""
        return f"{trouble.form}\n  {trouble.words(self._memory.now())}"

    def _taught(
        self, question: Question, reading: Reading, lesson: Lesson, visible: Catalog, values: ValueIndex
    ) -> Reading:
        """The reading as people taught it: their own SQL for this question, and never again what they called wrong."""
        example = lesson.example
        if example is not None and self._query.validate(example.sql, visible).decision is not Decision.REFUSE:
            said = f"as {example.identity} vouched for on {example.at:%Y-%m-%d}"
            return Reading(reading.question, example.sql, VOUCHED, "verified example", reading.intent, said)
        if (learnt := self._query.learnt(reading, lesson, visible, values)) is not None:
            return learnt
        if (same := self._query.said_otherwise(question, reading, lesson, visible, values)) is not None:
            return same
        if reading.sql is None or reading.sql not in lesson.wrong:
            return self._query.reminded(reading, lesson, visible)
        options = tuple(Option(a.explanation, sql=a.sql) for a in reading.alternatives if a.sql is not None)
        message = f"The reading “{reading.explanation}” was called wrong before. What is meant?"
        return replace(reading, sql=None, clarification=Clarification(message, options))


def validate_input(text: str, instructions: str) -> None:
    """Refuse what is no question before any work is spent on it."""
    if not text.strip():
        raise InputInvalid("The question is empty.", next_step='Ask something, e.g. "how many customers are there?".')
    for part in (text, instructions):
        if len(part) > LONGEST_QUESTION:
            raise InputInvalid(
                f"The text has {len(part):,} characters; {LONGEST_QUESTION:,} is the limit.",
                not_done="Nothing was read or run.",
                next_step="Ask a shorter question, or put definitions into the glossary.",
            )
        if "\x00" in part or any("\ud800" <= ch <= "\udfff" for ch in part):
            raise InputInvalid("The text holds characters that are not text (NUL or half a surrogate pair).")
