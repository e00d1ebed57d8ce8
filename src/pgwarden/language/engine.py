"""The built-in engine: words to SQL without a model, in milliseconds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.question import Clarification, Complexity, Intent, Question, Reading, RiskLevel
from pgwarden.language.changes import Change, ChangeReader
from pgwarden.language.clarify import ask_about_change, clarify
from pgwarden.language.confidence import LINE, confidence, features
from pgwarden.language.coverage import coverage
from pgwarden.language.doubts import UNHELD, reasons, strongest
from pgwarden.language.draft import Draft
from pgwarden.language.followups import follow_up, is_follow_up
from pgwarden.language.forms import Block
from pgwarden.language.generate import Generator, NoJoinPath
from pgwarden.language.glossary import Definition, Glossary, defined_in
from pgwarden.language.ignored import ignored, missing
from pgwarden.language.index import LexicalIndex
from pgwarden.language.joins import JoinGraph
from pgwarden.language.linking import Linker
from pgwarden.language.metrics import metric, predicate
from pgwarden.language.morphology import root
from pgwarden.language.oddities import oddities
from pgwarden.language.paraphrase import Paraphrase, conditions_of, intent_of
from pgwarden.language.reader import prepare
from pgwarden.language.reader import read as read_block
from pgwarden.language.roles import add_roles
from pgwarden.language.tokens import Token, split_sentences, tokenize
from pgwarden.language.translation import ENGLISH, Lexicon
from pgwarden.ports import ValueIndex

TURNS_READ_AGAIN = 12
"""Earlier turns of a conversation that a follow-up may reach back through."""


@dataclass(slots=True)
class Knowledge:
    """Everything prepared for one catalog version and one value index."""

    index: LexicalIndex
    graph: JoinGraph
    linker: Linker
    terms: tuple[str, ...] = ()
    """Definitions that the schema's comments hold."""
    stems: Mapping[str, str] = field(default_factory=dict)
    """The words of its names without the endings of the questions' language."""


@dataclass(frozen=True, slots=True)
class State:
    """What a follow-up question continues from, and the features that the confidence came from."""

    block: Block
    features: tuple[tuple[str, float], ...] = ()


