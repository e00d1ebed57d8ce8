"""The accounts and their delegations in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from pgwarden.adapters.postgres.control.audit_append import append_entries
from pgwarden.adapters.postgres.control.connection import OLDEST_MAJOR, Connection, Pool, selected, transaction
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import AlreadyExists, ChangedMeanwhile
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.person import Delegation, Person, Role
from pgwarden.domain.personnel import (
    last_administrator,
    require_sound,
    require_sound_delegation,
    taken,
    unknown_person,
)


def people_sql(name: str) -> bytes:
    """One of the queries on people and logins; they run unchanged on every supported version."""
    return named_queries("people.sql", OLDEST_MAJOR)[name]


class PostgresPeopleStore:
    """``ports.PeopleStore``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self, name: str) -> Person:
        for row in await selected(self._pool, people_sql("person"), {"name": name}):
            return person_of(row)
        raise unknown_person(name)

    async def find(self, *, email: str = "", slack: str = "") -> Person | None:
        contact = {"email": email, "slack": "" if email else slack}
        row = next(iter(await selected(self._pool, people_sql("person_by_contact"), contact)), None)
        return person_of(row) if row else None

    async def all(self) -> tuple[Person, ...]:
        return tuple(map(person_of, await selected(self._pool, people_sql("people"))))

    async def approvers(self, level: int) -> tuple[Person, ...]:
        return tuple(person for person in await self.all() if person.may_approve(level))

    async def add(self, person: Person, *, audit: Sequence[AuditEntry]) -> None:
        require_sound(person)
        async with transaction(self._pool) as connection:
            await _add(connection, person)
            await append_entries(connection, audit)

    async def add_first(self, person: Person, password_hash: str, *, at: datetime, audit: Sequence[AuditEntry]) -> bool:
        require_sound(person)
        async with transaction(self._pool) as connection:
            await connection.execute(people_sql("lock_people"))
            if await (await connection.execute(people_sql("people"))).fetchone() is not None:
                return False
            await _add(connection, person)
            values = {"name": person.name, "password_hash": password_hash, "must_change": True, "at": at}
            await connection.execute(people_sql("set_password"), values)
            await append_entries(connection, audit)
        return True

    async def replace(self, person: Person, *, expected: Person, audit: Sequence[AuditEntry]) -> None:
        require_sound(person)
        async with transaction(self._pool) as connection:
            await connection.execute(people_sql("lock_people"))
            if await _person(connection, expected.name) != expected or person.name != expected.name:
                raise ChangedMeanwhile(
                    f"Someone else changed the account {expected.name!r}.",
                    not_done="Nothing was changed.",
                    next_step="Look at it again and repeat the change.",
                )
            await _write(connection, "replace_person", person)
            if Role.ADMIN in expected.roles and not await _administrators(connection):
                raise last_administrator()
            if not person.active:
                await _shut_out(connection, person.name, audit)
            await append_entries(connection, audit)

    async def delegations(self, at: datetime | None = None) -> tuple[Delegation, ...]:
        return tuple(Delegation(*row) for row in await selected(self._pool, people_sql("delegations"), {"at": at}))

    async def delegate(self, delegation: Delegation, *, audit: Sequence[AuditEntry]) -> None:
        async with transaction(self._pool) as connection:
            giver, deputy = await _person(connection, delegation.giver), await _person(connection, delegation.deputy)
            require_sound_delegation(delegation, giver, deputy)
            if not (await connection.execute(people_sql("add_delegation"), _delegation(delegation))).rowcount:
                raise AlreadyExists(
                    f"{deputy.name!r} stands in for {giver.name!r} from that moment on already.",
                    not_done="Nothing was changed.",
                    next_step="End that one first: pgwarden delegate end",
                )
            await append_entries(connection, audit)

    async def end_delegation(self, giver: str, deputy: str, at: datetime, *, audit: Sequence[AuditEntry]) -> bool:
        values = {"giver": giver, "deputy": deputy, "at": at}
        async with transaction(self._pool) as connection:
            ended = (await connection.execute(people_sql("end_delegation"), values)).rowcount > 0
            await append_entries(connection, audit if ended else ())
        return ended


async def _person(connection: Connection, name: str) -> Person:
    row = await (await connection.execute(people_sql("person"), {"name": name})).fetchone()
    if row is None:
        raise unknown_person(name)
    return person_of(row)


async def _add(connection: Connection, person: Person) -> None:
    if not await _write(connection, "add_person", person):
        raise taken(person)


async def _write(connection: Connection, name: str, person: Person) -> int:
    try:
        return (await connection.execute(people_sql(name), _parameters(person))).rowcount
    except psycopg.errors.UniqueViolation:
        raise taken(person) from None


async def _administrators(connection: Connection) -> int:
    row = await (await connection.execute(people_sql("administrators"))).fetchone()
    return int(row[0]) if row else 0


async def _shut_out(connection: Connection, name: str, audit: Sequence[AuditEntry]) -> None:
    """Whoever is no longer active proves nothing any more, and stands in for nobody."""
    at = audit[0].at
    values = {"name": name, "at": at, "keep": ""}
    for each in ("end_logins_of", "revoke_tokens_of", "end_delegations_of", "drop_credential", "unlink"):
        await connection.execute(people_sql(each), values)


def person_of(row: tuple[Any, ...]) -> Person:
    """An account from its columns, in the order in which the queries on people have them."""
    name, kind, full_name, roles, level, groups, *contact = row
    held = frozenset(Role(role) for role in roles)
    return Person(name, IdentityKind(kind), full_name, held, level, frozenset(groups), *contact)


def _parameters(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "kind": person.kind.value,
        "full_name": person.full_name,
        "roles": sorted(role.value for role in person.roles),
        "level": person.level,
        "groups": sorted(person.groups),
        "email": person.email,
        "phone": person.phone,
        "slack": person.slack,
        "zone": person.zone,
        "backup": person.backup,
        "active": person.active,
        "owner": person.owner,
    }


def _delegation(delegation: Delegation) -> dict[str, object]:
    return {
        "giver": delegation.giver,
        "deputy": delegation.deputy,
        "starts": delegation.start,
        "ends": delegation.end,
        "reason": delegation.reason,
    }
