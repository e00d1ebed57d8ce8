"""How good an engine is on a team's own questions: what each answer was worth, and the sums over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import islice, product
from statistics import median

from pgwarden.domain.result import to_json_value

BANDS = (0.0, 0.5, 0.7, 0.8, 0.9)
"""Lower ends of the confidence bands of the calibration table."""
ARRANGEMENTS = 1000
"""Ways of pairing columns that are tried before two results count as different."""

Rows = Sequence[Sequence[object]]


class Outcome(StrEnum):
    """What one answer was worth."""

    CORRECT = "correct"
    """The rows of a gold query, whatever the order of the columns."""
    SUBSET = "subset"
    """The rows of a gold query, with further columns beside them."""
    BOTH_EMPTY = "both empty"
    """Neither it nor a gold query gives a row, which says little: it is counted apart, as neither right nor wrong."""
    WRONG = "wrong"
    ASKED = "asked"
    REFUSED = "refused"
    ERROR = "error"
    """The two results could not be compared: one did not run, was cut, or was masked."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question with what answers it. Any one of several gold queries will do; an unanswerable one has none."""

    id: object
    question: str
    gold: tuple[str, ...]
    answerable: bool = True
    instructions: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """One case, answered. ``milliseconds`` is the time of the translation alone."""

    case: Case
    outcome: Outcome
    sql: str | None
    confidence: float
    milliseconds: float
    why: str = ""
    engine: str = ""
    """Which engine answered, or asked."""


@dataclass(frozen=True, slots=True)
class Band:
    """Answers whose confidence is at least ``lower``, and how many of them were right."""

    lower: float
    answered: int
    right: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What language models took meanwhile: calls, tokens, US dollars, and the tokens whose price is unknown."""

    calls: int = 0
    tokens: int = 0
    cost: float = 0.0
    unpriced: int = 0

    def since(self, before: Spent) -> Spent:
        """What was added after an earlier count."""
        return Spent(
            self.calls - before.calls, self.tokens - before.tokens, self.cost - before.cost,
            self.unpriced - before.unpriced,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every scored case, and the sums."""

    scored: tuple[Scored, ...]
    spent: Spent = Spent()

    @property
    def outcomes(self) -> dict[str, int]:
        counted = Counter(one.outcome for one in self.scored)
        return {outcome.value: counted[outcome] for outcome in Outcome}

    @property
    def table(self) -> tuple[tuple[Outcome, int, int], ...]:
        """Each outcome with how many answerable and how many unanswerable questions had it."""
        counted = Counter((one.outcome, one.case.answerable) for one in self.scored)
        return tuple((outcome, counted[outcome, True], counted[outcome, False]) for outcome in Outcome)

    @property
    def precision(self) -> float | None:
        """The share of right ones among the answers that could be judged; None where there is none."""
        judged = [one for one in self.scored if _judged(one)]
        return sum(_right(one) for one in judged) / len(judged) if judged else None

    @property
    def unanswerable(self) -> tuple[int, int]:
        """Of the unanswerable questions: how many were not answered, and how many there are."""
        those = [one for one in self.scored if not one.case.answerable]
        return sum(one.sql is None for one in those), len(those)

    @property
    def calibration(self) -> tuple[Band, ...]:
        bands = []
        for lower, upper in zip(BANDS, (*BANDS[1:], 2.0), strict=True):
            inside = [one for one in self.scored if _judged(one) and lower <= one.confidence < upper]
            bands.append(Band(lower, len(inside), sum(map(_right, inside))))
        return tuple(bands)

    @property
    def failures(self) -> tuple[Scored, ...]:
        """What somebody should look at: all but right answers and unanswerable questions not answered."""
        return tuple(one for one in self.scored if not _right(one) and (one.case.answerable or one.sql is not None))

    @property
    def median_milliseconds(self) -> float:
        return median(one.milliseconds for one in self.scored) if self.scored else 0.0


def compared(gold: Rows, answer: Rows, *, ordered: bool) -> Outcome:
    """CORRECT, SUBSET, WRONG or BOTH_EMPTY. Rows are compared as a multiset; ``ordered`` wants gold's order too."""
    if len(gold) != len(answer):
        return Outcome.WRONG
    if not gold:
        return Outcome.BOTH_EMPTY
    wanted, given = _columns(gold), _columns(answer)
    same = Outcome.CORRECT if len(wanted) == len(given) else Outcome.SUBSET
    return same if any(_equal(wanted, chosen, ordered) for chosen in _pairings(wanted, given)) else Outcome.WRONG


def _pairings(wanted: list[list[str]], given: list[list[str]]) -> Iterator[list[list[str]]]:
    """Choices of as many given columns as are wanted, each with the values of the wanted one in its place."""
    values = [Counter(column) for column in given]
    fitting = [[place for place, counted in enumerate(values) if counted == Counter(column)] for column in wanted]
    for places in islice(product(*fitting), ARRANGEMENTS):
        if len(set(places)) == len(places):
            yield [given[place] for place in places]


def _equal(wanted: list[list[str]], chosen: list[list[str]], ordered: bool) -> bool:
    if ordered:
        return wanted == chosen
    return Counter(zip(*wanted, strict=True)) == Counter(zip(*chosen, strict=True))


def _columns(rows: Rows) -> list[list[str]]:
    return [[_comparable(value) for value in column] for column in zip(*rows, strict=True)]


def _comparable(value: object) -> str:
    """A value as text: numbers of all types alike, fractions to ten digits (averages differ in the last)."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number = Decimal(str(value))
        if not number.is_finite():
            return f"number {number}"
        return f"number {int(number)}" if number == number.to_integral_value() else f"number {number:.10g}"
    return f"{type(value).__name__} {to_json_value(value)!r}"


def _judged(one: Scored) -> bool:
    return one.outcome in (Outcome.CORRECT, Outcome.SUBSET, Outcome.WRONG)


def _right(one: Scored) -> bool:
    return one.outcome in (Outcome.CORRECT, Outcome.SUBSET)
