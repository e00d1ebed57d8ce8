"""Everything that is remembered of one person, and the patterns in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

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


MOST_REPEATED = 10


def patterns_of(remembered: Remembered, since: datetime) -> Patterns:
    """The patterns in what was asked and judged from this moment on."""
    turns = [turn for each in remembered.conversations for turn in each.turns if turn.at >= since]
    judged = [judgement.right for judgement in remembered.judgements if judgement.at >= since]
    return Patterns(
        since=since,
        questions=len(turns),
        asked_back=sum(turn.sql is None for turn in turns),
        repeated=_repeated(question_key(turn.question) for turn in turns),
        judged_right=judged.count(True),
        judged_wrong=judged.count(False),
    )


def _repeated(questions: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple((text, times) for text, times in Counter(questions).most_common(MOST_REPEATED) if times > 1)
