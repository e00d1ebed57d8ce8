"""The SQL for least-privilege roles, for a person to read and to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgwarden.domain.catalog import quote_identifier
from pgwarden.domain.database import RoleAdvice

LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class SchemaOwners:
    """A schema and who owns tables in it, and will create more."""

    name: str
    owners: tuple[str, ...]


def reader_advice(database: str, schemas: Sequence[SchemaOwners]) -> RoleAdvice:
    """A role that can read tables and nothing else; ``database`` is its name on the server."""
    role = role_name(database, "reader")
    name = quote_identifier(role)
    lines = [
        "-- A role that can only read. Run this as the owner of the tables or as a superuser.",
        f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 20;",
        f"-- Then give it a password where no log sees it, in psql: \\password {name}",
        f"ALTER ROLE {name} SET default_transaction_read_only = on;",
        f"ALTER ROLE {name} SET statement_timeout = '60s';",
        f"ALTER ROLE {name} SET lock_timeout = '5s';",
        f"ALTER ROLE {name} SET idle_in_transaction_session_timeout = '60s';",
        "-- A superuser can also bound the disk that one query may fill:",
        f"-- ALTER ROLE {name} SET temp_file_limit = '1GB';",
        f"GRANT CONNECT ON DATABASE {quote_identifier(database)} TO {name};",
        *_grants(name, schemas, "SELECT"),
        "-- To keep a table or a column from it: REVOKE SELECT ON the_table FROM that role,",
        "-- and grant single columns: GRANT SELECT (id, city) ON the_table.",
    ]
    return RoleAdvice(role, "reads only", "\n".join(lines) + "\n")


def writer_advice(database: str, schemas: Sequence[SchemaOwners]) -> RoleAdvice:
    """A role that can also change rows, and keeps the before-images in a schema of its own."""
    role = role_name(database, "writer")
    name = quote_identifier(role)
    lines = [
        "-- A role for approved changes: rows, not structure. Run this as the owner of the tables or as a superuser.",
        f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 20;",
        f"-- Then give it a password where no log sees it, in psql: \\password {name}",
        f"ALTER ROLE {name} SET lock_timeout = '5s';",
        f"ALTER ROLE {name} SET idle_in_transaction_session_timeout = '60s';",
        f"GRANT CONNECT ON DATABASE {quote_identifier(database)} TO {name};",
        *_grants(name, schemas, "SELECT, INSERT, UPDATE, DELETE"),
        *_sequence_grants(name, schemas),
        "-- Where pgwarden keeps what it needs to take a change back:",
        f"CREATE SCHEMA IF NOT EXISTS pgwarden AUTHORIZATION {name};",
    ]
    return RoleAdvice(role, "reads, and makes approved changes", "\n".join(lines) + "\n")


def role_name(database: str, purpose: str) -> str:
    """Roles belong to the whole server, so the database is part of the name."""
    suffix = f"_pgwarden_{purpose}"
    kept = database.encode()[: LONGEST_NAME - len(suffix)].decode("utf-8", "ignore")
    return kept + suffix


def _grants(role: str, schemas: Sequence[SchemaOwners], rights: str) -> list[str]:
    lines = []
    for schema in schemas:
        name = quote_identifier(schema.name)
        lines.append(f"GRANT USAGE ON SCHEMA {name} TO {role};")
        lines.append(f"GRANT {rights} ON ALL TABLES IN SCHEMA {name} TO {role};")
        lines += [
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {quote_identifier(owner)} IN SCHEMA {name} "
            f"GRANT {rights} ON TABLES TO {role};"
            for owner in schema.owners
        ]
    return lines


def _sequence_grants(role: str, schemas: Sequence[SchemaOwners]) -> list[str]:
    lines = []
    for schema in schemas:
        name = quote_identifier(schema.name)
        lines.append(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {name} TO {role};")
        lines += [
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {quote_identifier(owner)} IN SCHEMA {name} "
            f"GRANT USAGE, SELECT ON SEQUENCES TO {role};"
            for owner in schema.owners
        ]
    return lines
