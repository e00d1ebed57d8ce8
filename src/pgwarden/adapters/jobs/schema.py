"""The queue's own schema, ``pgwarden_jobs``: made from the library's files, bound to its place, kept up to date.

Runs inside the migration's transaction, under its lock, as the plain owner of the control database.
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files

from psycopg import sql

from pgwarden.adapters.postgres.control.connection import OLDEST_MAJOR, Connection
from pgwarden.adapters.postgres.sqlfile import named_queries

LIBRARY = "procrastinate"
SCHEMA = "pgwarden_jobs"


def query(name: str) -> bytes:
    """One of the queue's queries."""
    return named_queries("jobs.sql", OLDEST_MAJOR)[name]


async def is_current(connection: Connection) -> bool:
    """Whether the schema is what the installed library needs; also where there is no record of it yet to keep."""
    if not await _value(connection, "job_schema_exists"):
        return True
    return await _value(connection, "job_schema_state") == version(LIBRARY)


async def bring_up_to_date(connection: Connection) -> None:
    """Make the schema, or apply what the library's newer version adds. A schema that is newer stays as it is."""
    if await is_current(connection):
        return
    known = library_migrations()
    row = await (await connection.execute(query("job_schema_state"))).fetchone()
    applied = str(row[1]) if row else ""
    if row is None:
        await connection.execute(query("create_jobs_schema"))
    await connection.execute(query("enter_jobs_schema"))
    if row is None:
        await connection.execute(library_file("schema.sql"))
    else:
        for name in known:
            if name > applied:
                await connection.execute(library_file(f"migrations/{name}"))
    await connection.execute((files("pgwarden.adapters.jobs") / "fetch.sql").read_bytes())
    await _bind_functions(connection)
    await connection.execute(query("leave_jobs_schema"))
    last = max(known[-1], applied)
    await connection.execute(query("record_job_schema"), {"library": version(LIBRARY), "last": last})


async def _bind_functions(connection: Connection) -> None:
    """Fix the search path of every function: called from any connection, they find their tables and nothing else."""
    for (signature,) in await (await connection.execute(query("jobs_functions"))).fetchall():
        statement = sql.SQL("alter function {} set search_path = {}, pg_temp")
        await connection.execute(statement.format(sql.SQL(signature), sql.Identifier(SCHEMA)))


def library_migrations() -> tuple[str, ...]:
    """The names of the library's migrations, oldest first: they start with the version that brought them."""
    folder = files("procrastinate.sql") / "migrations"
    return tuple(sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql")))


def library_file(name: str) -> bytes:
    """One of the SQL files that come with the library."""
    found = files("procrastinate.sql")
    for part in name.split("/"):
        found = found / part
    return found.read_bytes()


async def _value(connection: Connection, name: str) -> object:
    row = await (await connection.execute(query(name))).fetchone()
    return row[0] if row else None
