"""PostgreSQL 14 and 17 as `./run test` unpacks them from npm, under our own launcher."""

from __future__ import annotations

import sys
from pathlib import Path

from pgwarden.adapters.embedded.installation import Installation

PARTS = Path(sys.prefix, ".parts")


def installation(major: int) -> Installation:
    """Where the programs of a version are, or would be: initdb, pg_ctl and postgres, nothing else."""
    return Installation(major, PARTS / f"postgresql-{major}" / "bin")
