"""Turning words into statements, over what a database holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.question import Question, Reading


class ValueIndex(Protocol):
    """What values a database's columns hold, sampled; what the language engines link words to."""

    def find(self, phrase: str) -> Sequence[ValueHit]:
        """Columns whose values equal or resemble the phrase, best first."""
        ...

    def values(self, relation_oid: int, column: int) -> Sequence[str]:
        """Known common or sampled values of a column, most common first."""
        ...


class CachedValueIndex(ValueIndex, Protocol):
    """A value index that can be kept as JSON text."""

    def to_json(self) -> str: ...


class ValueHit(Protocol):
    """A column that holds a value like the phrase."""

    @property
    def relation_oid(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def value(self) -> str: ...
    @property
    def score(self) -> float: ...


class LanguageEngine(Protocol):
    """Turns a question into a reading over one catalog."""

    name: str

    async def translate(self, question: Question, catalog: Catalog, values: ValueIndex) -> Reading: ...
