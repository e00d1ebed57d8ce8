"""What `./run test` unpacks from npm: PostgreSQL 14 and 17 under our own launcher, an accessibility checker."""

from __future__ import annotations

import sys
from pathlib import Path

from pgwarden.adapters.embedded.installation import Installation

PARTS = Path(sys.prefix, ".parts")


def installation(major: int) -> Installation:
    """Where the programs of a version are, or would be: initdb, pg_ctl and postgres, nothing else."""
    return Installation(major, PARTS / f"postgresql-{major}" / "bin")


def axe() -> Path:
    """The accessibility checker that browser tests run in their pages."""
    return PARTS / "axe.js"
