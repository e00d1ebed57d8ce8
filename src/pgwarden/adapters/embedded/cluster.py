"""The data directory: made by initdb in one step, checked before each start."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from pgwarden.adapters.embedded.account import Account
from pgwarden.adapters.embedded.installation import Installation
from pgwarden.adapters.embedded.record import SUPERUSER
from pgwarden.domain.errors import EmbeddedServerError

BUILTIN_LOCALE_SINCE = 17
CLEAN_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "LC_ALL": "C.UTF-8"}  # no PGDATA, no PGPORT, no secrets


def check_version(data: Path, installation: Installation) -> bool:
    """Whether ``data`` is ready to be started; False when it does not exist yet.

    Raises EmbeddedServerError when it was made by another major version.
    """
    try:
        found = (data / "PG_VERSION").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return False
    if found == str(installation.major):
        return True
    raise EmbeddedServerError(
        f"The data directory was made by PostgreSQL {found}, not {installation.major}.",
        why=f"{data} can only be read by the major version that made it.",
        not_done="Nothing was started; the data was not touched.",
        next_step=f"Choose PostgreSQL {found}, or dump with it and load into a new directory.",
    )


def create(data: Path, installation: Installation, account: Account, password: str, *, durable: bool) -> None:
    """Make ``data`` under another name and rename it, so that a half-made cluster is never started."""
    partial = data.with_name(data.name + ".new")
    secret = data.with_name("password.new")
    try:
        _remove(partial)
        partial.mkdir(mode=0o700)
        account.own(partial)
        _write_secret(secret, password, account)
        _initdb(partial, secret, installation, account, durable=durable)
        partial.rename(data)
    finally:
        secret.unlink(missing_ok=True)
        _remove(partial)


def _initdb(data: Path, secret: Path, installation: Installation, account: Account, *, durable: bool) -> None:
    command: list[str | Path] = [
        installation.program("initdb"),
        f"--pgdata={data}",
        f"--username={SUPERUSER}",
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-instructions",
    ]
    if installation.major >= BUILTIN_LOCALE_SINCE:
        command.append("--locale-provider=builtin")
    if not durable:
        command.append("--no-sync")
    done = subprocess.run(  # noqa: S603 - our own program and arguments
        command, cwd="/", env=CLEAN_ENVIRONMENT, capture_output=True, text=True, check=False, **account.spawn
    )
    if done.returncode:
        raise EmbeddedServerError(
            "The embedded PostgreSQL could not be prepared.",
            why=last_words(done.stderr) or f"initdb ended with status {done.returncode}.",
            not_done=f"{data.parent} holds no database; what initdb had made was removed.",
            next_step="Free the space or correct the permission named above, then try again.",
        )


def last_words(output: str, lines: int = 4) -> str:
    """The last messages of a program that say what went wrong."""
    told = [line.strip() for line in output.splitlines() if line.strip()]
    wrong = [line for line in told if any(mark in line for mark in ("FATAL", "PANIC", "error:", "ERROR", "HINT"))]
    return " / ".join((wrong or told)[-lines:])


def _write_secret(path: Path, password: str, account: Account) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(password + "\n")
    account.own(path)


def _remove(tree: Path) -> None:
    if tree.exists():
        shutil.rmtree(tree)
