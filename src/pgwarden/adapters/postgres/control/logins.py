"""Hashes of passwords, tokens and logins in PostgreSQL, second factors, and wrong attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg

from pgwarden.adapters.postgres.control.audit_append import append_entries
from pgwarden.adapters.postgres.control.connection import Connection, Pool, selected, transaction
from pgwarden.adapters.postgres.control.people import people_sql, person_of
from pgwarden.adapters.secret_box import SecretBox, is_sealed
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import AlreadyExists, SecretKeyInvalid
from pgwarden.domain.login import FORGOTTEN_AFTER, Attempts, Credential, LoginMethod, LoginSession, lock_after
from pgwarden.domain.person import ApiToken, Person
from pgwarden.domain.personnel import unknown_person

TOKEN_COLUMNS = 8
"""Of a bearer's row; those of the account follow."""
LOGIN_COLUMNS = 7
"""Of a holder's row; whether the password must be changed, and the account, follow."""


class PostgresLoginStore:
    """``ports.LoginStore``."""

    def __init__(self, pool: Pool, box: SecretBox) -> None:
        self._pool, self._box = pool, box

    async def credential(self, name: str) -> Credential:
        row = await self._row("credential", name=name)
        if row is None:
            return Credential(name)
        found = Credential(*row)
        secret = self._box.open(bytes(found.totp_secret), name)
        return replace(found, totp_secret=secret, recovery_codes=tuple(found.recovery_codes))

    async def set_password(
        self,
        name: str,
        password_hash: str,
        *,
        must_change: bool,
        at: datetime,
        keep_login: str = "",
        audit: Sequence[AuditEntry],
    ) -> None:
        values = {"name": name, "password_hash": password_hash, "must_change": must_change, "at": at}
        async with transaction(self._pool) as connection:
            await _of_a_person(connection, "set_password", values)
            await connection.execute(people_sql("end_logins_of"), {"name": name, "at": at, "keep": keep_login})
            await append_entries(connection, audit)

    async def set_second_factor(
        self,
        name: str,
        secret: bytes,
        step: int,
        recovery_codes: Sequence[str] = (),
        *,
        at: datetime,
        audit: Sequence[AuditEntry],
    ) -> None:
        sealed = self._box.seal(secret, name)
        values = {"name": name, "secret": sealed, "step": step, "codes": list(recovery_codes), "at": at}
        async with transaction(self._pool) as connection:
            await _of_a_person(connection, "set_second_factor", values)
            await append_entries(connection, audit)

    async def set_recovery_codes(
        self, name: str, recovery_codes: Sequence[str], *, instead_of: Sequence[str], audit: Sequence[AuditEntry]
    ) -> bool:
        values = {"name": name, "codes": list(recovery_codes), "before": list(instead_of)}
        return await self._changed("set_recovery_codes", values, audit)

    async def use_recovery_code(self, name: str, code_hash: str, *, audit: Sequence[AuditEntry]) -> bool:
        return await self._changed("use_recovery_code", {"name": name, "code": code_hash}, audit)

    async def seal_second_factors(self) -> None:
        """Seal what lies readable from before there was a key."""
        if not self._box.seals:
            return
        async with transaction(self._pool) as connection:
            for name, kept in await (await connection.execute(people_sql("second_factors"))).fetchall():
                if not is_sealed(bytes(kept)):
                    values = {"name": name, "secret": self._box.seal(bytes(kept), name)}
                    await connection.execute(people_sql("keep_second_factor"), values)

    async def drop_unreadable_second_factors(self, at: datetime, source: str) -> tuple[str, ...]:
        """Take away those that this installation's key does not open, each with an entry; whose they were."""
        dropped = []
        async with transaction(self._pool) as connection:
            for name, kept in await (await connection.execute(people_sql("second_factors"))).fetchall():
                try:
                    self._box.open(bytes(kept), name)
                except SecretKeyInvalid:
                    dropped.append(name)
                    await connection.execute(people_sql("drop_second_factor"), {"name": name})
            entries = [
                AuditEntry("second_factor.removed", "system", at, subject=name, source=source) for name in dropped
            ]
            await append_entries(connection, entries)
        return tuple(dropped)

    async def use_code(self, name: str, step: int) -> bool:
        return await self._changed("use_code", {"name": name, "step": step})

    async def attempt(self, name: str, at: datetime) -> Attempts:
        values = {"name": name, "at": at, "before": at - FORGOTTEN_AFTER}
        async with transaction(self._pool) as connection:
            await connection.execute(people_sql("forget_attempts"), values)
            counted = await (await connection.execute(people_sql("attempt"), values)).fetchone()
            if counted is None:
                row = await (await connection.execute(people_sql("locked_until"), values)).fetchone()
                return Attempts(*row) if row else Attempts()
            if lock := lock_after(counted[0]):
                await connection.execute(people_sql("lock_name"), {"name": name, "until": at + lock})
            return Attempts(counted[0])

    async def refuse(self, audit: Sequence[AuditEntry]) -> None:
        async with transaction(self._pool) as connection:
            await append_entries(connection, audit)

    async def is_claimed(self) -> bool:
        row = await self._row("is_claimed")
        return bool(row and row[0])

    async def succeed(self, name: str, *, audit: Sequence[AuditEntry] = ()) -> None:
        async with transaction(self._pool) as connection:
            await connection.execute(people_sql("clear_attempts"), {"name": name})
            await append_entries(connection, audit)

    async def open(self, login: LoginSession, secret_hash: str, *, audit: Sequence[AuditEntry]) -> None:
        values = {
            "id": login.id,
            "secret_hash": secret_hash,
            "person": login.person,
            "method": login.method.value,
            "source": login.source,
            "created_at": login.created_at,
            "expires_at": login.expires_at,
        }
        async with transaction(self._pool) as connection:
            await connection.execute(people_sql("open_login"), values)
            await connection.execute(people_sql("clear_attempts"), {"name": login.person})
            await append_entries(connection, audit)

    async def login(self, secret_hash: str) -> LoginSession | None:
        row = await self._row("login", secret_hash=secret_hash)
        return _login(row) if row else None

    async def holder(self, secret_hash: str) -> tuple[LoginSession, Person, bool] | None:
        row = await self._row("holder", secret_hash=secret_hash)
        if row is None:
            return None
        must_change, *person = row[LOGIN_COLUMNS:]
        return _login(row[:LOGIN_COLUMNS]), person_of(tuple(person)), must_change

    async def open_logins(self, name: str, at: datetime) -> tuple[LoginSession, ...]:
        return tuple(map(_login, await selected(self._pool, people_sql("open_logins"), {"name": name, "at": at})))

    async def end(self, login_id: str, at: datetime, *, audit: Sequence[AuditEntry]) -> None:
        await self._changed("end_login", {"id": login_id, "at": at}, audit)

    async def add_token(self, token: ApiToken, secret_hash: str, *, audit: Sequence[AuditEntry]) -> None:
        values = {
            "id": token.id,
            "secret_hash": secret_hash,
            "person": token.person,
            "label": token.label,
            "scopes": sorted(token.scopes),
            "databases": sorted(token.databases),
            "created_at": token.created_at,
            "expires_at": token.expires_at,
        }
        async with transaction(self._pool) as connection:
            await connection.execute(people_sql("add_token"), values)
            await append_entries(connection, audit)

    async def bearer(self, secret_hash: str) -> tuple[ApiToken, Person] | None:
        row = await self._row("bearer", secret_hash=secret_hash)
        return (_token(row[:TOKEN_COLUMNS]), person_of(row[TOKEN_COLUMNS:])) if row else None

    async def tokens(self, person: str | None = None) -> tuple[ApiToken, ...]:
        return tuple(map(_token, await selected(self._pool, people_sql("tokens"), {"person": person})))

    async def revoke(self, token_id: str, at: datetime, *, audit: Sequence[AuditEntry]) -> bool:
        return await self._changed("revoke_token", {"id": token_id, "at": at}, audit)

    async def linked(self, issuer: str, subject: str) -> str:
        row = await self._row("linked", issuer=issuer, subject=subject)
        return str(row[0]) if row else ""

    async def link(self, issuer: str, subject: str, name: str, *, audit: Sequence[AuditEntry]) -> None:
        values = {"issuer": issuer, "subject": subject, "person": name}
        async with transaction(self._pool) as connection:
            if not (await connection.execute(people_sql("link"), values)).rowcount:
                raise AlreadyExists("That subject of the provider is linked already.", not_done="Nothing was changed.")
            await append_entries(connection, audit)

    async def _changed(self, query: str, values: Mapping[str, object], audit: Sequence[AuditEntry] = ()) -> bool:
        """Whether a statement found its row; only then the entries are kept."""
        async with transaction(self._pool) as connection:
            found = (await connection.execute(people_sql(query), values)).rowcount > 0
            await append_entries(connection, audit if found else ())
        return found

    async def _row(self, query: str, **values: str) -> tuple[Any, ...] | None:
        return next(iter(await selected(self._pool, people_sql(query), values)), None)


async def _of_a_person(connection: Connection, query: str, values: dict[str, object]) -> None:
    try:
        await connection.execute(people_sql(query), values)
    except psycopg.errors.ForeignKeyViolation:
        raise unknown_person(str(values["name"])) from None


def _login(row: tuple[Any, ...]) -> LoginSession:
    login_id, person, method, *rest = row
    return LoginSession(login_id, person, LoginMethod(method), *rest)


def _token(row: tuple[Any, ...]) -> ApiToken:
    token_id, person, label, scopes, databases, *times = row
    return ApiToken(token_id, person, label, frozenset(scopes), frozenset(databases), *times)
