"""What the tools of execution-monitor return, and what they take in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from pgwarden.servers.fencing import fenced

if TYPE_CHECKING:
    from pgwarden.domain.execution import Progress


class MonitoringConfig(BaseModel):
    """How to run it."""

    model_config = ConfigDict(extra="forbid")

    wait: bool = Field(default=True, description="False: return the execution's id at once, while it runs.")
    reason: str = Field(default="", description="Why, for the ticket that is opened when there is none.")


class WaitingTicket(BaseModel):
    """A ticket that has to do with the statement."""

    ticket_id: str
    status: str
    asked: list[str]


class ExecutionAnswer(BaseModel):
    """What became of a call to run something."""

    database: str
    status: str = Field(description="executed, running, awaiting_approval, or choose (several tickets fit)")
    ticket_id: str = ""
    execution_id: str = Field(default="", description="Also called transaction_id: what execute_rollback takes.")
    transaction_id: str = ""
    counts: dict[str, dict[str, int]] = Field(default={}, description="Rows inserted, updated, deleted by table.")
    milliseconds: float = 0.0
    proven: bool = Field(
        default=False, description="Whether every change was captured and the numbers were those that were approved."
    )
    undoes: str = Field(default="", description="The execution that this one took back.")
    tickets: list[WaitingTicket] = []
    next: str

    def text(self) -> str:
        lines = [f"{self.status.replace('_', ' ')}" + (f", ticket {self.ticket_id}" if self.ticket_id else "")]
        if self.execution_id:
            lines.append(f"execution {self.execution_id}, {self.milliseconds:.0f} ms")
        lines += [
            f"- {table}: " + ", ".join(f"{word} {count:,}" for word, count in counts.items() if count)
            for table, counts in self.counts.items()
        ]
        lines += [f"- ticket {t.ticket_id}: {t.status}, asked {', '.join(t.asked) or 'nobody'}" for t in self.tickets]
        return "\n".join([*lines, f"Next: {self.next}"])


class ProgressAnswer(BaseModel):
    """A running or ended execution, seen from outside. What cannot be known is null, with the reason in unknown."""

    execution_id: str
    ticket_id: str
    status: str
    rows_done: int | None = None
    rows_expected: int | None = None
    seconds: float | None = None
    seconds_left: float | None = None
    rows_per_second: float | None = None
    waiting_for: str = ""
    locks: int | None = None
    waiters: list[int] = []
    blocked_by: list[int] = []
    resources: dict[str, Any] = {}
    unknown: dict[str, str] = {}
    counts: dict[str, dict[str, int]] = {}

    def text(self) -> str:
        if self.seconds is None:
            return f"Execution {self.execution_id}: {self.status}."
        rows = f"{self.rows_done or 0:,} of {self.rows_expected or 0:,} rows"
        left = f", about {self.seconds_left:.0f} s left" if self.seconds_left is not None else ""
        held = f", {len(self.waiters)} sessions wait for it" if self.waiters else ""
        stuck = f", it waits for a lock of session {', '.join(map(str, self.blocked_by))}" if self.blocked_by else ""
        return f"Execution {self.execution_id}: running for {self.seconds:.1f} s, {rows}{left}{held}{stuck}."


class CopyAnswer(BaseModel):
    """One table's copy."""

    table: str
    location: str
    rows: int


class BackupAnswer(BaseModel):
    """A backup, and how to bring it back."""

    database: str
    backup_id: str
    strategy: str
    made_at: str
    tables: list[CopyAnswer]
    restore_instructions: list[str]
    lsn: str = Field(default="", description="Where the write-ahead log stood.")

    def text(self) -> str:
        lines = [f"Backup {self.backup_id} ({self.strategy}) of {len(self.tables)} tables at {self.made_at}."]
        lines += [f"- {copy.table}: {copy.rows:,} rows in {copy.location}" for copy in self.tables]
        return "\n".join([*lines, "To restore:", *(f"{n}. {s}" for n, s in enumerate(self.restore_instructions, 1))])


class CheckAnswer(BaseModel):
    """One check of an execution."""

    check: str
    passed: bool | None = Field(description="null: it could not be made, and message says why.")
    message: str


class IntegrityReport(BaseModel):
    """Whether an execution did what was expected, and whether the data holds together."""

    database: str
    execution_id: str
    ticket_id: str
    sound: bool = Field(description="Every check that could be made passed.")
    checks: list[CheckAnswer]
    counts: dict[str, dict[str, int]]
    changed_since: int = Field(description="Rows of it that others changed afterwards.")

    def text(self) -> str:
        marks = {True: "ok", False: "FAILED", None: "not checked"}
        lines = [f"Execution {self.execution_id}: {'sound' if self.sound else 'NOT SOUND'}."]
        return "\n".join([*lines, fenced("\n".join(f"{marks[c.passed]}: {c.check}: {c.message}" for c in self.checks))])


RESOURCES = (
    "wal_bytes",
    "cpu_seconds",
    "memory_bytes",
    "buffers",
    "temp_bytes",
    "read_bytes",
    "written_bytes",
    "disk_free_bytes",
)


def resources_of(progress: Progress) -> dict[str, Any]:
    """What a running execution uses, by name; null where it cannot be known."""
    return {name: getattr(progress, name) for name in RESOURCES}
