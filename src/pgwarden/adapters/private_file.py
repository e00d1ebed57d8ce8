"""Files for their owner alone: keys."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path


def open_to_others(status: os.stat_result) -> bool:
    """Whether somebody else owns the file, or can open it."""
    return status.st_uid not in (0, os.geteuid()) or bool(status.st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def write_whole(file: Path, text: str, mode: int, *, unless_there: bool = False) -> None:
    """Put the text there in one step: a crash leaves the old file or the new one.

    ``unless_there``: leaves one that is there already, also when another process makes it at this moment.
    """
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "w", encoding="ascii") as stream:
        stream.write(f"{text}\n")
        stream.flush()
        os.fsync(stream.fileno())
    if not unless_there:
        draft.replace(file)
        return
    try:
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
