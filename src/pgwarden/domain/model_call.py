"""What is asked of a language model, what comes back, and when a failing one is left alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


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
class Usage:
    """Tokens and cost of one identity on one day; an identity of '' is everyone together."""

    day: date
    identity: str
    calls: int
    tokens: int
    cost: float
    """US dollars, by the prices in the settings."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The most tokens a day, for each identity and for all together."""

    person_tokens: int
    all_tokens: int


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens."""

    input: float = 0.0
    output: float = 0.0

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """Dollars for one call."""
        return (input_tokens * self.input + output_tokens * self.output) / 1_000_000


@dataclass(frozen=True, slots=True)
class Circuit:
    """Whether a provider is called: after some failures in a row it rests, then one call may try it again."""

    failures: int = 0
    opened_at: float | None = None
    """Seconds on the caller's clock; None while it is closed."""
    threshold: int = 3
    rest: float = 60.0

    def allows(self, now: float) -> bool:
        """Whether a call may go out."""
        return self.opened_at is None or now - self.opened_at >= self.rest

    def trying(self, now: float) -> Circuit:
        """The circuit while a call is out: an open one lets nobody else try until that one has ended, or a rest."""
        return self if self.opened_at is None else Circuit(self.failures, now, self.threshold, self.rest)

    def failed(self, now: float) -> Circuit:
        """The circuit after a failure."""
        failures = self.failures + 1
        return Circuit(failures, now if failures >= self.threshold else None, self.threshold, self.rest)

    def succeeded(self) -> Circuit:
        """The circuit after an answer."""
        return Circuit(threshold=self.threshold, rest=self.rest)

    def state(self, now: float) -> str:
        """For people: closed, open, or half-open when the next call tries it."""
        return "closed" if self.opened_at is None else "half-open" if self.allows(now) else "open"


LONGEST_WAIT = 8.0


def wait_before(attempt: int, retry_after: float | None) -> float | None:
    """Seconds before retry ``attempt`` (1-based); None when the provider asks for more than anyone wants to wait."""
    if retry_after is not None:
        return max(retry_after, 0.0) if retry_after <= LONGEST_WAIT else None
    return float(min(0.5 * 2 ** (attempt - 1), LONGEST_WAIT))
