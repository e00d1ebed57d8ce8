"""``pgwarden db check``: what is safe about a target and what is not, and which roles would be better."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import AsyncConnection

from pgwarden.adapters.postgres.connect import open_connection
from pgwarden.adapters.postgres.facts import ServerFacts, server_facts
from pgwarden.adapters.postgres.failures import read_failure
from pgwarden.adapters.postgres.roles import SchemaOwners, reader_advice, writer_advice
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.database import CheckFinding, Database, DatabaseCheck, Grade, RoleAdvice

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
SERVER_ROLES = ("pg_execute_server_program", "pg_read_server_files", "pg_write_server_files")
"""Predefined roles that reach the server's files and programs."""
WIDE_ROLES = ("pg_write_all_data", "pg_signal_backend", "pg_maintain", "pg_checkpoint", "pg_create_subscription")

Row = tuple[Any, ...]


async def check_database(database: Database) -> DatabaseCheck:
    """Look at a target with a connection of its own; nothing is changed there.

    Raises ConnectionFailed when it cannot be reached and UnsupportedServer when pgwarden cannot work with it.
    """
    connection = await open_connection(database)
    try:
        facts = await server_facts(connection)
        (role,) = await _ask(connection, "role")
        (tables,) = await _ask(connection, "tables")
        schemas = await _ask(connection, "schemas")
        reach = [name for (name,) in await _ask(connection, "reach")]
        findings = (
            *_about_server(facts, standby=role[8]),
            *_about_encryption(connection),
            *_about_role(role),
            *_about_tables(tables, database.allow_writes),
            *_about_creating(role, schemas),
            *_about_reach(reach),
        )
        advice = _advice(connection, schemas)
        return DatabaseCheck(database.name, facts.version, facts.role, facts.tls, facts.pooled, findings, advice)
    except psycopg.Error as error:
        raise read_failure(error, database=database.name) from None
    finally:
        await connection.close()


async def advise_roles(database: Database) -> tuple[RoleAdvice, ...]:
    """The SQL for a role that reads and one that writes too, for the schemas that are there now. Raises as above."""
    connection = await open_connection(database)
    try:
        return _advice(connection, await _ask(connection, "schemas"))
    except psycopg.Error as error:
        raise read_failure(error, database=database.name) from None
    finally:
        await connection.close()


def _advice(connection: AsyncConnection[Any], schemas: list[Row]) -> tuple[RoleAdvice, ...]:
    owners = [SchemaOwners(name, tuple(owning)) for name, _, owning in schemas]
    name = connection.info.dbname
    return reader_advice(name, owners), writer_advice(name, owners)


