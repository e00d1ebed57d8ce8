"""The policy file as administrators edit it: read, tried, compared with history, saved. Nothing else writes it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pgwarden.agents.audit_trail import AuditTrail
from pgwarden.agents.policy_desk import Compared, PolicyDesk
from pgwarden.domain.admission import Admission
from pgwarden.domain.approval_policy import ApprovalPolicy
from pgwarden.domain.approval_table import approval_policy
from pgwarden.domain.errors import PgwardenError, PolicyInvalid
from pgwarden.domain.login import Scope
from pgwarden.domain.person import Role
from pgwarden.domain.text_diff import DiffLine, Side, text_diff
from pgwarden.ports import PolicyStore

MOST_TOLD = 20_000
"""Characters of a difference that its audit entry keeps."""


@dataclass(frozen=True, slots=True)
class PolicyText:
    """The file as it is."""

    place: str
    """Its name; '' for the built-in policy, which has no text."""
    text: str
    sha256: str
    """Of the text in UTF-8; '' without a file."""
    approval: ApprovalPolicy | None
    """What it means for approvals; None while it cannot be followed."""
    trouble: PgwardenError | None
    """Why it cannot."""


class PolicyEditor:
    """Every verb is an administrator's (LoginNeeded, RightMissing)."""

    def __init__(self, store: PolicyStore, desk: PolicyDesk, trail: AuditTrail) -> None:
        self._store, self._desk, self._trail = store, desk, trail

    def current(self, *, by: Admission) -> PolicyText:
        """The policy that holds, and its text. PolicyInvalid where the file cannot be read."""
        by.require(Scope.ADMIN, Role.ADMIN)
        text = self._store.text() if self._store.place else ""
        approval, trouble = None, None
        try:
            approval = approval_policy(self._store())
        except PolicyInvalid as error:
            trouble = error
        return PolicyText(self._store.place, text, sha256_of(text) if self._store.place else "", approval, trouble)

    def tried(self, text: str, *, by: Admission) -> tuple[ApprovalPolicy, tuple[DiffLine, ...]]:
        """What a text would mean, and how it differs from the file. PolicyInvalid."""
        by.require(Scope.ADMIN, Role.ADMIN)
        meant = approval_policy(self._store.parse(text))
        return meant, text_diff(self._store.text() if self._store.place else "", text)

    async def dry_run(self, text: str, *, by: Admission, limit: int = 500) -> tuple[Compared, ...]:
        """The newest tickets under the policy of now and under the text, newest first. PolicyInvalid."""
        after, _ = self.tried(text, by=by)
        return await self._desk.compare(approval_policy(self._store()), after, by=by, limit=limit)

    async def save(self, text: str, *, expected: str, by: Admission) -> str:
        """Put a text in force, when the file still is the one with that SHA-256; the new SHA-256.

        What is to be changed is written down before the file is touched, and that it was changed afterwards: a file and
        the audit share no transaction. PolicyInvalid, ChangedMeanwhile.
        """
        async with self._trail.event("policy.save_asked", identity=by.identity) as event:
            meant, lines = self.tried(text, by=by)
            event.details |= {"before": expected, "after": sha256_of(text), "rules": len(meant.rules)}
            event.personal["difference"] = _told(lines)
        async with self._trail.event("policy.saved", identity=by.identity) as event:
            event.details |= {"before": expected, "after": sha256_of(text)}
            self._store.replace(text, expected=expected)
        return sha256_of(text)


def sha256_of(text: str) -> str:
    """Of its UTF-8 bytes, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _told(lines: tuple[DiffLine, ...]) -> str:
    signs = {Side.BEFORE: "-", Side.AFTER: "+"}
    return "\n".join(f"{signs[line.side]}{line.text}" for line in lines if line.side in signs)[:MOST_TOLD]
