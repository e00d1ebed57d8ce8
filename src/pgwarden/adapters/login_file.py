"""Where the command line keeps the secret of its login: a file in pgwarden's home that nobody else can open."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from pgwarden.domain.errors import SettingsError

MOST_BYTES = 4096


class LoginFile:
    """The file ``login.json`` under a home directory."""

    def __init__(self, home: Path) -> None:
        self._path = home / "login.json"

    def read(self) -> str:
        """The secret, or '' without a login. SettingsError for a file that others could have written or read."""
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as error:
            raise self._refused(f"{error.strerror}.") from None
        with open(handle, "rb") as file:  # noqa: PTH123 - from the descriptor, so that what was checked is what is read
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
                raise self._refused("It is no file of yours.")
            if status.st_mode & 0o077:
                raise self._refused("Others can open it.")
            content = file.read(MOST_BYTES)
        try:
            secret = json.loads(content)["secret"]
        except (ValueError, KeyError, TypeError):
            raise self._refused("It does not hold a login.") from None
        return secret if isinstance(secret, str) else ""

    def write(self, secret: str, person: str) -> None:
        """Keep a login, in place of the one before: written aside and moved, so that no half file is ever read."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            aside.unlink(missing_ok=True)
            handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123 - the mode is set when it is made
                json.dump({"person": person, "secret": secret}, file)
            aside.replace(self._path)
        except OSError as error:
            raise self._refused(f"{error.strerror}.") from None

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def _refused(self, why: str) -> SettingsError:
        return SettingsError(
            f"The login file {self._path} cannot be used.",
            why=why,
            not_done="Nothing was done.",
            next_step="Remove it and log in again: pgwarden login",
        )
