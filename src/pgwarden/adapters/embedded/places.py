"""Where an embedded server keeps its data: below the state directory, unless its account could not get there."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pgwarden.adapters.embedded.account import Account, service_account
from pgwarden.adapters.embedded.installation import Major

SYSTEM_HOME = Path("/var/lib/pgwarden")


def data_root(home: Path, name: str, major: Major = 18) -> Path:
    """The directory of the embedded server called ``name`` (demo, control …) for a state directory.

    Root's own home is closed, as it should be, so that the account that PostgreSQL runs under cannot enter it:
    then the data lies in /var/lib/pgwarden, apart for each state directory. Nothing is created or changed here.
    """
    leaf = f"{name}-{major}"
    account = service_account()
    if account.may_enter(home):
        return home / leaf
    mark = hashlib.sha256(str(home.absolute()).encode()).hexdigest()[:12]
    return SYSTEM_HOME / mark / leaf


def make_passable(directory: Path, account: Account) -> None:
    """Make a directory and what is missing above it; only what was made here is opened to the account."""
    missing = [step for step in (directory, *directory.parents) if not step.exists()]
    mode = 0o711 if account.switched else 0o700
    for step in reversed(missing):
        step.mkdir(mode=mode, exist_ok=True)
        step.chmod(mode)  # whatever the umask took away
