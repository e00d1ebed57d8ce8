"""The model engine: a language model proposes, and everything it proposes is checked before anyone sees it."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files

from pgwarden.agents.model_road import ModelRoad
from pgwarden.context.disclosure import Disclosure, blanked, fenced
from pgwarden.context.doubt import Doubt
from pgwarden.context.ground import Ground
from pgwarden.context.grounding import change_doubts, read_doubts
from pgwarden.context.packing import Packed, pack, tokens
from pgwarden.context.proposal import Proposal, ProposalInvalid, parse, same_rows
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.errors import ModelBudgetSpent, ModelFailed, PgwardenError
from pgwarden.domain.feedback import Example, question_key
from pgwarden.domain.model_call import Completion, Prompt
from pgwarden.domain.question import Clarification, Intent, Option, Question, Reading, Taught
from pgwarden.domain.result import Result
from pgwarden.domain.statement import Decision, Verdict
from pgwarden.ports import Cache, LanguageEngine, ValueIndex
from pgwarden.sql.claims import claims_of
from pgwarden.sql.literals import without_values
from pgwarden.sql.verdict import verdict_of

LINE = 0.6
"""Readings less sure than this come back as a question."""
UNVERIFIED, VERIFIED, DISPUTED = 0.8, 0.95, 0.4
"""The most confidence without a second opinion, with one that agrees, and with one that does not."""
HEARD_STEP = 200
"""Characters of an answer between two words about it."""
ABSURD_ROWS = 1e9
"""Estimated rows of a plan that nobody means to see."""
DOUBTED = 0.7
"""What is left of the confidence in an answer that has findings against it."""
Plan = Callable[[str, str, Question], Awaitable[Mapping[str, object]]]
Read = Callable[[str, str, Question], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with an answer, for the model that gave it."""

    prompt: str
    """Which prompt tells what to do about it."""
    answer: str
    found: str


@dataclass(frozen=True, slots=True)
class _Proposed:
    """A model's text and what was made of it. One with a fault cannot be used; one with doubts may be wrong."""

    text: str
    proposal: Proposal | None = None
    verdict: Verdict | None = None
    fault: str = ""
    doubts: tuple[Doubt, ...] = ()


