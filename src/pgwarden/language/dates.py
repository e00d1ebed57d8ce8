"""Periods in words ("last month", "past 30 days", "Q1 2023", "since March") → half-open ranges as SQL bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pgwarden.language.lexicon import MONTHS, UNITS
from pgwarden.language.tokens import Kind, Token


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time [lower, upper) and how many tokens said it. Bounds are SQL; None is open.

    ``year`` (and ``month``) are set when the words name a calendar year or month, for columns that hold plain years.
    """

    lower: str | None
    upper: str | None
    tokens: int
    words: str
    year: int | None = None
    month: int | None = None
    operator: str = "="
    """How ``year`` compares when the column is a plain year: = < <= > >=."""
    last_year: int | None = None
    """The last year of a range of years."""


def read_span(tokens: Sequence[Token], start: int, today: date | None) -> Span | None:
    """The period that begins at ``start``, or None. ``today`` None means the database's own clock."""
    clock = f"DATE '{today.isoformat()}'" if today else "current_date"
    reader = _Reader(tokens, start, clock)
    attempts = (
        reader.named_day, reader.last, reader.ago, reader.point_ago, reader.between, reader.bounded, reader.calendar
    )  # fmt: skip
    for attempt in attempts:
        reader.at = start
        found = attempt()
        if found is not None:
            lower, upper, extra = found
            words = " ".join(t.text for t in tokens[start : reader.at])
            return Span(lower, upper, reader.at - start, words, **extra)
    return None


def _interval(count: int, unit: str) -> str:
    """PostgreSQL has no quarters in its intervals: they are three months."""
    if unit == "quarter":
        count, unit = 3 * count, "month"
    return f"interval '{count} {unit}{'s' if count > 1 else ''}'"


_Found = tuple[str | None, str | None, dict[str, Any]]