@dataclass(slots=True)
class BuiltInEngine:
    """Implements ports.LanguageEngine. Indexes are kept per catalog version, the least recently used dropped."""

    name: str = "built-in"
    kept: int = 8
    line: float = LINE
    """Readings less likely right than this come back as a question, with ``sql`` None."""
    lexicon: Lexicon = ENGLISH
    """The language of the questions."""
    _known: OrderedDict[tuple[str, int], Knowledge] = field(default_factory=OrderedDict)

    async def translate(self, question: Question, catalog: Catalog, values: ValueIndex) -> Reading:
        """The reading of a question; never raises for what a person may type."""
        return self.read(question, catalog, values)

    def read(self, question: Question, catalog: Catalog, values: ValueIndex) -> Reading:
        """The same without a loop: pure, deterministic."""
        knowledge = self.knowledge(catalog, values)
        tokens = self.lexicon.translate(tokenize(question.text[:4000]), knowledge.stems)
        change = ChangeReader(knowledge.index, knowledge.graph, knowledge.linker, question.today).read(tokens)
        if change is not None:
            return self._change(question, change, knowledge)
        return self._select(question, tokens, knowledge)

    def _select(self, question: Question, tokens: tuple[Token, ...], knowledge: Knowledge) -> Reading:
        glossary = Glossary.of(question, knowledge.terms)
        replaced, definitions = glossary.replace(tokens)
        sentences = split_sentences(replaced)
        draft = Draft(knowledge.index, knowledge.graph, knowledge.linker, (), [], question.today)
        draft.exact_text, draft.said = glossary.matching, replaced
        self._define(draft, sentences, definitions)
        followed = self._continued(question, knowledge, draft, sentences)
        block = followed or read_block(draft, sentences)
        if block is None:
            return self._nothing(question, clarify(draft, knowledge.index))
        hints = frozenset(t.lemma for t in tokens) | frozenset(root(t.lemma) for t in tokens)
        generator = Generator(knowledge.index, knowledge.graph, hints, frozenset(draft.related))
        parameters: list[str] = []
        try:
            sql = generator.sql(block)
            bound = Generator(knowledge.index, knowledge.graph, hints, generator.via, parameters=parameters).sql(block)
        except NoJoinPath as gap:
            return self._nothing(question, clarify(draft, knowledge.index, gap))
        named = followed is not None or any(item.tables and item.table_score() > 0.75 for item in draft.first_items)
        found = features(draft, block, generator.cost, named, len(sentences), len(tokens), bool(question.instructions))
        found["roles"] = float(min(1, generator.roles))
        found["repeated_sums"] = float(min(1, generator.repeated_sums))
        found["repeated_means"] = float(min(1, generator.repeated_means))
        found["ignored"] = float(ignored([t.lower for t in tokens], sql))
        found |= missing([t.lower for t in tokens], sql)
        lost = coverage([i for i in draft.first_items if i.lower not in draft.metrics], knowledge.index, sql)
        found |= lost.features() | oddities(draft, block)
        likely = confidence(found)
        reading = Reading(
            question.text, sql, likely, self.name, intent_of(block, knowledge.index),
            Paraphrase(knowledge.index).block(block), None, tuple(dict.fromkeys(draft.evidence.guesses)),
            state=State(block, tuple(found.items())), bound_sql=bound, parameters=tuple(parameters),
        )  # fmt: skip
        if likely >= self.line:
            return reading
        unheld = bool(UNHELD & set(strongest(found)[:1]))
        doubt = clarify(draft, knowledge.index, reading=reading, why=reasons(found, lost), unheld=unheld)
        return replace(reading, sql=None, bound_sql=None, parameters=(), clarification=doubt, alternatives=(reading,))

    def _continued(
        self, question: Question, knowledge: Knowledge, draft: Draft, sentences: list[tuple[Token, ...]]
    ) -> Block | None:
        """The block of a follow-up question, None when this is a question of its own."""
        earlier = self._earlier(question, knowledge)
        if earlier is None or len(sentences) != 1 or earlier.block.entity not in knowledge.index.entities:
            return None
        trial = Draft(knowledge.index, knowledge.graph, knowledge.linker, (), [], question.today)
        prepare(trial, sentences)
        if not is_follow_up(trial, sentences[0], earlier.block):
            return None
        return follow_up(draft, sentences[0], earlier.block)

    def _earlier(self, question: Question, knowledge: Knowledge) -> State | None:
        """The state that a follow-up continues from; turns that were stored without theirs are read again."""
        last: Reading | None = None
        for turn in question.history[-TURNS_READ_AGAIN:]:
            if turn.sql is None:
                continue
            if not isinstance(turn.state, State):
                known = (last,) if last else ()
                turn = self._select(
                    replace(question, text=turn.question, history=known),
                    self.lexicon.translate(tokenize(turn.question), knowledge.stems),
                    knowledge,
                )
            if isinstance(turn.state, State):
                last = turn
        return last.state if last is not None and isinstance(last.state, State) else None

    def _define(self, draft: Draft, sentences: list[tuple[Token, ...]], definitions: list[Definition]) -> None:
        """Puts defined metrics and predicates into the draft; what cannot be read counts against the reading."""
        if not definitions:
            return
        prepare(draft, sentences)
        for number, definition in enumerate(definitions):
            if definition.predicate:
                if not predicate(draft, definition.predicate):
                    draft.evidence.unknown.append(" ".join(definition.term))
                continue
            expression = metric(draft, definition)
            if expression is None:
                draft.evidence.unknown.append(" ".join(definition.term))
            else:
                draft.metrics[f"metric_{number}"] = expression
        draft.projecting = True

    def _nothing(self, question: Question, clarification: Clarification) -> Reading:
        return Reading(question.text, None, 0.0, self.name, clarification=clarification)

    def _change(self, question: Question, change: Change, knowledge: Knowledge) -> Reading:
        index = knowledge.index
        names = (index.entities[change.entity].relation.name.name,) if change.entity else ()
        conditions = conditions_of(change.where, index)
        risk = RiskLevel.HIGH if change.every_row and not change.where else RiskLevel.MEDIUM
        operations = (change.kind.lower(), *(f"set:{index.attribute(f).name}" for f, _ in change.assignments))
        intent = Intent(change.kind, names, operations, conditions, Complexity.SIMPLE, risk)
        said = self._say_change(change, index)
        guesses = tuple(dict.fromkeys(change.evidence.guesses))
        if change.doubts:
            return Reading(question.text, None, 0.2, self.name, intent, said, ask_about_change(change, index), guesses)
        return Reading(
            question.text, change.sql, 0.92, self.name, intent, said, None, guesses,
            bound_sql=change.bound_sql, parameters=tuple(change.parameters),
        )  # fmt: skip

    def _say_change(self, change: Change, index: LexicalIndex) -> str:
        if not change.entity:
            return change.kind.lower()
        say = Paraphrase(index)
        table = index.entities[change.entity].relation.name.name.replace("_", " ")
        where = " where " + " and ".join(say.condition(c) for c in change.where) if change.where else ""
        sets = ", ".join(f"{index.attribute(f).name.replace('_', ' ')} to {v}" for f, v in change.assignments)
        if change.kind == "DELETE":
            return f"delete {table}{where or ' (every row)'}"
        if change.kind == "INSERT":
            return f"add to {table}: {sets}"
        return f"in {table}, set {sets}{where or ' in every row'}"

    def knowledge(self, catalog: Catalog, values: ValueIndex) -> Knowledge:
        """The index over a catalog, built on first use."""
        key = (catalog.version or str(id(catalog)), id(values))
        found = self._known.get(key)
        if found is None or found.linker.values is not values:
            index = LexicalIndex.of(catalog)
            found = Knowledge(index, JoinGraph.of(index), Linker(index, values), defined_in(_comments(catalog)))
            add_roles(index, found.graph)
            index.warm()
            index.understand(self.lexicon.meanings(index.words()))
            found.stems = self.lexicon.stems((*index.words(), *found.linker.known.words()))
            found.linker.known.stored()
            self._known[key] = found
            while len(self._known) > self.kept:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return found


def _comments(catalog: Catalog) -> Iterator[str]:
    """Comments on the tables and columns that the reader may see."""
    for relation in catalog.user_relations:
        if relation.selectable:
            yield relation.comment or ""
            yield from (column.comment or "" for column in relation.columns if column.selectable)
