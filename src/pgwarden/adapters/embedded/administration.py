"""Roles and databases of an embedded server, made when they are missing."""

from __future__ import annotations

import psycopg
from psycopg import sql


def ensure_role(conninfo: str, name: str, password: str) -> None:
    """A role that may log in with this password, and has no other power than its grants."""
    role = sql.Identifier(name)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        if _missing(connection, "select from pg_roles where rolname = %s", name):
            connection.execute(sql.SQL("create role {}").format(role))
        statement = sql.SQL("alter role {} login nosuperuser password {}")
        connection.execute(statement.format(role, sql.Literal(password)))


def ensure_database(conninfo: str, name: str, owner: str) -> None:
    """An empty database of this owner, unless one of that name exists."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        if _missing(connection, "select from pg_database where datname = %s", name):
            statement = sql.SQL("create database {} owner {} template template0")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(owner)))


def _missing(connection: psycopg.Connection, query: str, name: str) -> bool:
    return connection.execute(query.encode(), [name]).fetchone() is None
