"""Fills a database with the shop, once: schema, rows, keys, logic, rights, statistics, in one transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import resources
from typing import TYPE_CHECKING

from pgwarden.demo.shop import goods, people, sales
from pgwarden.demo.shop.table import Calendar, Table
from pgwarden.domain.errors import SampleRefused

if TYPE_CHECKING:
    import psycopg

OWNER = "shop_owner"
READER = "shop_reader"
EDITION = 1  # a change of schema or rows gets a new one
MARK = re.compile(r"sample shop, edition (\d+), made for (\d{4}-\d\d-\d\d)")


@dataclass(frozen=True, slots=True)
class Loaded:
    """``rows``: of this load; 0 when the shop was already there. ``day``: the day that its dates lead up to.

    ``current``: whether it is of this edition and of the wanted day; otherwise ``load(…, fresh=True)`` renews it.
    """

    day: date
    rows: int
    current: bool


def load(conninfo: str, *, today: date | None = None, fresh: bool = False) -> Loaded:
    """Fill the database unless it holds the shop already; ``fresh`` replaces an existing shop.

    ``conninfo`` must be a superuser's: roles are created. Rows depend only on ``today`` (default: the UTC date).
    Raises SampleRefused when the database holds anything else, so that nothing of value is ever mixed up or lost.
    """
    import psycopg

    wanted = today or datetime.now(UTC).date()
    with psycopg.connect(conninfo) as connection:
        connection.execute("select pg_advisory_xact_lock(hashtextextended('pgwarden shop', 0))")
        connection.execute("set local synchronous_commit = off")
        there = _present(connection, wanted)
        if there is not None and not fresh:
            return there
        if there is not None:
            connection.execute(f"drop owned by {OWNER} cascade")
        _refuse_unless_empty(connection)
        return Loaded(wanted, _fill(connection, Calendar(wanted)), current=True)


def renew(conninfo: str) -> Loaded:
    """``load``, and again when the shop that is there is of another day or edition; what was changed in it is lost."""
    loaded = load(conninfo)
    return loaded if loaded.current else load(conninfo, fresh=True)


def tables(calendar: Calendar) -> Iterator[Table]:
    """Every table's rows, in the order in which they are loaded."""
    categories, category_ids = goods.categories()
    products, sold = goods.products(calendar, category_ids)
    known = people.people(calendar)
    yield from (categories, goods.suppliers(), goods.warehouses(), products, goods.price_history(calendar, sold))
    yield from known.tables
    yield sales.promotions(calendar)
    yield from sales.sales(calendar, known, sold)
    yield sales.reviews(calendar, sold, known)
    yield goods.stock_movements(calendar)


def _present(connection: psycopg.Connection, wanted: date) -> Loaded | None:
    """The shop that is there, known by the comment that ``_fill`` leaves."""
    row = connection.execute("select obj_description(to_regnamespace('audit'), 'pg_namespace')").fetchone()
    found = MARK.search(row[0]) if row is not None and row[0] is not None else None
    if found is None:
        return None
    day = date.fromisoformat(found[2])
    return Loaded(day, 0, current=int(found[1]) == EDITION and day == wanted)


def _refuse_unless_empty(connection: psycopg.Connection) -> None:
    query = "select count(*) from pg_class where relnamespace in ('public'::regnamespace, to_regnamespace('audit'))"
    row = connection.execute(query).fetchone()
    if row is not None and row[0]:
        raise SampleRefused(
            "The sample shop was not loaded.",
            why="The database already holds tables that are not the shop's.",
            not_done="Nothing was changed.",
            next_step="Give it an empty database of its own.",
        )


def _fill(connection: psycopg.Connection, calendar: Calendar) -> int:
    _run(connection, "0_roles.sql")
    connection.execute(f"set local role {OWNER}")
    _run(connection, "1_tables.sql")
    _partitions(connection, calendar)
    rows = sum(_copy(connection, table) for table in tables(calendar))
    for file in ("2_keys.sql", "3_logic.sql", "4_views.sql", "5_comments.sql", "6_rights.sql", "7_finish.sql"):
        _run(connection, file)
    mark = f"Who changed what (sample shop, edition {EDITION}, made for {calendar.today.isoformat()})"
    connection.execute(f"comment on schema audit is '{mark}'")
    connection.execute("analyze")
    return rows


def _run(connection: psycopg.Connection, file: str) -> None:
    text = resources.files("pgwarden.demo.shop").joinpath("schema", file).read_bytes()
    connection.execute(text)


def _partitions(connection: psycopg.Connection, calendar: Calendar) -> None:
    """One partition a month, from the oldest movement to three months ahead."""
    from psycopg import sql

    month = _month(calendar.today.year, calendar.today.month - goods.STOCK_DAYS // 28)
    last = _month(calendar.today.year, calendar.today.month + 3)
    while month <= last:
        following = _month(month.year, month.month + 1)
        statement = "create table {} partition of stock_movements for values from ({}) to ({})"
        name = sql.Identifier(f"stock_movements_{month:%Y_%m}")
        bounds = sql.Literal(f"{month} 00:00+00"), sql.Literal(f"{following} 00:00+00")
        connection.execute(sql.SQL(statement).format(name, *bounds))
        month = following


def _month(year: int, month: int) -> date:
    """The first of a month that may be counted beyond its year."""
    years, index = divmod(month - 1, 12)
    return date(year + years, index + 1, 1)


def _copy(connection: psycopg.Connection, table: Table) -> int:
    from psycopg import sql

    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table.name), columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write("\n".join(table.lines) + "\n")
    return len(table.lines)
