"""What a question says, in the forms that values take in SQL: words, numbers, periods, dates, yes and no."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pgwarden.context.ranking import words_of
from pgwarden.domain.question import Question
from pgwarden.domain.value_index import folded

EVERY = frozenset({"all", "every", "everything", "each", "any", "everyone", "everybody"})
NOTHING = frozenset({"null", "empty", "clear", "remove", "unset", "erase", "blank", "none", "no", "nothing"})
NOT = frozenset({"not", "no", "false", "off", "never", "un", "non", "isn", "aren", "don", "doesn", "without"})
YES = frozenset({"true", "yes", "on"})
RAISING = frozenset({"increase", "raise", "add", "grow", "up", "more", "higher"})
LOWERING = frozenset({"decrease", "reduce", "lower", "cut", "discount", "down", "less", "drop"})
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_UNITS = {name: name for name in ("second", "minute", "hour", "day", "week", "month", "quarter", "year")}
_UNITS |= {"sec": "second", "min": "minute", "mon": "month", "yr": "year"}
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ T]00:00(?::00)?)?")


@dataclass(frozen=True, slots=True)
class Said:
    """The text of a question and what comes with it."""

    text: str
    asked: str
    """The question alone: what is said of every row, of nothing, of yes and no is said there or nowhere."""

    @classmethod
    def of(cls, question: Question) -> Said:
        """The question with its instructions, and the glossary as far as the question uses its terms."""
        asked = folded(question.text)
        defined = (meaning for term, meaning in question.glossary if f" {folded(term)} " in f" {asked} ")
        return cls(" ".join([question.text, question.instructions, *defined]), question.text)

    @classmethod
    def in_conversation(cls, question: Question) -> Said:
        """The same, with the earlier turns, which a read may go on from."""
        earlier = (turn.question for turn in question.history)
        return cls(" ".join([cls.of(question).text, *earlier]), question.text)

    @property
    def words(self) -> frozenset[str]:
        return frozenset(words_of(self.text))

    def has(self, literal: str) -> bool:
        """Whether a value stands in the text, as whole words."""
        bare = folded(literal)
        return (
            not bare or f" {bare} " in f" {folded(self.text)} " or f" {bare} " in f" {' '.join(words_of(self.text))} "
        )

    def resembles(self, literal: str) -> bool:
        """Whether every word of a value has its stem in the text: "cancel" and "cancelled"."""
        return all(self.names([word]) for word in words_of(literal))

    def names(self, terms: Iterable[str]) -> bool:
        """Whether one of the words is in the text, in any of its forms."""
        said = self.words
        return any(term in said or any(_same_stem(term, word) for word in said) for term in terms)

    @property
    def numbers(self) -> frozenset[float]:
        found = {float(n) for n in re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d{3})", "", self.text))}
        return frozenset(found | {float(n) for n, word in enumerate(_NUMBERS) if word in self.words})

    def has_number(self, wanted: float) -> bool:
        """Whether a number is said, or is the factor or share of a percentage that is."""
        if wanted in self.numbers or (wanted < 0 and -wanted in self.numbers and "-" in self.text):
            return True
        if "%" not in self.text and "percent" not in self.text.lower():
            return False
        up, down = bool(RAISING & self.words), bool(LOWERING & self.words)
        factors = [(n / 100, True) for n in self.numbers]
        factors += [(1 + n / 100, up and not down) for n in self.numbers]
        factors += [(1 - n / 100, down and not up) for n in self.numbers]
        return any(usable and abs(wanted - factor) < 1e-9 for factor, usable in factors)

    def has_period(self, text: str) -> bool:
        """Whether an interval's numbers and units are said; a single unit needs no number ("last month")."""
        parts = re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]+)", text.lower())
        rest = re.sub(r"(\d+(?:\.\d+)?)\s*([a-z]+)", "", text.lower()).strip()
        units = {_UNITS.get(word) for word in self.words}
        if not parts or rest:
            return False
        return all(
            (unit := _UNITS.get(name.removesuffix("s"))) is not None
            and unit in units
            and (float(amount) in self.numbers or float(amount) == 1)
            for amount, name in parts
        )

    def has_moment(self, text: str) -> bool:
        """Whether a date is said: as it is, or its year with the month's name, the first day of either understood."""
        if self.has(text):
            return True
        found = _DATE.fullmatch(text)
        if found is None or float(found[1]) not in self.numbers:
            return False
        month, day = int(found[2]), int(found[3])
        named = any(word.startswith(_MONTHS[month - 1]) for word in self.words) if 1 <= month <= 12 else False
        return (named and (day == 1 or float(day) in self.numbers)) or (month == day == 1 and not self._names_a_month)

    @property
    def _names_a_month(self) -> bool:
        return any(word[:3] in _MONTHS and len(word) >= 3 for word in self.words)

    def has_truth(self, truth: bool, terms: frozenset[str]) -> bool:
        """Whether yes or no is said: outright, or by the column's own word, with or without a "not"."""
        said = frozenset(words_of(self.asked))
        negated = bool(NOT & said)
        if truth:
            return bool(YES & said) or (not negated and not terms.isdisjoint(said))
        return negated

    @property
    def means_every_row(self) -> bool:
        return not EVERY.isdisjoint(words_of(self.asked))

    @property
    def means_nothing(self) -> bool:
        return not NOTHING.isdisjoint(words_of(self.asked))


def _same_stem(one: str, other: str) -> bool:
    """Whether one word goes on from the other, a final e apart: price and pricing, cancel and cancelled."""
    short, long = sorted((one, other), key=len)
    stems = short, short.removesuffix("e")
    return any(len(stem) >= 4 and long.startswith(stem) and len(long) - len(stem) <= 4 for stem in stems)
