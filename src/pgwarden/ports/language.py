"""Turning words into statements, over what a database holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Protocol

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.model_call import Budget, Circuit, Completion, Prompt, Usage
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


Heard = Callable[[str], None]
"""Takes one more piece of an answer that is still coming."""


class ModelClient(Protocol):
    """One language model at one provider. It has no tool; it gets text and gives text."""

    name: str
    """provider:model, as the settings have it."""

    async def complete(self, prompt: Prompt, heard: Heard = ...) -> Completion:
        """One request, never repeated by itself; ``heard`` gets the answer's pieces while it comes. Cancelling ends
        the request at the provider too. Raises ModelFailed."""
        ...

    async def close(self) -> None: ...


class ModelLedger(Protocol):
    """What models cost, durable and shared by every process."""

    async def reserve(self, day: date, identity: str, model: str, tokens: int, cost: float, budget: Budget) -> bool:
        """Set tokens and US dollars aside before a call of a model, for the identity and for all; False, and nothing
        done, above a budget."""
        ...

    async def settle(self, day: date, identity: str, model: str, *, tokens: int, cost: float, unpriced: int) -> None:
        """Correct what was set aside by what a call really took: differences, either way; ``unpriced`` are those of
        the tokens whose price is unknown."""
        ...

    async def usage(self, since: date) -> tuple[Usage, ...]:
        """Everyone's use of each day from then on, the newest first; a day's sum stands under the identity ''. Each
        with its models."""
        ...


class ModelHealth(Protocol):
    """Which models fail, shared by every process: one that has failed too often rests for all of them."""

    async def admit(self, model: str) -> tuple[Circuit, float] | None:
        """None when a call may go out; else the circuit that forbids it, and the moment by its own clock."""
        ...

    async def ended(self, model: str, failure: str = "") -> None:
        """What came of a call: '' when it was answered."""
        ...

    async def circuits(self) -> Mapping[str, tuple[Circuit, float]]:
        """Those that have failures, with the moment by their own clock."""
        ...


class LanguageEngine(Protocol):
    """Turns a question into a reading over one catalog."""

    name: str

    async def translate(self, question: Question, catalog: Catalog, values: ValueIndex) -> Reading: ...
