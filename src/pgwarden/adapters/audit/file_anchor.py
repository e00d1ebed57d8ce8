"""Checkpoints in a directory, one file each, never changed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from pgwarden.adapters.audit.checkpoint_files import anchor_failed, file_name, from_text, to_text
from pgwarden.domain.audit_checkpoint import Checkpoint


class FileAnchor:
    """``ports.AuditAnchor``: a directory, better on another machine or one that only lets files be added."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def name(self) -> str:
        return f"file:{self._directory}"

    async def put(self, checkpoint: Checkpoint) -> None:
        await asyncio.to_thread(self._put, checkpoint)

    async def latest(self, chain: str) -> Checkpoint | None:
        return await asyncio.to_thread(self._latest, chain)

    def _put(self, checkpoint: Checkpoint) -> None:
        file = self._directory / file_name(checkpoint)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o444)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(to_text(checkpoint))
                stream.flush()
                os.fsync(stream.fileno())
            _sync(file.parent)
        except FileExistsError:
            return  # this very checkpoint: its name holds the number, the moment and the key
        except OSError as error:
            raise anchor_failed(self.name, f"{error.strerror}") from None

    def _latest(self, chain: str) -> Checkpoint | None:
        try:
            files = sorted((self._directory / chain).glob("*.json"))
            return from_text(files[-1].read_text(encoding="utf-8")) if files else None
        except (OSError, UnicodeDecodeError) as error:
            raise anchor_failed(self.name, str(error)) from None


def _sync(directory: Path) -> None:
    """A new name is durable once its directory is."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