@dataclass(slots=True)
class ModelEngine:
    """Implements ports.LanguageEngine. ``roads``: the models in order of preference."""

    roads: Sequence[ModelRoad]
    cache: Cache
    disclosure: Disclosure
    explain: Plan
    """(database, sql, question) → the plan; raises PgwardenError when the server refuses the statement."""
    read: Read
    """(database, sql, question) → a bounded number of rows, within the rights of who asks."""
    examples: Callable[[str], Awaitable[tuple[Example, ...]]]
    judge: LanguageEngine
    """The engine that gives the second opinion where no validator model is set."""
    validator: ModelRoad | None = None
    budget: int = 8000
    """Tokens of context in one prompt."""
    repairs: int = 2
    cache_seconds: float = 86_400.0
    name: str = "model"
    boundary: Callable[[], str] = field(default=lambda: secrets.token_hex(12))

    async def preview(self, question: Question, catalog: Catalog, values: ValueIndex) -> Prompt:
        """Exactly what the first call would send, but for the mark, which is made anew each time."""
        return self._prompt(await self._packed(question, catalog, values), self.boundary())

    async def translate(self, question: Question, catalog: Catalog, values: ValueIndex) -> Reading:
        """The reading of a question; ``failed`` with the reasons when no model answers: another engine goes on."""
        packed = await self._packed(question, catalog, values)
        failures: tuple[str, ...] = ()
        for road in self.roads:
            self._tell(question, f"asking {road.name}")
            try:
                proposed = await self._propose(road, packed, question, catalog, values)
            except (ModelFailed, ModelBudgetSpent) as error:
                failures = (*failures, " ".join(filter(None, (error.what, error.why))))
                continue
            found = await self._checked(road, proposed, packed, question, catalog, values)
            return replace(found, notes=failures)
        doubt = Clarification(" ".join(failures))
        return Reading(question.text, None, 0.0, self.name, clarification=doubt, notes=failures, failed=True)

    async def _packed(self, question: Question, catalog: Catalog, values: ValueIndex) -> Packed:
        errand, disclosure = question.errand, self._disclosure(question)
        examples = await self.examples(errand.database) if errand and errand.taught is not Taught.NONE else ()
        if errand and errand.taught is Taught.OTHERS:
            examples = tuple(e for e in examples if question_key(e.question) != question_key(question.text))
        usable = [self._shown(e) for e in examples if verdict_of(e.sql, catalog).decision is not Decision.REFUSE]
        return pack(question, catalog, values, budget=self.budget, disclosure=disclosure, examples=usable)

    def _disclosure(self, question: Question) -> Disclosure:
        return replace(self.disclosure, hidden=question.errand.hidden) if question.errand else self.disclosure

    def _shown(self, example: Example) -> Example:
        """An example as it may leave: without the values that somebody else asked for, unless those may."""
        if self.disclosure.whole_examples:
            return example
        sql, given = without_values(example.sql)
        return replace(example, question=blanked(example.question, given), sql=sql)

    def _prompt(self, packed: Packed, boundary: str, fault: _Fault | None = None) -> Prompt:
        instructions = instruction("translate", boundary)
        material = packed.text(boundary)
        if fault is not None:
            instructions += "\n" + instruction(fault.prompt, boundary)
            material += "\n" + fenced("previous answer", _within(fault.answer, 1500), boundary)
            material += "\n" + fenced("what was found", _within(fault.found, 500), boundary)
        return Prompt(instructions, material)

    async def _propose(
        self, road: ModelRoad, packed: Packed, question: Question, catalog: Catalog, values: ValueIndex
    ) -> _Proposed:
        """A proposal that stands up to verdict and planner, perhaps repaired. Raises ModelFailed, ModelBudgetSpent.

        One that has doubts against it goes back once, with those that the model may know; of the two answers the one
        with fewer doubts is taken.
        """
        key = self._key(road, packed, catalog)
        kept = await self.cache.get(key)
        if kept is not None and not (known := await self._examined(kept, packed, question, catalog, values)).fault:
            return known
        fault: _Fault | None = None
        best: _Proposed | None = None
        for _ in range(self.repairs + 1):
            try:
                found = await self._answered(road, packed, question, catalog, values, fault)
            except (ModelFailed, ModelBudgetSpent):
                if best is None:
                    raise
                break
            if found.fault and best is None:
                fault = _Fault("repair", found.text, found.fault)
            elif best is not None:  # what came of a doubt
                best = min(best, found, key=lambda each: (bool(each.fault), len(each.doubts)))
                break
            else:
                best = found
                against = self._tellable(found.doubts, question, catalog, values)
                if not against:
                    break
                fault = _Fault("doubt", found.text, against)
            self._tell(question, f"repairing the answer of {road.name}")
        if best is not None:
            await self.cache.set(key, best.text, seconds=self.cache_seconds, tags=["models"])
            return best
        raise ModelFailed(
            f"The model {road.name} gave no statement that can be used.",
            why=fault.found if fault else "",
            not_done="Its proposals were thrown away.",
            next_step="Ask in other words.",
        )

    async def _answered(
        self,
        road: ModelRoad,
        packed: Packed,
        question: Question,
        catalog: Catalog,
        values: ValueIndex,
        fault: _Fault | None,
    ) -> _Proposed:
        """One call, and what is to be made of its answer."""
        answer = await self._ask(road, packed, question, fault)
        found = await self._examined(answer.text, packed, question, catalog, values)
        if found.proposal is None and answer.cut:
            return replace(found, fault="The answer was cut off at the limit of its length: answer in fewer words.")
        return found

    async def _examined(
        self, text: str, packed: Packed, question: Question, catalog: Catalog, values: ValueIndex
    ) -> _Proposed:
        """A model's text, held against its form, the verdict, the planner, the question and the data."""
        try:
            proposal = parse(text)
        except ProposalInvalid as error:
            return _Proposed(text, fault=str(error))
        if proposal.sql is None:
            return _Proposed(text, proposal)
        verdict = verdict_of(proposal.sql, catalog)
        fault = await self._fault(verdict, question)
        if fault:
            return _Proposed(text, proposal, verdict, fault)
        claims = claims_of(proposal.sql, catalog)
        if verdict.allowed:
            doubts = read_doubts(claims, question, catalog, values, packed.examples)
        else:
            doubts = change_doubts(claims, verdict, question, catalog, values)
        return _Proposed(text, proposal, verdict, doubts=doubts)

    def _tellable(self, doubts: Sequence[Doubt], question: Question, catalog: Catalog, values: ValueIndex) -> str:
        """The doubts that a model may be told: none about what a column holds whose values do not leave."""
        disclosure, ground = self._disclosure(question), Ground(question, catalog, values)

        def leaves(doubt: Doubt) -> bool:
            pairs = [(ground.column(place), ground.values_of(place)) for place in doubt.held]
            return all(pair is not None and disclosure.tells(catalog, *pair, known) for pair, known in pairs)

        return "; ".join(doubt.words for doubt in doubts if leaves(doubt))

    async def _ask(self, road: ModelRoad, packed: Packed, question: Question, fault: _Fault | None) -> Completion:
        who = question.errand.identity.name if question.errand else "nobody"
        heard = 0

        def hear(piece: str) -> None:
            nonlocal heard
            before, heard = heard, heard + len(piece)
            if heard // HEARD_STEP > before // HEARD_STEP or (piece and not before):
                self._tell(question, f"{road.name} is answering: {heard:,} characters")

        found = await road.complete(self._prompt(packed, self.boundary(), fault), who, hear)
        if found.refused:
            raise ModelFailed(f"The model {road.name} declined to answer.", next_step="Ask in other words.")
        return found

    def _key(self, road: ModelRoad, packed: Packed, catalog: Catalog) -> str:
        """Of everything that an answer depends on: glossary, examples and rights are in what was packed."""
        told = [road.name, catalog.version, self.disclosure.discloses, self.disclosure.personal]
        text = json.dumps([*told, instruction("translate", ""), packed.parts])
        return "model:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    async def _fault(self, verdict: Verdict, question: Question) -> str:
        """What stands against a statement, in words for the model; '' when nothing does."""
        if verdict.decision is Decision.REFUSE:
            return "; ".join(reason.message for reason in verdict.reasons)
        if verdict.parameters:
            return "Parameters such as $1 are not bound: write the values."
        if question.errand is None or not verdict.sql:
            return ""
        try:
            plan = await self.explain(question.errand.database, verdict.sql, question)
        except PgwardenError as error:
            return f"{error.what} {error.why}"
        return "The plan expects more rows than anyone reads: a join is missing." if _rows(plan) > ABSURD_ROWS else ""

    async def _checked(
        self,
        road: ModelRoad,
        proposed: _Proposed,
        packed: Packed,
        question: Question,
        catalog: Catalog,
        values: ValueIndex,
    ) -> Reading:
        proposal, verdict, doubts = proposed.proposal, proposed.verdict, proposed.doubts
        assert proposal is not None, "what cannot be used was thrown away"
        engine = f"model ({road.name})"
        if proposal.sql is None or verdict is None:
            options = tuple(Option(text, question=text) for text in proposal.options)
            return Reading(
                question.text, None, 0.0, engine, proposal.intent, proposal.explanation,
                Clarification(proposal.clarification, options),
            )  # fmt: skip
        intent = replace(proposal.intent or Intent(verdict.kind.value), intent_type=verdict.kind.value)
        others = tuple(
            Reading(question.text, sql, 0.0, engine, explanation="read otherwise")
            for sql in proposal.alternatives
            if verdict_of(sql, catalog).allowed
        )
        reading = Reading(
            question.text, proposal.sql, min(proposal.confidence, UNVERIFIED), engine, intent, proposal.explanation,
            None, proposal.assumptions, others,
        )  # fmt: skip
        if not verdict.allowed:
            against = "; ".join(doubt.words for doubt in doubts)
            return _asked(reading, f"Before anything is changed: {against}.", doubts) if doubts else reading
        if doubts:
            said = (*reading.assumptions, *(doubt.words for doubt in doubts))
            reading = replace(reading, confidence=reading.confidence * DOUBTED, assumptions=said)
        reading = await self._second_opinion(reading, packed, question, catalog, values)
        if reading.sql is None or reading.confidence >= LINE:
            return reading
        against = "; ".join(doubt.words for doubt in doubts)
        return _asked(reading, f"This is not sure: {against}." if against else "This is not sure.", doubts)

    async def _second_opinion(
        self, reading: Reading, packed: Packed, question: Question, catalog: Catalog, values: ValueIndex
    ) -> Reading:
        """The reading after another engine's word on it, compared by the rows that both give."""
        other, by = await self._other(packed, question, catalog, values)
        errand = question.errand
        if errand is None or not errand.may_read or reading.sql is None:
            return reading
        try:
            self._tell(question, "comparing readings by their rows")
            mine = await self.read(errand.database, reading.sql, question)
            if not mine.rows:
                reading = replace(
                    reading, confidence=reading.confidence * 0.9,
                    assumptions=(*reading.assumptions, "no row answers this"),
                )  # fmt: skip
            same = (
                same_rows(mine, await self.read(errand.database, other.sql, question)) if other and other.sql else None
            )
        except PgwardenError:  # what cannot be read gives no opinion; whoever runs the statement is told why
            return reading
        if same is None or other is None:
            return reading
        if same:
            return replace(
                reading,
                confidence=max(reading.confidence, VERIFIED if reading.confidence >= LINE else LINE),
                assumptions=(*reading.assumptions, f"{by} agrees: the same rows"),
            )
        message = f"Two readings give different rows; {by} reads it otherwise. Which is meant?"
        return _asked(replace(reading, confidence=DISPUTED, alternatives=(other, *reading.alternatives)), message)

    async def _other(
        self, packed: Packed, question: Question, catalog: Catalog, values: ValueIndex
    ) -> tuple[Reading | None, str]:
        """Another reading that may run, with the name of whose it is: the validator's, else the built-in engine's."""
        if question.errand is None or not question.errand.may_read:
            return None, ""
        if self.validator is not None:
            self._tell(question, f"asking {self.validator.name} for a second opinion")
            try:
                proposed = await self._propose(self.validator, packed, question, catalog, values)
            except (ModelFailed, ModelBudgetSpent):
                self._tell(question, f"{self.validator.name} gave no second opinion")
            else:
                proposal, verdict = proposed.proposal, proposed.verdict
                assert proposal is not None, "what cannot be used was thrown away"
                usable = proposal.sql is not None and verdict is not None and verdict.allowed
                engine = f"model ({self.validator.name})"
                said = proposal.explanation
                other = Reading(question.text, proposal.sql, proposal.confidence, engine, explanation=said)
                return (other if usable else None), self.validator.name
        found = await self.judge.translate(question, catalog, values)
        usable = found.sql is not None and verdict_of(found.sql, catalog).allowed
        return (found if usable else None), "the built-in engine"

    def _tell(self, question: Question, what: str) -> None:
        if question.errand is not None:
            question.errand.tell(what)