class _Reader:
    """A cursor over tokens; each method tries one family of expressions and leaves ``at`` after it."""

    def __init__(self, tokens: Sequence[Token], start: int, clock: str) -> None:
        self.tokens, self.at, self.clock = tokens, start, clock

    def peek(self, offset: int = 0) -> Token | None:
        position = self.at + offset
        return self.tokens[position] if 0 <= position < len(self.tokens) else None

    def take(self, *words: str) -> bool:
        token = self.peek()
        if token is not None and token.lower in words:
            self.at += 1
            return True
        return False

    def number(self) -> int | None:
        token = self.peek()
        if token is not None and token.kind is Kind.NUMBER and not token.unit and token.value.isdigit():
            self.at += 1
            return int(token.value)
        return None

    def unit(self) -> str | None:
        token = self.peek()
        if token is not None and token.lemma in UNITS:
            self.at += 1
            return token.lemma
        return None

    def starting(self) -> None:
        self.take("in", "during", "over", "within", "for", "from", "on", "of")
        self.take("the")

    def named_day(self) -> _Found | None:
        self.take("on", "for", "from", "since")
        if self.take("today"):
            return self.clock, f"{self.clock} + 1", {}
        if self.take("yesterday"):
            return f"{self.clock} - 1", self.clock, {}
        if self.take("tomorrow"):
            return f"{self.clock} + 1", f"{self.clock} + 2", {}
        return None

    def last(self) -> _Found | None:
        """last month, this year, past 30 days, previous 2 quarters, next week."""
        self.starting()
        word = self.peek()
        if word is None or not self.take("last", "past", "previous", "this", "current", "next", "coming", "latest"):
            return None
        count = self.number()
        self.take("calendar", "full", "whole", "complete")
        unit = self.unit()
        if unit is None:
            return None
        whole = self._is_whole()
        return self._relative(word.lower, count, unit, whole)

    def _is_whole(self) -> bool:
        """ "not including the current month", "excluding this week": whole calendar units are meant."""
        saved = self.at
        previous = self.peek(-2)
        if previous is not None and previous.lower in ("calendar", "full", "whole", "complete"):
            return True
        self.take("(", ",")
        words = ("excluding", "except", "before")
        negated = self.take("not") and self.take("including", "counting")
        if negated or self.take(*words):
            self.take("the")
            if self.take("current", "this", "present") and self.unit():
                self.take(")")
                return True
        self.at = saved
        self._inclusive(saved)
        return False

    def _inclusive(self, saved: int) -> None:
        """Past "(inclusive of today)", which changes nothing; back where it was when something else follows."""
        self.take("(", ",")
        if self.take("inclusive", "including"):
            self.take("of")
            self.take("the")
            if self.take("today"):
                self.take("'s") and self.take("date")
                self.take(")")
                return
            if self.number() is not None and self.unit() and self.take("ago"):
                self.take(")")
                return
        self.at = saved

    def _relative(self, word: str, count: int | None, unit: str, whole: bool) -> _Found:
        this = f"date_trunc('{unit}', {self.clock})" if unit not in ("day", "hour", "minute") else self.clock
        step = _interval(count or 1, unit)
        if unit in ("hour", "minute"):
            return f"now() - {step}", "now()", {}
        if word in ("this", "current"):
            return this, f"{this} + {_interval(1, unit)}", {}
        if word in ("next", "coming"):
            return f"{this} + {_interval(1, unit)}", f"{this} + {_interval((count or 1) + 1, unit)}", {}
        if count is None and word in ("last", "previous"):
            return f"{this} - {step}", this, {}
        if whole:
            return f"{this} - {step}", this, {}
        return f"{self.clock} - {step}", None, {}

    def ago(self) -> _Found | None:
        """older than 6 months; more than 2 years ago; in the 3 weeks before; newer than 10 days."""
        older = None
        if self.take("older", "earlier", "before", "more", "over", "longer"):
            older = True
        elif self.take("newer", "younger", "less", "within", "after", "since"):
            older = False
        self.take("than")
        count = self.number()
        unit = self.unit() if count is not None else None
        if count is None or unit is None or older is None:
            return None
        said_ago = self.take("ago", "old", "back")
        first = self.tokens[self.at - (3 if not said_ago else 4)] if self.at >= 3 else None
        explicit = first is not None and (first.lower in ("than", "older", "newer", "before", "after", "since"))
        if not said_ago and not (explicit and self._starts_with("older", "newer", "younger", "earlier")):
            return None
        bound = f"{self.clock} - {_interval(count, unit)}"
        return (None, bound, {}) if older else (bound, None, {})

    def _starts_with(self, *words: str) -> bool:
        return any(t.lower in words for t in self.tokens[max(0, self.at - 5) : self.at])

    def point_ago(self) -> _Found | None:
        """ "3 months ago", "from 2 days ago": that day, week, month or year."""
        since = self.peek() is not None and self.take("since")
        self.starting()
        count = self.number()
        unit = self.unit() if count is not None else None
        if count is None or unit in (None, "hour", "minute") or not self.take("ago"):
            return None
        assert unit is not None
        this = self.clock if unit == "day" else f"date_trunc('{unit}', {self.clock})"
        lower = f"{this} - {_interval(count, unit)}"
        if since:
            return f"{self.clock} - {_interval(count, unit)}", None, {}
        return lower, (f"{this} - {_interval(count - 1, unit)}" if count > 1 else this), {}

    def between(self) -> _Found | None:
        """between A and B; from A to B (both ends meant, unless "exclusive" is said)."""
        opener = self.peek()
        if not self.take("between", "from"):
            return None
        first = self._point()
        if first is None:
            return None
        self.take("inclusive")
        if not self.take("and", "to", "until", "through", "till", "-"):
            return None
        second = self._point()
        if second is None:
            return None
        upper = second[0] if self.take("exclusive") else second[1]
        self.take("inclusive")
        both_years = len(first[2]) == 1 and len(second[2]) == 1
        extra = {"year": first[2]["year"], "last_year": second[2]["year"], "operator": "between"} if both_years else {}
        return (first[0], upper, extra) if opener else None

    def bounded(self) -> _Found | None:
        """since March 2020; before 2023-05-01; after June; until 2022; as of."""
        self.take("on", "starting")
        if self.take("or"):
            return None
        word = self.peek()
        if word is None or not self.take("since", "before", "after", "until", "till", "by", "from", "prior"):
            return None
        self.take("to", "the")
        self.take("end", "start", "beginning")
        self.take("of")
        self.take("the")
        self.take("year")
        point = self._point()
        self._onwards()
        if point is None or (word.lower == "by" and self.tokens[self.at - 1].kind is Kind.NUMBER):
            return None
        lower, upper, extra = point
        year = {"year": extra["year"]} if set(extra) == {"year"} else {}
        if word.lower in ("since", "from"):
            return lower, None, {**year, "operator": ">="} if year else {}
        if word.lower == "after":
            return upper, None, {**year, "operator": ">"} if year else {}
        if word.lower in ("until", "till", "by"):
            return None, upper, {**year, "operator": "<="} if year else {}
        return None, lower, {**year, "operator": "<"} if year else {}

    def calendar(self) -> _Found | None:
        """in 2021; in March 2021; in the first quarter of 2023; Q1 2023; on 2023-01-05."""
        opened = self.take("in", "during", "on", "for", "of", "at")
        self.take("the")
        self.take("month", "year", "date") and self.take("of")
        token = self.peek()
        if token is not None and token.kind is Kind.NUMBER and not opened:
            previous = self.tokens[self.at - 1] if self.at else None
            if previous is None or previous.lower != "year":
                return None
        point = self._point()
        if point is not None and self._onwards():
            return point[0], None, {**point[2], "operator": ">="} if set(point[2]) == {"year"} else {}
        return point

    def _onwards(self) -> bool:
        """Past "or later", "onwards", "and newer"."""
        saved = self.at
        if self.take("onwards", "onward", "forward"):
            return True
        if self.take("or", "and") and self.take("later", "newer", "after", "onwards", "younger"):
            return True
        self.at = saved
        return False

    def _point(self) -> _Found | None:
        """A day, a month, a quarter or a year."""
        saved = self.at
        self.take("the")
        self.take("month") and self.take("of")
        token = self.peek()
        if token is None:
            return None
        if token.kind is Kind.DATE:
            self.at += 1
            return self._day(token.value)
        if token.lower == "today":
            self.at += 1
            return self.clock, f"{self.clock} + 1", {}
        quarter = self._quarter(token)
        if quarter is not None:
            return quarter
        if token.lower in MONTHS and (token.capital or len(token.lower) > 3):
            return self._month(token)
        self.take("year")
        year = self.number()
        if year is not None and 1000 <= year <= 2999:
            return f"DATE '{year}-01-01'", f"DATE '{year + 1}-01-01'", {"year": year}
        self.at = saved
        return None

    def _day(self, value: str) -> _Found | None:
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return None
        return f"DATE '{day}'", f"DATE '{day + timedelta(days=1)}'", {}

    def _quarter(self, token: Token) -> _Found | None:
        ordinals = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 4}
        if token.lower in ("q1", "q2", "q3", "q4"):
            number = int(token.lower[1])
            self.at += 1
        elif token.lower in ordinals and (following := self.peek(1)) is not None and following.lemma == "quarter":
            number = ordinals[token.lower]
            self.at += 2
        else:
            return None
        self.take("of", "in")
        self.take("the")
        self.take("year")
        year = self.number()
        if year is None:
            start = f"date_trunc('year', {self.clock}) + interval '{3 * (number - 1)} months'"
            return start, f"date_trunc('year', {self.clock}) + interval '{3 * number} months'", {}
        end = f"{year + 1}-01-01" if number == 4 else f"{year}-{3 * number + 1:02d}-01"
        return f"DATE '{year}-{3 * number - 2:02d}-01'", f"DATE '{end}'", {}

    def _month(self, token: Token) -> _Found | None:
        month = MONTHS[token.lower]
        self.at += 1
        day = self._day_number()
        self.take(",", "of")
        year = self.number()
        if year is not None and not 1000 <= year <= 2999:
            self.at -= 1
            year = None
        if year is None:
            if day is not None:
                return None
            start = f"date_trunc('year', {self.clock}) + interval '{month - 1} months'"
            return start, f"date_trunc('year', {self.clock}) + interval '{month} months'", {"month": month}
        if day is not None:
            return self._day(f"{year}-{month:02d}-{day:02d}")
        end = date(year + month // 12, month % 12 + 1, 1)
        return f"DATE '{year}-{month:02d}-01'", f"DATE '{end}'", {"year": year, "month": month}

    def _day_number(self) -> int | None:
        token = self.peek()
        if token is not None and token.kind is Kind.NUMBER and token.value.isdigit() and 1 <= int(token.value) <= 31:
            self.at += 1
            return int(token.value)
        return None
