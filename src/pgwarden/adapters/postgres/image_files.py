"""``ports.ImageStore`` on files: compressed images and one record for each execution, for their owner only."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from pgwarden.domain.errors import ImagesUnreachable
from pgwarden.domain.execution import StoredImages

BLOCK = 1 << 20
RECORD = "record.json"
GZIP = 31
"""zlib's window bits that stand for a gzip file."""


class ImageFiles:
    """A directory with one subdirectory for each execution."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def place(self) -> str:
        return str(self._directory)

    async def save(self, execution_id: str, name: str, blocks: AsyncIterator[bytes]) -> StoredImages:
        with _reachable("written"):
            path = await asyncio.to_thread(self._made, execution_id) / f"{name}.copy.gz"
            file = await asyncio.to_thread(_Writing, path)
            try:
                async for block in _gathered(blocks):
                    await asyncio.to_thread(file.write, block)
                return await asyncio.to_thread(file.finish)
            finally:
                await asyncio.to_thread(file.close)

    async def load(self, execution_id: str, stored: StoredImages) -> AsyncIterator[bytes]:
        with _reachable("read"):
            path = self._of(execution_id) / stored.file
            if await asyncio.to_thread(_digest, path) != stored.digest:
                raise ImagesUnreachable(
                    "The before-images are not those that were kept.",
                    why=f"the SHA-256 of {stored.file} differs from the one in the record",
                    not_done="Nothing was changed.",
                )
            with gzip.open(path, "rb") as file:
                while block := await asyncio.to_thread(file.read, BLOCK):
                    yield block

    async def record(self, execution_id: str, record: Mapping[str, Any]) -> None:
        with _reachable("written"):
            await asyncio.to_thread(self._write_record, execution_id, json.dumps(record))

    async def records(self) -> tuple[Mapping[str, Any], ...]:
        with _reachable("read"):
            return await asyncio.to_thread(lambda: tuple(self._read_records()))

    async def discard(self, execution_id: str) -> int:
        with _reachable("deleted"):
            return await asyncio.to_thread(self._discard, execution_id)

    def _of(self, execution_id: str) -> Path:
        return self._directory / str(UUID(execution_id))

    def _made(self, execution_id: str) -> Path:
        path = self._of(execution_id)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _flush_directory(self._directory)
        return path

    def _write_record(self, execution_id: str, text: str) -> None:
        """The whole record or the one before it, whatever happens to the machine meanwhile."""
        path = self._made(execution_id) / RECORD
        new = path.with_suffix(".new")
        with _private(new) as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        _flush_directory(path.parent)

    def _read_records(self) -> Iterator[Mapping[str, Any]]:
        if self._directory.is_dir():
            for path in sorted(self._directory.glob(f"*/{RECORD}")):
                yield json.loads(path.read_text(encoding="utf-8"))

    def _discard(self, execution_id: str) -> int:
        """The record stays: it tells that this has run."""
        files = list(self._of(execution_id).glob("*.copy.gz"))
        freed = sum(path.stat().st_size for path in files)
        for path in files:
            path.unlink()
        return freed


class _Writing:
    """A compressed file whose hash is taken on the way; durable once it is finished."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _private(path)
        self._hash = hashlib.sha256()
        self._compressor = zlib.compressobj(1, wbits=GZIP)

    def write(self, block: bytes) -> None:
        self._put(self._compressor.compress(block))

    def finish(self) -> StoredImages:
        self._put(self._compressor.flush())
        self._file.flush()
        os.fsync(self._file.fileno())
        _flush_directory(self._path.parent)
        return StoredImages(self._path.name, self._file.tell(), self._hash.hexdigest())

    def close(self) -> None:
        self._file.close()

    def _put(self, compressed: bytes) -> None:
        self._hash.update(compressed)
        self._file.write(compressed)


async def _gathered(blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in larger blocks: each is handed to a thread."""
    waiting = bytearray()
    async for block in blocks:
        waiting += block
        if len(waiting) >= BLOCK:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


def _private(path: Path) -> BinaryIO:
    """A new or emptied file that only its owner can read, from the first moment on."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _reachable(done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ImagesUnreachable(
            f"The files of before-images cannot be {done}.",
            why=error.strerror or "the file system refuses it",
            not_done="Nothing was changed.",
            next_step="Check the directory that the setting image_directory names, its rights and its free space.",
        ) from error
