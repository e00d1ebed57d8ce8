"""Which checkpoints a verification stands on: given as files, signed by keys that are trusted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pgwarden.adapters.audit.checkpoint_files import read_checkpoint
from pgwarden.adapters.audit.keys import AuditKey, read_public_key, require_signed
from pgwarden.domain.audit_checkpoint import Checkpoint
from pgwarden.domain.errors import CheckpointInvalid


@dataclass(frozen=True, slots=True)
class Trust:
    """The public keys whose word counts."""

    keys: frozenset[str]

    @classmethod
    def of(cls, key_file: Path, given: Sequence[Path] = ()) -> Trust:
        """The keys in these files; where none is given, those that lie beside the key. Raises CheckpointInvalid."""
        return cls(frozenset(map(read_public_key, given)) if given else AuditKey(key_file).known())

    def read(self, files: Sequence[Path]) -> tuple[Checkpoint, ...]:
        """The checkpoints in these files, and in the folders among them. CheckpointInvalid where one proves nothing."""
        return self.require(tuple(read_checkpoint(file) for given in files for file in _files(given)))

    def require(self, checkpoints: Sequence[Checkpoint]) -> tuple[Checkpoint, ...]:
        """The same ones, all signed by these keys. Raises CheckpointInvalid."""
        require_signed(checkpoints, self.keys)
        return tuple(checkpoints)

    def among(self, checkpoints: Iterable[Checkpoint]) -> tuple[Checkpoint, ...]:
        """Those that one of these keys signed, the others left out."""
        return tuple(checkpoint for checkpoint in checkpoints if self._holds(checkpoint))

    def _holds(self, checkpoint: Checkpoint) -> bool:
        try:
            require_signed([checkpoint], self.keys)
        except CheckpointInvalid:
            return False
        return True


def _files(given: Path) -> Sequence[Path]:
    return sorted(given.rglob("*.json")) if given.is_dir() else [given]
