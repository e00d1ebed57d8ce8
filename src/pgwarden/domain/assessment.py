"""What an analysed change looks like to whoever decides on it: its impact and its risk."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pgwarden.domain.backup import BackupPlan
from pgwarden.domain.impact import Impact
from pgwarden.domain.risk import Risk


@dataclass(frozen=True, slots=True)
class Assessment:
    """The impact of a statement, and how risky it is."""

    impact: Impact
    risk: Risk
    backup: BackupPlan | None = None
    """What is kept before it runs, where it is a DELETE."""

    def to_dict(self) -> dict[str, Any]:
        """The assessment as every door's JSON shows it."""
        found = {
            "impact": self.impact.to_dict(),
            "risk": self.risk.to_dict(),
            "business": self.risk.business.to_dict(),
        }
        return found if self.backup is None else {**found, "backup": asdict(self.backup)}
