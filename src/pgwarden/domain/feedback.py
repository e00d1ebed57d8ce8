"""What people said about answers, and the examples that follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from pgwarden.domain.session import LONGEST_QUESTION, LONGEST_SQL
from pgwarden.domain.storable import require_storable, require_zone


def question_key(text: str) -> str:
    """Two questions with the same key are the same question: case, spaces and the closing mark do not count."""
    return " ".join(text.casefold().split()).strip("?.! ")


LIKE = 0.6
"""Share of all their words that two questions have in common, from which one may stand for the other."""


def likeness(question: str, other: str) -> float:
    """The share of all their words that two questions have in common, in any order: 0 to 1."""
    mine, theirs = set(question_key(question).split()), set(question_key(other).split())
    return len(mine & theirs) / len(mine | theirs) if mine and theirs else 0.0


def alike(question: str, other: str) -> bool:
    """Whether two questions use mostly the same words, in any order."""
    return likeness(question, other) >= LIKE


@dataclass(frozen=True, slots=True)
class Lesson:
    """What earlier judgements say about one question."""

    example: Example | None = None
    """SQL that somebody vouched for, the newest."""
    wrong: frozenset[str] = frozenset()
    """SQL that was judged wrong, and not right later on."""
    others: tuple[Example, ...] = ()
    """What was vouched for on other questions of the database, the newest first."""

    def without(self, question: str) -> Lesson:
        """The same as if nobody had ever vouched for this very question."""
        key = question_key(question)
        return replace(self, example=None, others=tuple(e for e in self.others if question_key(e.question) != key))


def lesson_of(question: str, judgements: Iterable[Feedback]) -> Lesson:
    """What was said about this very question; ``judgements`` come newest first."""
    key = question_key(question)
    judged = tuple(judgements)
    said = [judgement for judgement in judged if question_key(judgement.question) == key]
    vouched = [example for judgement in said if (example := judgement.example) is not None]
    right = {example.sql for example in vouched}
    wrong = {judgement.sql for judgement in said if not judgement.right and judgement.sql}
    vouched_for = [example for judgement in judged if (example := judgement.example) is not None]
    others = tuple(example for example in vouched_for if question_key(example.question) != key)
    return Lesson(vouched[0] if vouched else None, frozenset(wrong - right), others)


@dataclass(frozen=True, slots=True)
class Feedback:
    """One person's judgement on one answer; saying it again replaces it."""

    question_id: str
    """``Turn.id``."""
    identity: str
    database: str
    question: str
    sql: str | None
    """The SQL that was judged."""
    right: bool
    at: datetime
    corrected_sql: str | None = None
    """What it should have been, where the person said so."""

    def __post_init__(self) -> None:
        require_storable("question's id", self.question_id, most=200)
        require_storable("question", self.question, most=LONGEST_QUESTION)
        require_storable("statement", self.sql or "", most=LONGEST_SQL)
        require_storable("corrected statement", self.corrected_sql or "", most=LONGEST_SQL)
        require_zone(self.at)

    @property
    def example(self) -> Example | None:
        """The pair worth learning from: a confirmed answer, or a correction."""
        sql = self.corrected_sql or (self.sql if self.right else None)
        return Example(self.question, sql, self.identity, self.at) if sql else None


@dataclass(frozen=True, slots=True)
class Example:
    """A question with SQL that a person vouched for."""

    question: str
    sql: str
    identity: str
    at: datetime
