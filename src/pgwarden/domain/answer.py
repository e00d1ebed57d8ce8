"""What comes back for a question: the reading, the verdict on its SQL, the rows, and what to ask next."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pgwarden.domain.advice import Choice
from pgwarden.domain.assessment import Assessment
from pgwarden.domain.plan import WorkflowPlan
from pgwarden.domain.question import Option, Reading
from pgwarden.domain.result import Result
from pgwarden.domain.statement import Verdict
from pgwarden.domain.undo_proposal import UndoProposal
from pgwarden.domain.user_preferences import UserPreferences
from pgwarden.domain.validation import Validation


class AnswerStatus(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    CLARIFY = "clarify"
    AWAITING_APPROVAL = "awaiting_approval"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """One turn of a conversation."""

    status: AnswerStatus
    database: str
    reading: Reading
    plan: WorkflowPlan | None = None
    verdict: Verdict | None = None
    result: Result | None = None
    assessment: Assessment | None = None
    """What a change would do, where the question asked for one."""
    follow_ups: tuple[str, ...] = ()
    validation: Validation | None = None
    """What the server's plan says, where the question was not simple."""
    notes: tuple[str, ...] = ()
    """What to know about this answer: odd estimates, that nothing fits, how statements like it went before."""
    options: tuple[Option, ...] = ()
    """Queries that do give rows, where this one gave none."""
    undo: UndoProposal | None = None
    """What taking back a change would do, where the question asked for that."""
    warnings: tuple[str, ...] = ()
    """What did not work beside the answer, and what that costs."""
    preferences: UserPreferences = field(default_factory=UserPreferences)
    """How whoever asked likes to be shown it."""
    choices: tuple[Choice, ...] = ()
    """Other readings and other ways to write the statement, where they were asked for."""
    turn: str = ""
    """Id of the turn, for feedback."""
    milliseconds: float = 0.0
