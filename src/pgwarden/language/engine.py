"""The built-in engine: words to SQL without a model, in milliseconds."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.question import Question, Reading
from pgwarden.language.draft import Draft
from pgwarden.language.generate import Generator, NoJoinPath
from pgwarden.language.index import LexicalIndex
from pgwarden.language.joins import JoinGraph
from pgwarden.language.linking import Linker
from pgwarden.language.reader import read as read_block
from pgwarden.language.tokens import split_sentences, tokenize
from pgwarden.ports import ValueIndex


@dataclass(slots=True)
class Knowledge:
    """Everything prepared for one catalog version and one value index."""

    index: LexicalIndex
    graph: JoinGraph
    linker: Linker


@dataclass(slots=True)
class BuiltInEngine:
    """Implements ports.LanguageEngine. Indexes are kept per catalog version, the least recently used dropped."""

    name: str = "built-in"
    kept: int = 8
    _known: OrderedDict[tuple[str, int], Knowledge] = field(default_factory=OrderedDict)

    async def translate(self, question: Question, catalog: Catalog, values: ValueIndex) -> Reading:
        """The reading of a question; never raises for what a person may type."""
        return self.read(question, catalog, values)

    def read(self, question: Question, catalog: Catalog, values: ValueIndex) -> Reading:
        """The same without a loop: pure, deterministic."""
        knowledge = self.knowledge(catalog, values)
        draft = Draft(knowledge.index, knowledge.graph, knowledge.linker, (), [], question.today)
        sentences = split_sentences(tokenize(question.text))
        block = read_block(draft, sentences)
        if block is None:
            return Reading(question.text, None, 0.0, self.name)
        hints = frozenset(t.lemma for s in sentences for t in s)
        try:
            sql = Generator(knowledge.index, knowledge.graph, hints).sql(block)
        except NoJoinPath:
            return Reading(question.text, None, 0.0, self.name)
        return Reading(question.text, sql, 0.5, self.name, state=block)

    def knowledge(self, catalog: Catalog, values: ValueIndex) -> Knowledge:
        """The index over a catalog, built on first use."""
        key = (catalog.version or str(id(catalog)), id(values))
        found = self._known.get(key)
        if found is None or found.linker.values is not values:
            index = LexicalIndex.of(catalog)
            found = Knowledge(index, JoinGraph.of(index), Linker(index, values))
            self._known[key] = found
            while len(self._known) > self.kept:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return found
