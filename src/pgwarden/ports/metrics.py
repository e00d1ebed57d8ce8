"""What is counted and timed while pgwarden works."""

from __future__ import annotations

from typing import Protocol

from pgwarden.domain.audit import AuditEntry


class Metrics(Protocol):
    """Takes numbers only: no statement, value, or name of a person, database or table becomes part of a metric."""

    def begin(self) -> None:
        """Count from now on; what came before is not counted. Whoever shows the numbers calls it."""
        ...

    def ended(self, entry: AuditEntry, seconds: float) -> None:
        """An agent's verb, as the audit has it, and how long it took, the audit's own writing included."""
        ...

    def requested(self, place: str, status: str, seconds: float) -> None:
        """An HTTP request. Both words come from a closed set, never from what somebody sent; so below."""
        ...

    def called(self, tool: str, outcome: str, seconds: float) -> None:
        """A call of an MCP tool."""
        ...

    def worked(self, task: str, outcome: str, seconds: float) -> None:
        """A run of a job."""
        ...

    def exposition(self) -> bytes:
        """All of it, in the text format of Prometheus (version 0.0.4), UTF-8."""
        ...
