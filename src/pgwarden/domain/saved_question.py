"""A question that somebody keeps: its words, its SQL, how it is drawn, who else may open it, and when it is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from pgwarden.domain.cron import Cron
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.person import Person, Role
from pgwarden.domain.storable import require_storable, require_zone

PRIVATE = ""
EVERYBODY = "everybody"
GROUP = "group:"
MOST_FAILURES = 5
"""After so many runs in a row that failed a schedule stops."""
MOST_RECIPIENTS = 50
LONGEST_SQL = 100_000
CHARTS = ("auto", "bars", "line", "area", "points", "none")
FORMS = ("csv", "xlsx")
"""What a mail's attachment can be."""


@dataclass(frozen=True, slots=True)
class Chart:
    """How the rows are drawn; names are those of columns, '' leaves the choice to the shape of the rows."""

    kind: str = "auto"
    x: str = ""
    y: str = ""
    colour: str = ""

    def __post_init__(self) -> None:
        if self.kind not in CHARTS:
            raise InputInvalid(
                f"There is no chart {self.kind[:50]!r}.",
                not_done="Nothing was stored.",
                next_step=f"There are {', '.join(CHARTS)}.",
            )
        for name in (self.x, self.y, self.colour):
            require_storable("name of a column", name, most=200)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a question is sent to whom, and what became of it so far."""

    cron: str
    zone: str
    recipients: tuple[str, ...]
    """Names of accounts."""
    form: str = "csv"
    next_at: datetime | None = None
    """None: it has stopped."""
    failures: int = 0
    """In a row."""
    last_at: datetime | None = None
    last_said: str = ""
    """What became of the last run."""
    settled: datetime | None = None
    """When the last run was due of which it is known what became of it."""

    def __post_init__(self) -> None:
        Cron(self.cron, self.zone)
        if self.form not in FORMS:
            raise InputInvalid(
                f"Nothing is attached as {self.form[:20]!r}.",
                not_done="Nothing was changed.",
                next_step=f"One of {', '.join(FORMS)}.",
            )
        if not 1 <= len(self.recipients) <= MOST_RECIPIENTS:
            raise InputInvalid(
                f"It goes to {len(self.recipients)} people.",
                why=f"Between one and {MOST_RECIPIENTS} are possible.",
                not_done="Nothing was changed.",
                next_step="Name others, or share it and let them look.",
            )

    def planned(self, now: datetime) -> Schedule:
        """The same from now on."""
        return replace(self, next_at=Cron(self.cron, self.zone).after(now))

    def has_settled(self, due: datetime) -> bool:
        """Whether the run that was due then, or a later one, is over."""
        return self.settled is not None and self.settled >= due

    def succeeded(self, due: datetime, at: datetime, said: str) -> Schedule:
        return replace(self, failures=0, last_at=at, last_said=said, settled=due)

    def failed(self, due: datetime, at: datetime, said: str) -> Schedule:
        """One more run that failed; the last one that is borne stops it."""
        failures = self.failures + 1
        following = None if failures >= MOST_FAILURES else self.next_at
        return replace(self, failures=failures, last_at=at, last_said=said, next_at=following, settled=due)


@dataclass(frozen=True, slots=True)
class SavedQuestion:
    """One saved question. Whoever opens it runs it with rights and masks of their own."""

    id: str
    owner: str
    database: str
    name: str
    question: str
    """The words that it came from; '' for SQL that somebody wrote."""
    sql: str
    changed_at: datetime
    shared_with: str = PRIVATE
    """'' (its owner alone), ``everybody``, a role, or ``group:NAME``."""
    chart: Chart = field(default_factory=Chart)
    schedule: Schedule | None = None
    revision: int = 1
    """Counts every change: whoever changes it says which one they saw."""

    def __post_init__(self) -> None:
        require_storable("name", self.name, most=200)
        require_storable("question", self.question, most=4000)
        require_storable("statement", self.sql, most=LONGEST_SQL)
        require_storable("word for whom it is shared with", self.shared_with, most=200)
        require_zone(self.changed_at)
        if not self.name.strip() or not self.sql.strip():
            raise InputInvalid(
                "A saved question has a name and SQL.", not_done="Nothing was stored.", next_step="Give both."
            )
        group = self.shared_with.startswith(GROUP) and len(self.shared_with) > len(GROUP)
        if not group and self.shared_with not in (PRIVATE, EVERYBODY, *Role):
            raise InputInvalid(
                f"It cannot be shared with {self.shared_with!r}.",
                not_done="Nothing was changed.",
                next_step=f"One of {EVERYBODY}, {', '.join(Role)}, {GROUP}NAME.",
            )

    def open_to(self, name: str, shares: Iterable[str]) -> bool:
        """Whether somebody of that name, for whom these words of ``shared_with`` hold, may open it."""
        return self.owner == name or (self.shared_with != PRIVATE and self.shared_with in set(shares))


def shares_of(roles: Iterable[Role], groups: Iterable[str]) -> tuple[str, ...]:
    """The words of ``shared_with`` that hold for whoever has these roles and groups."""
    return (EVERYBODY, *sorted(role.value for role in roles), *sorted(f"{GROUP}{group}" for group in groups))


def may_get(question: SavedQuestion, person: Person) -> str:
    """Why a question is not sent to somebody, as a sentence; '' where it may be, as far as their data rights go."""
    if not person.active:
        return "The account is not active."
    if person.kind is not IdentityKind.PERSON:
        return f"It is a {person.kind.value}, no person."
    if not person.email:
        return "There is no mail address in the account."
    if not question.open_to(person.name, shares_of(person.roles, person.groups)):
        return "The question is not shared with them."
    return ""
