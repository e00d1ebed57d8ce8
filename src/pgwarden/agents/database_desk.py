"""The registered databases as administrators arrange them: registered, looked at, opened for changes, forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from pgwarden.domain.admission import Admission
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.database import Database, DatabaseCheck, RoleAdvice
from pgwarden.domain.registration import require_keepable, require_remote
from pgwarden.ports import TargetRegistry

CLI = "cli"


class DatabaseDesk:
    """Whoever changes the registry, or has a connection opened to look, is an administrator (``require_arranging``).

    ``source`` is the door: only at the command line may a password come from a command or from any variable.
    """

    def __init__(
        self,
        targets: TargetRegistry,
        look: Callable[[Database], Awaitable[DatabaseCheck]],
        advise: Callable[[Database], Awaitable[tuple[RoleAdvice, ...]]],
        now: Callable[[], datetime],
    ) -> None:
        self._targets, self._look, self._advise, self._now = targets, look, advise, now

    async def all(self, *, by: Admission) -> tuple[Database, ...]:
        """Every target with how it is reached, in the order of names."""
        by.require_arranging()
        return await self._targets.all()

    async def get(self, name: str, *, by: Admission) -> Database:
        """One of them. UnknownDatabase."""
        by.require_arranging()
        return await self._targets.get(name)

    async def register(self, database: Database, *, by: Admission, source: str) -> None:
        """Register a target. AlreadyExists, InputInvalid."""
        entry = self._entry("database.added", database.name, by, source, allow_writes=database.allow_writes)
        _require_source(database, source)
        await self._targets.add(database, audit=(entry,))

    async def change(self, database: Database, *, by: Admission, source: str) -> None:
        """Change the registration of that name. UnknownDatabase, AlreadyExists for one of the settings."""
        entry = self._entry("database.changed", database.name, by, source, allow_writes=database.allow_writes)
        _require_source(database, source)
        await self._targets.replace(database, audit=(entry,))

    async def lead_elsewhere(self, database: Database, *, by: Admission, source: str) -> Database:
        """Change how it is reached. Where that leads elsewhere, changes may no longer run: they were allowed there."""
        before = await self.get(database.name, by=by)
        same = (before.conninfo, before.password) == (database.conninfo, database.password)
        changed = replace(database, allow_writes=before.allow_writes and same)
        await self.change(changed, by=by, source=source)
        return changed

    async def allow_writes(self, name: str, allowed: bool, *, by: Admission, source: str) -> Database:
        """Let approved changes run there, or no more; nothing else of the registration changes."""
        entry = self._entry("database.changed", name, by, source, allow_writes=allowed)
        changed = replace(await self._targets.get(name), allow_writes=allowed)
        await self._targets.replace(changed, audit=(entry,))
        return changed

    async def remove(self, name: str, *, by: Admission, source: str) -> None:
        """Forget a target; nothing changes in it. UnknownDatabase."""
        entry = self._entry("database.removed", name, by, source)
        await self._targets.remove(name, audit=(entry,))

    async def check(self, database: Database, *, by: Admission, source: str) -> DatabaseCheck:
        """Look at a target, registered or not; nothing is changed there. ConnectionFailed, UnsupportedServer."""
        by.require_arranging()
        if not self._targets.is_settled(database.name):
            _require_source(database, source)
        return await self._look(database)

    async def advise(self, name: str, *, by: Admission) -> tuple[RoleAdvice, ...]:
        """The SQL of the roles that would be better to connect as."""
        return await self._advise(await self.get(name, by=by))

    def _entry(self, action: str, name: str, by: Admission, source: str, **details: object) -> AuditEntry:
        by.require_arranging()
        at = self._now()
        return AuditEntry(action, by.identity.name, at, database=name, subject=name, source=source, details=details)


def _require_source(database: Database, source: str) -> None:
    if source != CLI:
        require_keepable(database)
        require_remote(database)
