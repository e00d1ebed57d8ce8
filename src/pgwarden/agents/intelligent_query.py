"""IntelligentQueryAgent: from words to SQL, and the judgement of SQL before anything runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pgwarden.agents.model_engine import ModelEngine
from pgwarden.context.ranking import words_of
from pgwarden.domain.catalog import Catalog, Constraint, Relation
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.feedback import Lesson, alike, likeness
from pgwarden.domain.intent_json import GivenIntent
from pgwarden.domain.model_call import Prompt
from pgwarden.domain.question import Option, Question, Reading
from pgwarden.domain.result import ReadLimits
from pgwarden.domain.statement import Decision, Verdict
from pgwarden.language.engine import BuiltInEngine
from pgwarden.language.intents import IntentReader
from pgwarden.language.lexicon import FILLER
from pgwarden.language.morphology import lemma, root
from pgwarden.ports import LanguageEngine, ReadRunner, ValueIndex
from pgwarden.sql.given_conditions import agrees, require_condition
from pgwarden.sql.row_checks import orphans, picking
from pgwarden.sql.siblings import sibling
from pgwarden.sql.verdict import verdict_of

LEARNT = 0.95
"""Confidence in SQL that a person vouched for, with other values in it."""


PARAPHRASED = 0.9
"""Confidence in SQL that a person vouched for, for a question that says the same in other words."""
MOST_READ = 12
"""Vouched questions that are read again for one question, the likest first."""


class IntelligentQueryAgent:
    """Translates with the engines in order of preference; the first that answers wins, the last one's doubt is kept."""

    def __init__(self, engines: Sequence[LanguageEngine]) -> None:
        self._engines = tuple(engines)
        own = [engine for engine in engines if isinstance(engine, BuiltInEngine)]
        self._built_in = own[0] if own else BuiltInEngine()

    async def translate(self, question: Question, catalog: Catalog, values: ValueIndex) -> Reading:
        """The best reading of a question; its ``sql`` is None when every engine asks back."""
        asked = question.errand.engine if question.errand else "auto"
        best: Reading | None = None
        notes: tuple[str, ...] = ()
        for engine in self._wanted(asked):
            found = await engine.translate(question, catalog, values)
            found = replace(found, notes=(*notes, *found.notes))
            if found.failed:
                notes = (*found.notes, f"No {engine.name} engine could answer; the next one goes on.")
            elif found.sql is not None or found.final or engine.name == asked:
                return found
            if best is None or best.failed or found.confidence > best.confidence:
                best = found
        assert best is not None, "bootstrap gives at least one engine"
        return best

    def _wanted(self, wanted: str) -> list[LanguageEngine]:
        """The engines to ask in turn. A model that was asked for and cannot answer has the built-in one behind it."""
        known = {engine.name for engine in self._engines}
        if wanted != "auto" and wanted not in known:
            raise InputInvalid(
                "No language model is set up." if wanted == "model" else f"There is no engine named {wanted}.",
                why="The engines are auto, built-in and model; a model needs the setting llm_primary.",
                not_done="The question was not translated.",
                next_step="Set PGWARDEN_LLM_PRIMARY, e.g. groq:NAME, or use --engine built-in.",
            )
        return [engine for engine in self._engines if wanted in ("auto", "model") or engine.name == wanted]

    def learnt(self, reading: Reading, lesson: Lesson, visible: Catalog, values: ValueIndex) -> Reading | None:
        """What was vouched for on a question that differs in values alone, with those of this one."""

        def grounded(old: str, asked: str) -> str | None:
            """As a column that holds both spells it; columns out of sight ground nothing."""
            for hit in values.find(asked):
                relation = visible.relations.get(hit.relation_oid)
                seen = relation is not None and relation.column_at(hit.column) is not None
                same = seen and hit.value.casefold() == asked.casefold()
                if same and old in values.values(hit.relation_oid, hit.column):
                    return hit.value
            return None

        for example in lesson.others:
            sql = sibling(reading.question, example.question, example.sql, grounded)
            if sql is None or sql in lesson.wrong:
                continue
            if self.validate(sql, visible).decision is Decision.ALLOW:
                said = f"as {example.identity} vouched for “{example.question}”, with the values asked for"
                return Reading(reading.question, sql, LEARNT, "verified example", reading.intent, said)
        return None

    def said_otherwise(
        self, question: Question, reading: Reading, lesson: Lesson, visible: Catalog, values: ValueIndex
    ) -> Reading | None:
        """What was vouched for on a question that the built-in engine reads to the same SQL in other words."""
        own = reading if reading.engine == self._built_in.name else self._built_in.read(question, visible, values)
        best = _best(own)
        nearest = sorted(lesson.others, key=lambda example: -likeness(question.text, example.question))
        for example in nearest[:MOST_READ] if best else ():
            other = self._built_in.read(replace(question, text=example.question), visible, values)
            sure = own.sql is not None and other.sql is not None
            if _best(other) != best or not (sure or _same_words(question.text, example.question)):
                continue
            if example.sql not in lesson.wrong and self.validate(example.sql, visible).decision is Decision.ALLOW:
                said = f"as {example.identity} vouched for “{example.question}”, which says the same"
                return Reading(reading.question, example.sql, PARAPHRASED, "verified example", reading.intent, said)
        return None

    def reminded(self, reading: Reading, lesson: Lesson, visible: Catalog) -> Reading:
        """A question back, with what was vouched for on questions in much the same words as further options."""
        doubt = reading.clarification
        if reading.sql is not None or doubt is None:
            return reading
        others = [example for example in lesson.others if alike(reading.question, example.question)]
        allowed = [e for e in others if self.validate(e.sql, visible).decision is Decision.ALLOW]
        options = tuple(Option(f"as asked before: {e.question}", e.question, e.sql) for e in allowed[:3])
        return replace(reading, clarification=replace(doubt, options=(*doubt.options, *options)))

    async def preview(self, question: Question, catalog: Catalog, values: ValueIndex) -> Prompt | None:
        """What the model engine would send, None without one."""
        model = self._model
        return await model.preview(question, catalog, values) if model else None

    @property
    def asks_a_model(self) -> bool:
        """Whether there is a model to ask."""
        return self._model is not None

    @property
    def _model(self) -> ModelEngine | None:
        return next((engine for engine in self._engines if isinstance(engine, ModelEngine)), None)

    def generate(self, intent: GivenIntent, catalog: Catalog, values: ValueIndex) -> Reading:
        """SQL for an intent object; ``sql`` is None when a name or a value in it has no ground in this database."""
        knowledge = self._built_in.knowledge(catalog, values)
        return IntentReader(knowledge.index, knowledge.graph).read(intent)

    def validate(self, sql: str, catalog: Catalog) -> Verdict:
        """The verdict on a statement; nothing is sent anywhere."""
        return verdict_of(sql, catalog)

    def agrees(self, sql: str, conditions: str) -> bool:
        """Whether conditions given apart are the WHERE of a statement. InputInvalid when they are no condition."""
        return agrees(sql, conditions)

    def picking(self, relation: Relation, conditions: str) -> tuple[str, str]:
        """Two reads of the rows that a condition picks: one that names them, one that counts them. InputInvalid."""
        require_condition(conditions)
        return picking(relation, conditions)

    def orphans(self, child: Relation, parent: Relation, key: Constraint) -> str:
        """A read that counts the rows of a table whose foreign key points at nothing."""
        return orphans(child, parent, key)

    async def explain(self, verdict: Verdict, runner: ReadRunner, limits: ReadLimits) -> Mapping[str, object] | None:
        """The server's plan of a statement, or None for one that was refused or has no plan."""
        from pgwarden.domain.statement import StatementKind

        planned = {StatementKind.SELECT, StatementKind.INSERT, StatementKind.UPDATE, StatementKind.DELETE}
        if verdict.decision is Decision.REFUSE or verdict.kind not in {*planned, StatementKind.MERGE}:
            return None
        return await runner.explain(verdict, limits=limits)


def _same_words(question: str, other: str) -> bool:
    """Whether two questions have the same words in any form and order, those aside that carry no meaning."""
    said, known = ({root(lemma(word)) for word in words_of(text)} - FILLER for text in (question, other))
    return said == known


def _best(reading: Reading) -> str | None:
    """The SQL that a reading comes down to, sure or not."""
    return reading.sql or (reading.alternatives[0].sql if reading.alternatives else None)
