"""The registered targets, and who may read what of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.database import Database
from pgwarden.domain.identity import DataRight
from pgwarden.domain.rights_version import RightsVersion


class DatabaseStore(Protocol):
    """The registered targets. A password is never kept, only where it comes from (InputInvalid).

    Each change is kept together with its audit entries, or not at all.
    """

    async def add(self, database: Database, *, audit: Sequence[AuditEntry] = ()) -> None:
        """Register a target. AlreadyExists when the name is taken."""
        ...

    async def replace(self, database: Database, *, audit: Sequence[AuditEntry] = ()) -> None:
        """Change a registered target. UnknownDatabase when there is none of that name."""
        ...

    async def get(self, name: str) -> Database:
        """The target of that name, or UnknownDatabase."""
        ...

    async def all(self) -> tuple[Database, ...]:
        """Every registered target in the order of names."""
        ...

    async def remove(self, name: str, *, audit: Sequence[AuditEntry] = ()) -> None:
        """Forget a target, or UnknownDatabase. What was learnt about it stays, for when it comes back."""
        ...


class TargetRegistry(DatabaseStore, Protocol):
    """The registered targets together with those of the settings, which only the settings change (AlreadyExists)."""

    def is_settled(self, name: str) -> bool:
        """Whether the settings name it."""
        ...


class DataRightsStore(Protocol):
    """The data rights, as a whole and versioned: two people who edit at once cannot overwrite each other unseen."""

    async def current(self) -> RightsVersion:
        """The version in force; ``ORIGINAL_RIGHTS`` before anyone wrote one."""
        ...

    async def replace(
        self,
        lines: Sequence[DataRight],
        *,
        expected: int,
        author: str,
        at: datetime,
        audit: Sequence[AuditEntry] = (),
    ) -> RightsVersion:
        """Put a new version in force, with its audit entries. ChangedMeanwhile when the number is not ``expected``."""
        ...

    async def history(self, *, limit: int = 50) -> tuple[RightsVersion, ...]:
        """Written versions, newest first."""
        ...
