"""What an analysed change looks like to whoever decides on it: its impact and its risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pgwarden.domain.impact import Impact
from pgwarden.domain.risk import Risk


@dataclass(frozen=True, slots=True)
class Assessment:
    """The impact of a statement, and how risky it is."""

    impact: Impact
    risk: Risk

    def to_dict(self) -> dict[str, Any]:
        """The assessment as every door's JSON shows it."""
        return {
            "impact": self.impact.to_dict(),
            "risk": self.risk.to_dict(),
            "business": self.risk.business.to_dict(),
        }
