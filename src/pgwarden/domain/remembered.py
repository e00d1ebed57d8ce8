"""Everything that is remembered of one person, and the patterns in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from pgwarden.domain.feedback import Feedback, question_key
from pgwarden.domain.session import Session, Turn


@dataclass(frozen=True, slots=True)
class Conversation:
    """A session with its questions, oldest first."""

    session: Session
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Remembered:
    """Conversations, last used first, and judgements, newest first."""

    conversations: tuple[Conversation, ...]
    judgements: tuple[Feedback, ...]
    preferences: Mapping[str, str] = field(default_factory=dict)
    """Those that were set, by name."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was deleted."""

    conversations: int
    judgements: int = 0
    preferences: int = 0


@dataclass(frozen=True, slots=True)
class Patterns:
    """What one person's questions since a moment have in common."""

    since: datetime
    questions: int
    asked_back: int
    """Questions that were answered with a question."""
    repeated: tuple[tuple[str, int], ...]
    """Questions asked more than once, with how often, the most frequent first."""
    judged_right: int
    judged_wrong: int
    corrected: int = 0
    """Of the wrong ones, those that came with what it should have been."""
    conversations: int = 0
    databases: tuple[tuple[str, int], ...] = ()
    """Which were asked, with how often, the most frequent first."""
    busiest: str = ""
    """When most is asked, e.g. ``Tuesdays around 9:00``, in the person's zone; '' where nothing stands out."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """It as its person reads it."""
        if not self.questions:
            return ("You asked nothing in this time.",)
        back = f", {self.asked_back} of them answered with a question" if self.asked_back else ""
        asked = f"You asked {self.questions} questions in {self.conversations} conversations{back}."
        judged = self.judged_right + self.judged_wrong
        fixed = f", {self.corrected} of these with a correction that answers from then on" if self.corrected else ""
        said = f"You judged {judged} answers: {self.judged_right} right, {self.judged_wrong} wrong{fixed}."
        where = "Asked of " + ", ".join(f"{name} ({times})" for name, times in self.databases) + "."
        found = [asked, where, said if judged else "You judged no answer; feedback makes the next ones better."]
        if self.busiest:
            found.append(f"Most of it {self.busiest}.")
        if self.repeated:
            text, times = self.repeated[0]
            found.append(f"Most often, {times} times: {text}")
        if self.asked_back * 4 > self.questions:
            found.append("More than a quarter was asked back: say what your words mean (--instructions).")
        return tuple(found)


MOST_REPEATED = 10
STANDS_OUT = 3
"""Questions on one weekday in one hour from which that is a habit, where they are a quarter of all."""


def patterns_of(remembered: Remembered, since: datetime, zone: str = "UTC") -> Patterns:
    """The patterns in what was asked and judged from this moment on."""
    turns = [turn for each in remembered.conversations for turn in each.turns if turn.at >= since]
    judgements = [judgement for judgement in remembered.judgements if judgement.at >= since]
    judged = [judgement.right for judgement in judgements]
    return Patterns(
        since=since,
        questions=len(turns),
        asked_back=sum(turn.sql is None for turn in turns),
        repeated=_repeated(question_key(turn.question) for turn in turns),
        judged_right=judged.count(True),
        judged_wrong=judged.count(False),
        corrected=sum(bool(judgement.corrected_sql) and not judgement.right for judgement in judgements),
        conversations=sum(any(t.at >= since for t in each.turns) for each in remembered.conversations),
        databases=tuple(Counter(turn.database for turn in turns).most_common(MOST_REPEATED)),
        busiest=_busiest([turn.at.astimezone(ZoneInfo(zone)) for turn in turns]),
    )


def _busiest(moments: Sequence[datetime]) -> str:
    slots = Counter((f"{moment:%A}", moment.hour) for moment in moments).most_common(1)
    if not slots or slots[0][1] < STANDS_OUT or slots[0][1] * 4 < len(moments):
        return ""
    day, hour = slots[0][0]
    return f"on {day}s around {hour}:00"


def _repeated(questions: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple((text, times) for text, times in Counter(questions).most_common(MOST_REPEATED) if times > 1)
