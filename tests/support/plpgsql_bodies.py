"""Functions that a real server accepted, taken from PostgreSQL's own regression scripts."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Collection, Iterator

import psycopg
from tests.corpora.regress.archive import ARCHIVE
from tests.corpora.regress.script import Script

from pgwarden.domain.catalog import Function, Name

_CREATE = re.compile(r"\s*create\s+(or\s+replace\s+)?(function|procedure)\b", re.IGNORECASE)
_NOT_NEEDED = re.compile(
    r"\s*(drop|select|with|values|vacuum|analyze|explain|copy|insert|update|delete|merge|begin|start|commit|rollback|abort"
    r"|do|call|set\s+role|reset|set\s+session|alter\s+system|create\s+(database|role|user|subscription|event\s+trigger))\b",
    re.IGNORECASE,
)
_NEWEST = """
select p.proname, p.prokind::text, l.lanname, p.proargtypes::oid[], p.proargnames, p.proargmodes::text[],
       p.proallargtypes, p.prorettype, p.proretset, p.prosrc,
       case when p.prosqlbody is not null then pg_get_functiondef(p.oid) end
from pg_proc p join pg_language l on l.oid = p.prolang
where p.xmin = pg_current_xact_id()::xid and l.lanname in ('plpgsql', 'sql')
"""


SCRIPTS = (
    "create_function_sql",
    "domain",
    "event_trigger",
    "merge",
    "plpgsql",
    "polymorphism",
    "rangefuncs",
    "transactions",
    "triggers",
    "updatable_views",
)
"""Those with the most functions, and the most different ones; all 765 of the archive take a minute and a half."""


def _texts(names: Collection[str]) -> Iterator[tuple[str, str]]:
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            name = member.name.removeprefix("sql/").removesuffix(".sql")
            if name in names and (file := archive.extractfile(member)) is not None:
                yield name, file.read().decode(errors="replace")


def accepted(database: str, scripts: Collection[str] = SCRIPTS) -> Iterator[Function]:
    """Every function that the server takes when it is offered the definitions in the scripts, dropping nothing."""
    for name, text in _texts(scripts):
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("set statement_timeout = '2s'; set lock_timeout = '1s'")
            connection.execute(f'create schema if not exists "{name}"; set search_path = "{name}", public')
            yield from _made(connection, text)


def _made(connection: psycopg.Connection[tuple[object, ...]], text: str) -> Iterator[Function]:
    script = Script(text)
    while (command := script.next({})) is not None:
        if command.meta or _NOT_NEEDED.match(command.sql):
            continue
        makes = _CREATE.match(command.sql) is not None
        rows: list[tuple[object, ...]] = []
        try:
            with connection.transaction():
                connection.execute(command.sql.encode())
                if makes:
                    rows = connection.execute(_NEWEST).fetchall()
        except psycopg.Error:
            continue
        yield from map(_function, rows)


def _function(row: tuple[object, ...]) -> Function:
    name, kind, language, oids, names, modes, all_oids, returns, returns_set, source, definition = row
    from pgwarden.adapters.postgres.catalog_objects import _arguments

    argument_names, out_names, out_oids = _arguments(names, modes, all_oids)  # type: ignore[arg-type]
    return Function(
        oid=1,
        name=Name("public", str(name)),
        kind=str(kind),
        language=str(language),
        volatility="v",
        argument_oids=tuple(oids),  # type: ignore[arg-type]
        default_count=0,
        variadic_oid=0,
        return_oid=int(str(returns)),
        returns_set=bool(returns_set),
        strict=False,
        security_definer=False,
        builtin=False,
        source=str(source) if definition is None else None,
        definition=None if definition is None else str(definition),
        argument_names=argument_names,
        out_names=out_names,
        out_oids=out_oids,
    )
