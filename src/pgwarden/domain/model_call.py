"""What is asked of a language model, what comes back, and when a failing one is left alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import inf
from typing import Any


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request: what pgwarden instructs, and the material it is about, fenced."""

    instructions: str
    material: str
    most_output: int = 2000
    """Tokens that the answer may have."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's answer as it came: text, not to be trusted. Tokens as the provider counted them."""

    text: str
    input_tokens: int
    output_tokens: int
    cut: bool = False
    """The answer ended at the limit of its length."""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What one model took of a day's use."""

    model: str
    """provider:model; '' for what was counted before models were told apart."""
    calls: int
    tokens: int
    cost: float
    """US dollars, by the prices in the settings."""
    unpriced: int = 0

    @property
    def provider(self) -> str:
        return self.model.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and cost of one identity on one day; an identity of '' is everyone together."""

    day: date
    identity: str
    calls: int
    tokens: int
    cost: float
    """US dollars, by the prices in the settings."""
    unpriced: int = 0
    """Of the tokens: those of models whose price is not in the settings, and that the cost leaves out."""
    models: tuple[ModelUse, ...] = ()
    """The same by model, by name; together they are the whole."""


def use_counts(use: Usage | ModelUse) -> dict[str, Any]:
    """The figures of a use, as programs get them; dollars to six digits."""
    return {
        "calls": use.calls,
        "tokens": use.tokens,
        "cost": round(use.cost, 6),
        "unpriced_tokens": use.unpriced,
    }


@dataclass(frozen=True, slots=True)
class Budget:
    """The most tokens and, where it is set, the most US dollars a day, for each identity and for all together."""

    person_tokens: int
    all_tokens: int
    person_dollars: float | None = None
    all_dollars: float | None = None

    @property
    def in_money(self) -> bool:
        """Whether money is limited, so that what a call costs has to be known."""
        return self.person_dollars is not None or self.all_dollars is not None


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens."""

    input: float
    output: float

    @classmethod
    def parse(cls, text: str) -> tuple[str, Prices]:
        """``provider:model=INPUT/OUTPUT``. Raises ValueError."""
        name, _, prices = text.rpartition("=")
        into, _, out = prices.partition("/")
        try:
            found = cls(float(into), float(out))
        except ValueError:
            found = cls(-1, -1)
        if ":" not in name or not (0 <= found.input < inf and 0 <= found.output < inf):
            raise ValueError("provider:model=INPUT/OUTPUT is expected, US dollars for a million tokens")
        return name, found

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """Dollars for one call."""
        return (input_tokens * self.input + output_tokens * self.output) / 1_000_000


@dataclass(frozen=True, slots=True)
class Circuit:
    """Whether a provider is called: after some failures in a row it rests, then one call may try it again."""

    failures: int = 0
    opened_at: float | None = None
    """Seconds on the caller's clock; None while it is closed."""
    said: str = ""
    """The last failure, in words."""

    def allows(self, now: float) -> bool:
        """Whether a call may go out."""
        return self.opened_at is None or now - self.opened_at >= REST

    def trying(self, now: float) -> Circuit:
        """The circuit while a call is out: an open one lets nobody else try until that one has ended, or a rest."""
        return self if self.opened_at is None else Circuit(self.failures, now, self.said)

    def failed(self, now: float, said: str = "") -> Circuit:
        """The circuit after a failure."""
        failures = self.failures + 1
        return Circuit(failures, now if failures >= THRESHOLD else None, said)

    def state(self, now: float) -> str:
        """For people: closed, open, or half-open when the next call tries it."""
        return "closed" if self.opened_at is None else "half-open" if self.allows(now) else "open"

    def wait(self, now: float) -> float:
        """Seconds until a call may go out."""
        return 0.0 if self.opened_at is None else max(0.0, self.opened_at + REST - now)


THRESHOLD = 3
"""Failures in a row after which a model rests."""
REST = 60.0
"""Seconds."""
LONGEST_WAIT = 8.0


def wait_before(attempt: int, retry_after: float | None) -> float | None:
    """Seconds before retry ``attempt`` (1-based); None when the provider asks for more than anyone wants to wait."""
    if retry_after is not None:
        return max(retry_after, 0.0) if retry_after <= LONGEST_WAIT else None
    return float(min(0.5 * 2 ** (attempt - 1), LONGEST_WAIT))
