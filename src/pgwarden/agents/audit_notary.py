"""Signing where the audit stands, and taking that to places where its owner cannot change it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.audit_checkpoint import Checkpoint, key_name
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.errors import AnchorFailed, AuditKeyInvalid
from pgwarden.ports import AuditAnchor, AuditLog, CheckpointSigner

ANCHORED = "audit.anchored"
KEY_CHANGED = "audit.key_changed"
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Anchoring:
    """A checkpoint, where it was taken, and what went wrong elsewhere: (anchor, reason)."""

    checkpoint: Checkpoint
    anchors: tuple[str, ...]
    failures: tuple[tuple[str, str], ...] = ()


class AuditNotary:
    """Makes checkpoints, and finds those that a verification can stand on."""

    def __init__(
        self, log: AuditLog, signer: CheckpointSigner, anchors: Sequence[AuditAnchor], now: Callable[[], datetime]
    ) -> None:
        self._log, self._signer, self._anchors, self._now = log, signer, tuple(anchors), now

    async def checkpoint(self, *, actor: str = SYSTEM, source: str = "") -> Anchoring:
        """Sign the end of the chain and take it to every anchor. The first one ever of a chain makes the key.

        An anchor that fails is named in the outcome and in the audit; the others get it all the same. Raises
        AuditKeyInvalid.
        """
        if not self._signer.known() and not await self._log.find(AuditFilter(action=KEY_CHANGED), limit=1):
            await self.change_key(actor=actor, source=source, anchored=False)
        head = await self._log.head()
        checkpoint = self._signer.sign(head, self._now())
        placed, failures = await self._place(checkpoint)
        await self._log.keep_checkpoint(checkpoint, placed)
        details = {
            "number": head.number,
            "hash": head.hash,
            "key": key_name(checkpoint.public_key),
            "anchors": placed,
            "failed": [name for name, _ in failures],
        }
        outcome = Outcome.FAILED if failures else Outcome.DONE
        await self._log.append(AuditEntry(ANCHORED, actor, self._now(), outcome, source=source, details=details))
        return Anchoring(checkpoint, tuple(placed), tuple(failures))

    async def anchor_when_due(self, *, entries: int, minutes: float) -> Anchoring | None:
        """A checkpoint when so many entries came, or so much time went by with any; what a worker calls.

        Raises AnchorFailed when an anchor did not take it, so that the job is tried again.
        """
        if not await self._due(entries, minutes):
            return None
        made = await self.checkpoint()
        if made.failures:
            name, why = made.failures[0]
            raise AnchorFailed(f"The anchor {name} did not take the checkpoint.", why=why)
        return made

    async def change_key(self, *, actor: str, source: str = "", anchored: bool = True) -> str:
        """A new key in the place of the one before, which signs once more if it is still there; the public one.

        The change is an entry, and the new key's first checkpoint covers it.
        """
        before = ""
        try:
            before = self._signer.public_key()
            if anchored:
                await self.checkpoint(actor=actor, source=source)
        except AuditKeyInvalid:
            pass  # it is lost, and that is why there is to be a new one; what it signed can still be checked
        public = self._signer.create()
        details = {"key": public, "before": before, "known": sorted(self._signer.known())}
        await self._log.append(AuditEntry(KEY_CHANGED, actor, self._now(), source=source, details=details))
        if anchored:
            await self.checkpoint(actor=actor, source=source)
        return public

    async def newest(self) -> tuple[tuple[Checkpoint, ...], tuple[str, ...]]:
        """The newest checkpoint of each anchor, signatures not looked at; and the anchors that did not answer."""
        chain = (await self._log.head()).chain
        found, silent = [], []
        for anchor in self._anchors:
            try:
                checkpoint = await anchor.latest(chain)
            except AnchorFailed as error:
                silent.append(f"{anchor.name}: {error.why}")
                continue
            if checkpoint is not None:
                found.append(checkpoint)
        return tuple(found), tuple(silent)

    async def _place(self, checkpoint: Checkpoint) -> tuple[list[str], list[tuple[str, str]]]:
        placed, failures = [], []
        for anchor in self._anchors:
            try:
                await anchor.put(checkpoint)
                placed.append(anchor.name)
            except AnchorFailed as error:
                failures.append((anchor.name, error.why))
        return placed, failures

    async def _due(self, entries: int, minutes: float) -> bool:
        head = await self._log.head()
        kept = await self._log.checkpoints(limit=1)
        if not kept:
            return head.number > 0
        last = kept[0].checkpoint
        # A checkpoint leaves an entry of its own, which alone is no reason for the next one.
        fresh = head.number - last.number - 1
        incomplete = len(kept[0].anchors) < len(self._anchors)
        return fresh >= entries or incomplete or (fresh > 0 and self._now() - last.at >= timedelta(minutes=minutes))
