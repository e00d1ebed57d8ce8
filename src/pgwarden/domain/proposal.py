"""What somebody wants to have run, before it is analysed and becomes a ticket's request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.execution import Isolation, Parameter
from pgwarden.domain.request import Urgency, Window
from pgwarden.domain.storable import require_storable

LONGEST_REASON = 4_000


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that somebody asks for."""

    database: str
    """The target's registered name."""
    sql: str
    reason: str
    """Why; approvers read it. Required."""
    parameters: Sequence[Parameter] = ()
    question: str = ""
    """The plain words that the statement comes from."""
    urgency: Urgency = Urgency.NORMAL
    window: Window = Window()  # noqa: RUF009 - it is frozen
    run_when_approved: bool = False
    isolation: Isolation = Isolation.READ_COMMITTED


def require_reason(reason: str) -> str:
    """The reason without space around it. Raises InputInvalid when there is none, or it cannot be stored."""
    text = reason.strip()
    if not text:
        raise InputInvalid(
            "A reason is missing.",
            why="Whoever decides has to know what the request is for.",
            not_done="No ticket was opened.",
            next_step='Say why, e.g. --reason "customer 42 asked to be forgotten".',
        )
    require_storable("reason", text, most=LONGEST_REASON)
    return text


def require_window(window: Window, now: datetime) -> None:
    """Refuse a window that is over, or ends before it starts. Raises InputInvalid."""
    over = window.until is not None and window.until <= max(filter(None, (now, window.start)))
    if over:
        raise InputInvalid(
            "The window in which it may run is empty.",
            why="It ends before it begins, or has ended already.",
            not_done="No ticket was opened.",
            next_step="Give a later end.",
        )
