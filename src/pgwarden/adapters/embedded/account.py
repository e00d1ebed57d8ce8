"""The system account that PostgreSQL runs under: it refuses to run as root, so root lends it a powerless one."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from pgwarden.domain.errors import EmbeddedServerError

DEDICATED = "pgwarden"
POWERLESS = "nobody"


class Spawn(TypedDict, total=False):
    """The arguments of ``subprocess`` that change the account of a child."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A uid and gid; ``switched`` when it is not the one this process runs under."""

    uid: int
    gid: int
    name: str
    switched: bool

    @property
    def spawn(self) -> Spawn:
        if not self.switched:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Hand a path that pgwarden created to this account."""
        if self.switched:
            os.chown(path, self.uid, self.gid)

    def may_enter(self, directory: Path) -> bool:
        """Whether this account can pass through a directory and all of its parents."""
        return self.first_closed(directory) is None

    def first_closed(self, directory: Path) -> Path | None:
        """The outermost directory on the way to ``directory`` that this account may not enter."""
        if not self.switched:
            return None
        resolved = directory.resolve()
        for step in (*reversed(resolved.parents), resolved):
            if step.exists() and not self._may_execute(step.stat()):
                return step
        return None

    def _may_execute(self, entry: os.stat_result) -> bool:
        if entry.st_uid == self.uid:
            return bool(entry.st_mode & stat.S_IXUSR)
        if entry.st_gid == self.gid:
            return bool(entry.st_mode & stat.S_IXGRP)
        return bool(entry.st_mode & stat.S_IXOTH)


def service_account() -> Account:
    """Ourselves, or as root the account ``pgwarden`` where an administrator made one, or else ``nobody``.

    Raises EmbeddedServerError when root finds neither. No account is ever created.
    """
    uid = os.geteuid()
    if uid != 0:
        return Account(uid, os.getegid(), _name(uid), switched=False)
    for name in (DEDICATED, POWERLESS):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, name, switched=True)
    raise EmbeddedServerError(
        "The embedded PostgreSQL has no account to run under.",
        why=f"PostgreSQL refuses to run as root, and there is neither a user {DEDICATED!r} nor {POWERLESS!r}.",
        not_done="Nothing was started.",
        next_step=f"Run pgwarden as an ordinary user, or create a system user named {DEDICATED}.",
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise EmbeddedServerError(
            f"The user id {uid} has no name on this machine.",
            why="initdb needs the current user to be listed in the password database.",
            not_done="Nothing was started.",
            next_step="Run as a listed user, for example by giving the container an /etc/passwd entry.",
        ) from None
