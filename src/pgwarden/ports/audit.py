"""The record of what happened, and what holds it fast."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_chain import AuditHead, AuditRecord
from pgwarden.domain.audit_checkpoint import Checkpoint, KeptCheckpoint
from pgwarden.domain.audit_filter import AuditFilter, Erasure
from pgwarden.domain.audit_verification import Verification

Seen = Callable[[int], None]
"""Takes how many entries of a walk were seen so far."""


def ignored(_entries: int) -> None:
    """Nobody wants to know."""


class AuditLog(Protocol):
    """What happened, chained. Nothing is changed or taken away, but for personal values that are erased."""

    async def append(self, *entries: AuditEntry, rights: int | None = None) -> None:
        """Chain the entries, in order; they are durable when this returns.

        ``rights``: the version of the data rights that what they tell of was decided by. Where another one is in force
        by now, nothing is chained: RightsChangedError.

        ValueError when an entry's details are no JSON values or its moment has no time zone.
        """
        ...

    async def append_once(self, entries: Mapping[str, AuditEntry]) -> int:
        """Chain those whose key was never used before, in order; how many those were."""
        ...

    async def has_key(self, key: str) -> bool:
        """Whether an entry with that key was chained."""
        ...

    async def find(
        self, wanted: AuditFilter, *, limit: int = 100, before: int | None = None
    ) -> tuple[AuditRecord, ...]:
        """The newest entries first; with ``before`` those with a lower number."""
        ...

    async def get(self, number: int) -> AuditRecord | None: ...

    def export(self, *, personal: bool = True) -> AsyncIterator[AuditRecord]:
        """Every entry from the first on, as of one moment; ``personal=False`` leaves their personal values out."""
        ...

    async def head(self) -> AuditHead:
        """Where the chain ends."""
        ...

    async def verify(self, checkpoints: Sequence[Checkpoint] = (), *, seen: Seen = ignored) -> Verification:
        """Walk the whole chain as of one moment, and look at what guards it. The checkpoints are to be trusted ones.

        ``seen`` is told now and then how many entries were walked.
        """
        ...

    async def keep_checkpoint(self, checkpoint: Checkpoint, anchors: Sequence[str]) -> None:
        """Remember a checkpoint and where it was taken; the same one again adds places."""
        ...

    async def checkpoints(self, *, limit: int = 1000) -> tuple[KeptCheckpoint, ...]:
        """What was kept, newest first. Whoever owns the database could change it: their signatures are to be seen."""
        ...

    async def erase(self, wanted: Erasure, entry: AuditEntry) -> tuple[int, ...]:
        """Take away the personal values that are meant, and append ``entry`` in the same step.

        Returns the numbers of the entries that lost values; the new entry's details name them as ``entries`` (ranges),
        with how many ``values`` went. It is appended even when there were none.
        """
        ...


class CheckpointSigner(Protocol):
    """Signs where the audit's chain stands, with a key that the database's owner does not have."""

    def public_key(self) -> str:
        """Ed25519, hexadecimal. AuditKeyInvalid when there is no key."""
        ...

    def sign(self, head: AuditHead, at: datetime) -> Checkpoint:
        """AuditKeyInvalid when there is no key."""
        ...

    def known(self) -> frozenset[str]:
        """Public keys that are trusted: the present one and those before it."""
        ...

    def create(self) -> str:
        """A new key in the place of the one before; the public one. AuditKeyInvalid when it cannot be kept."""
        ...


class AuditAnchor(Protocol):
    """A place outside the database that keeps checkpoints."""

    @property
    def name(self) -> str:
        """The place as it is shown; it holds no secret."""
        ...

    async def put(self, checkpoint: Checkpoint) -> None:
        """Keep it; durable when this returns. AnchorFailed."""
        ...

    async def latest(self, chain: str) -> Checkpoint | None:
        """The one with the highest number of that chain, its signature not looked at. AnchorFailed."""
        ...