async def _ask(connection: AsyncConnection[Any], name: str) -> list[Row]:
    query = named_queries("check.sql", connection.info.server_version // 10000)[name]
    return await (await connection.execute(query, prepare=False)).fetchall()


def _about_server(facts: ServerFacts, *, standby: bool) -> Iterator[CheckFinding]:
    shown = f"{facts.version // 10000}.{facts.version % 10000}"
    if facts.newer_than_known:
        yield CheckFinding(
            "server-is-newer",
            Grade.WARNING,
            f"The server is PostgreSQL {shown}, newer than pgwarden knows.",
            "What is new in it and not yet known is refused.",
            "Look for a newer pgwarden.",
        )
    else:
        yield CheckFinding("server-version", Grade.GOOD, f"The server is PostgreSQL {shown}.")
    if facts.pooled:
        yield CheckFinding(
            "behind-a-proxy",
            Grade.NOTE,
            "A connection pooler such as PgBouncer stands in front.",
            "pgwarden then keeps nothing in the session; reads work as usual.",
        )
    if standby:
        yield CheckFinding("standby", Grade.GOOD, "The server is a standby: nothing can be changed through it.")
    if not facts.limits_temp_files and facts.settings.get("temp_file_limit", -1) < 0:
        yield CheckFinding(
            "temp-files-unbounded",
            Grade.NOTE,
            "A query may fill the server's disk with temporary files until its time limit.",
            "The role may not set temp_file_limit, and none is set for it.",
            "ALTER ROLE … SET temp_file_limit = '1GB';",
        )


def _about_encryption(connection: AsyncConnection[Any]) -> Iterator[CheckFinding]:
    host = connection.info.host
    if host.startswith("/") or host in LOCAL_HOSTS:
        yield CheckFinding("local", Grade.GOOD, "The connection does not leave this machine.")
    elif not connection.pgconn.ssl_in_use:
        yield CheckFinding(
            "not-encrypted",
            Grade.DANGER,
            f"The connection to {host} is not encrypted.",
            "Everyone on the way can read the rows, and the password where the server asks for it in clear.",
            "Register it with --sslmode verify-full --sslrootcert FILE.",
        )
    elif connection.info.get_parameters().get("sslmode") not in ("verify-full", "verify-ca"):
        yield CheckFinding(
            "server-not-verified",
            Grade.WARNING,
            "The connection is encrypted, but nobody checks whom it leads to.",
            "Without sslmode verify-full another machine can stand in between.",
            "Register it with --sslmode verify-full --sslrootcert FILE.",
        )
    else:
        yield CheckFinding("encrypted", Grade.GOOD, "The connection is encrypted and the server's name is checked.")


def _about_role(role: Row) -> Iterator[CheckFinding]:
    name, superuser, createrole, createdb, replication, bypassrls, memberships, *_ = role
    if superuser:
        yield CheckFinding(
            "role-is-superuser",
            Grade.DANGER,
            f'The role "{name}" is a superuser.',
            "No right stops it: it reads every table, ignores row-level security, and reaches the server's files.",
            "Connect as a role like the one below.",
        )
        return
    yield CheckFinding("role-is-no-superuser", Grade.GOOD, f'The role "{name}" is no superuser.')
    if reached := [member for member in memberships if member in SERVER_ROLES]:
        yield CheckFinding(
            "role-reaches-server",
            Grade.DANGER,
            f"The role is a member of {', '.join(reached)}.",
            "It can reach files or programs on the server.",
            f"REVOKE {', '.join(reached)} FROM it.",
        )
    flags = {"CREATEROLE": createrole, "CREATEDB": createdb, "REPLICATION": replication, "BYPASSRLS": bypassrls}
    wide = [flag for flag, given in flags.items() if given] + [m for m in memberships if m in WIDE_ROLES]
    if wide:
        yield CheckFinding(
            "role-has-more-than-it-needs",
            Grade.WARNING,
            f"The role also has {', '.join(wide)}.",
            "Reading needs none of it.",
            "Take it away, or connect as a role like the one below.",
        )


def _about_tables(tables: Row, allow_writes: bool) -> Iterator[CheckFinding]:
    total, readable, writable, owned, secured = tables
    if not readable:
        yield CheckFinding(
            "nothing-readable",
            Grade.WARNING,
            f"The role may read none of {total} tables.",
            "It was not granted SELECT.",
            "Grant it as in the SQL below.",
        )
    else:
        yield CheckFinding("readable", Grade.GOOD, f"The role may read {readable} of {total} tables.")
    if writable and not allow_writes:
        yield CheckFinding(
            "role-can-write",
            Grade.WARNING,
            f"The role may change {writable} tables, although this target is registered for reading only.",
            "pgwarden runs reads in READ ONLY transactions; a role that cannot write would be one fence more.",
            "Connect as a reader role like the one below.",
        )
    if allow_writes and not writable:
        yield CheckFinding(
            "role-cannot-write",
            Grade.NOTE,
            "Writes are allowed here, but the role may change no table.",
            next_step="Connect as a writer role like the one below.",
        )
    if owned:
        yield CheckFinding(
            "role-owns-tables",
            Grade.WARNING,
            f"The role owns {owned} tables.",
            "An owner can drop and alter them, and row-level security does not hold it.",
            "Connect as a role that owns nothing.",
        )
    if secured:
        yield CheckFinding(
            "row-security", Grade.NOTE, f"{secured} tables have row-level security: answers hold what the role may see."
        )


def _about_creating(role: Row, schemas: list[Row]) -> Iterator[CheckFinding]:
    places = [f"schema {name}" for name, creates, _ in schemas if creates] + (["the database"] if role[7] else [])
    if places and not role[1]:
        yield CheckFinding(
            "role-can-create",
            Grade.WARNING,
            f"The role may create objects in {', '.join(places)}.",
            "Who can create functions can change what an unqualified name means.",
            "REVOKE CREATE there, also from PUBLIC.",
        )


def _about_reach(extensions: list[str]) -> Iterator[CheckFinding]:
    if extensions:
        yield CheckFinding(
            "ways-out",
            Grade.NOTE,
            f"Extensions that can leave the database are installed: {', '.join(extensions)}.",
            "pgwarden refuses statements that use them, unless its policy names them.",
        )
