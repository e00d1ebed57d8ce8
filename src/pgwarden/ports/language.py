"""Turning words into statements, over what a database holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.model_call import Budget, Completion, Prompt, Usage
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


class ModelClient(Protocol):
    """One language model at one provider. It has no tool; it gets text and gives text."""

    name: str
    """provider:model, as the settings have it."""

    async def complete(self, prompt: Prompt) -> Completion:
        """One request, never repeated by itself. Raises ModelFailed."""
        ...

    async def close(self) -> None: ...


class ModelLedger(Protocol):
    """What models cost, durable and shared by every process."""

    async def reserve(self, day: date, identity: str, tokens: int, budget: Budget) -> bool:
        """Set tokens aside before a call, for the identity and for all; False, and nothing done, above a budget."""
        ...

    async def settle(self, day: date, identity: str, *, reserved: int, used: int, cost: float) -> None:
        """Put what a call really took in the place of what was set aside."""
        ...

    async def usage(self, day: date) -> tuple[Usage, ...]:
        """Everyone's use of that day; the sum stands under the identity ''."""
        ...


class LanguageEngine(Protocol):
    """Turns a question into a reading over one catalog."""

    name: str

    async def translate(self, question: Question, catalog: Catalog, values: ValueIndex) -> Reading: ...
