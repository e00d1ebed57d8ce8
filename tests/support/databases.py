"""Databases made for tests on a server that is already there."""

from __future__ import annotations

from typing import Protocol

import psycopg
from psycopg import conninfo, sql


class MakeDatabase(Protocol):
    """Creates a database that is dropped after the test; ``template`` names one on the same server to clone."""

    def __call__(self, version: int = 18, template: str | None = None) -> str: ...


def create_database(server: str, name: str, template: str | None = None) -> str:
    """Create a database and return the server's URL pointed at it."""
    names = sql.Identifier(name), sql.Identifier(template or "template0")
    with psycopg.connect(server, autocommit=True) as connection:
        copied = "" if connection.info.server_version < 15_00_00 else " strategy file_copy"  # a third of the time
        connection.execute(sql.SQL("create database {} template {}" + copied).format(*names))
    return point_at(server, name)


def drop_database(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def rename_database(server: str, name: str, to: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("alter database {} rename to {}").format(sql.Identifier(name), sql.Identifier(to)))


def exists(server: str, name: str) -> bool:
    with psycopg.connect(server, autocommit=True) as connection:
        return connection.execute("select from pg_database where datname = %s", [name]).fetchone() is not None


def point_at(server: str, database: str) -> str:
    """The same server and login, another database."""
    if "://" in server:
        return f"{server.rpartition('/')[0]}/{database}"
    return conninfo.make_conninfo(server, dbname=database)
