"""How an installation is doing, as a list of findings."""

from __future__ import annotations

from dataclasses import dataclass

from pgwarden.domain.database import CheckFinding, Grade


@dataclass(frozen=True, slots=True)
class Health:
    """What `pgwarden doctor` found."""

    findings: tuple[CheckFinding, ...]

    @property
    def well(self) -> bool:
        """Whether nothing found is a danger."""
        return all(finding.grade is not Grade.DANGER for finding in self.findings)