def instruction(name: str, boundary: str) -> str:
    """One of the prompts beside this file."""
    text = (files("pgwarden.agents") / "prompts" / f"{name}.md").read_text(encoding="utf-8")
    return text.replace("BOUNDARY", boundary)


def _asked(reading: Reading, message: str, doubts: Sequence[Doubt] = ()) -> Reading:
    """The reading as a question back: what was meant by an unknown value, else which of the readings."""
    shown = [reading, *reading.alternatives]
    near = [(doubt.literal, value) for doubt in doubts for value in doubt.nearest]
    options = [
        Option(f"{value}, not {literal}", _instead(reading.question, literal, value))
        for literal, value in near
        if literal.casefold() in reading.question.casefold()
    ]
    options += [Option(f"{r.explanation or r.sql} – as {r.engine} reads it", sql=r.sql) for r in shown if r.sql]
    doubt = Clarification(message, tuple(options))
    return replace(reading, sql=None, clarification=doubt, alternatives=tuple(shown), final=True)


def _instead(text: str, literal: str, value: str) -> str:
    return re.sub(re.escape(literal), lambda _: value, text, flags=re.IGNORECASE)


def _within(text: str, most: int) -> str:
    while tokens(text) > most:
        text = text[: len(text) * 3 // 4]
    return text


def _rows(plan: Mapping[str, object]) -> float:
    inner = plan.get("Plan")
    rows = inner.get("Plan Rows", 0) if isinstance(inner, Mapping) else 0
    return float(rows) if isinstance(rows, int | float) else 0.0
