"""The SQL of capture: one typed image table per table in reach, filled by statement triggers with transition tables.

An image row is marked with the operation it comes from: ``d`` and ``o`` are rows as they were before (deleted,
updated), ``i`` and ``n`` rows as they became. The order of images is never used: user triggers that change a row
again are captured before the outer statement's images, so only the multiset difference tells the truth.
"""

from __future__ import annotations

from collections.abc import Sequence

from pgwarden.domain.catalog import Name, quote_identifier
from pgwarden.domain.execution import TableImages
from pgwarden.domain.shape import TableShape

SCHEMA = "pgwarden"
TEMPORARY = "pg_temp"
"""Where images are kept until they are written to files, for databases that cannot hold them."""
EVENTS = (
    ("i", "INSERT", "REFERENCING NEW TABLE AS _un_"),
    ("u", "UPDATE", "REFERENCING OLD TABLE AS _uo_ NEW TABLE AS _un_"),
    ("d", "DELETE", "REFERENCING OLD TABLE AS _uo_"),
)
"""Transition tables get names that no column has: ``n::text`` would read a column called n, not the row."""


def image_table(execution_id: str, shape: TableShape, space: str = SCHEMA) -> TableImages:
    """Where the images of this table go; ``space`` is the schema."""
    columns = tuple(column.name for column in shape.columns)
    mark = "_op"
    while mark in columns:
        mark += "_"
    return TableImages(
        relation=shape.oid,
        schema=shape.name.schema,
        name=shape.name.name,
        images=f"x{execution_id.replace('-', '')}_{shape.oid}",
        mark=mark,
        columns=columns,
        types=tuple(column.type_name for column in shape.columns),
        space=space,
    )


BULK = 1000
"""From so many rows on, one firing's images become a table of their own, which is cheaper per row than INSERT."""

ROOM = "pgwarden.room"
"""Setting with the most bytes that images may take."""

BULK_SWITCH = "pgwarden.bulk"
"""Setting that turns this off, for when rolled back attempts make its counts useless."""

OWN_WRITES = "pgwarden.own_writes"
"""Setting in which capture counts what it wrote to the system catalogs itself."""

CATALOG_WRITES = (
    "(select sum(pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid)"
    " + pg_stat_get_xact_tuples_deleted(oid))::int8 from pg_class"
    " where oid < 16384 and relkind = 'r' and relnamespace = 'pg_catalog'::regnamespace)"
)


def install(shape: TableShape, images: TableImages) -> str:
    """A script that makes the image table, its function, and the triggers on the table and its partitions.

    Only statement triggers of the table that a statement names fire, so a partitioned table gets them on every
    level. Where tables inherit from each other a transition table would lose columns: there each row is captured.
    """
    table = image_name(images)
    function = str(Name(images.space, images.images))
    store = _store_row if shape.inheritance else _store
    body = f"""
declare
  written int8;
begin
  if tg_op = 'INSERT' then
    {store(images, "i", "new")}
  elsif tg_op = 'UPDATE' then
    {store(images, "o", "old")}
    {store(images, "n", "new")}
  elsif tg_op = 'DELETE' then
    {store(images, "d", "old")}
  else
    raise exception 'pgwarden: TRUNCATE cannot be taken back' using errcode = '0A000';
  end if;
  return null;
end"""
    definer = "returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp"
    statements = [
        empty_image_table(shape, images),
        f"revoke all on {table} from public",
        f"create function {function}() {definer} as {dollar_quoted(body)}",
        f"revoke all on function {function}() from public",
    ]
    for _, member in shape.members:
        for letter, event, transition in EVENTS:
            fires = "for each row" if shape.inheritance else f"{transition} for each statement"
            name = _trigger(images, letter)
            statements.append(f"create trigger {name} after {event} on {member} {fires} execute function {function}()")
        statements.append(
            f"create trigger {_trigger(images, 't')} before truncate on {member} "
            f"for each statement execute function {function}()"
        )
    if shape.partitioned:
        # Never fires. Without a trigger that might change what is inserted into a partition, MERGE puts the row that it
        # inserted last into the transition table of its UPDATE, instead of the updated one (seen up to 18.4).
        name = _trigger(images, "m")
        when = "for each row when (false)"
        statements.append(f"create trigger {name} before insert on {shape.name} {when} execute function {function}()")
    return ";\n".join(statements)


def empty_image_table(shape: TableShape, images: TableImages) -> str:
    """A statement that makes the image table, with the table's own types and collations."""
    mark = f"'i'::pg_catalog.\"char\" as {quote_identifier(images.mark)}"
    columns = "".join(f"{quote_identifier(column)}, " for column in images.columns)
    return f"create table {image_name(images)} as select {columns}{mark} from {shape.name} with no data"


def copied(images: TableImages) -> str:
    """A statement that streams all images."""
    return f"copy (select {listed((*images.columns, images.mark))} from {image_name(images)}) to stdout"


def part_name(images: TableImages, mark: str) -> str:
    """A table that holds the images of one mark in bulk and inherits from the image table."""
    return str(Name(images.space, f"{images.images}_{mark}"))


def adopt(images: TableImages, mark: str) -> str:
    """A statement that makes a table of rows a part of the images, marked by a default that writes no row."""
    added = f"add column {quote_identifier(images.mark)} pg_catalog.\"char\" default '{mark}'"
    return f"alter table {part_name(images, mark)} {added}, inherit {image_name(images)}"


def _store(images: TableImages, mark: str, which: str) -> str:
    """Statements that keep a transition table: a few rows are inserted, many become a part of their own.

    CREATE TABLE AS fills pages in bulk and copies whole rows. That is done once and only outside other triggers, where
    nothing but the whole change can be rolled back, since the counts of a part that is gone are gone as well. The rows
    take no more room than the table that they are in, so only those of a table too large are counted for the limit.
    """
    source = {"old": "_uo_", "new": "_un_"}[which]
    part = part_name(images, mark)
    room = f"nullif(current_setting('{ROOM}', true), '')::float8"
    width = f"(select avg(pg_column_size(r.*)) from (select * from {source} limit 200) r)"
    tables = "(select tg_relid as id union select relid from pg_partition_tree(tg_relid)) t"
    table_size = f"(select sum(pg_table_size(t.id)) from {tables})"
    written = f"coalesce(nullif(current_setting('{OWN_WRITES}', true), '')::int8, 0)"
    return f"""perform from {source} offset {BULK} limit 1;
    if found and pg_trigger_depth() = 1 and current_setting('{BULK_SWITCH}', true) is distinct from 'off'
       and to_regclass('{part}') is null then
      if {table_size} > {room} and (select count(*) * {width} from {source}) > {room} then
        raise exception 'pgwarden: more than % bytes of images', {room} using errcode = '54000';
      end if;
      written := {CATALOG_WRITES};
      create table {part} as select {listed(images.columns)} from {source};
      {adopt(images, mark)};
      perform set_config('{OWN_WRITES}', ({written} + {CATALOG_WRITES} - written)::text, true);
    else
      {_insert(images, mark, source, f" from {source}")};
    end if;"""


def _store_row(images: TableImages, mark: str, which: str) -> str:
    return f"{_insert(images, mark, which, '')};"


def _insert(images: TableImages, mark: str, source: str, from_source: str) -> str:
    columns = listed((*images.columns, images.mark))
    values = listed(images.columns, source)
    return f"insert into {image_name(images)} ({columns}) select {values}{', ' if values else ''}'{mark}'{from_source}"


def uninstall(shape: TableShape, images: TableImages) -> list[str]:
    """Statements that take triggers and function away; the images stay."""
    drops = [f"drop trigger {_trigger(images, letter)} on {member}" for _, member in shape.members for letter in "iudt"]
    if shape.partitioned:
        drops.append(f"drop trigger {_trigger(images, 'm')} on {shape.name}")
    return [*drops, f"drop function {Name(images.space, images.images)}()"]


TICK = 1000
"""One row in so many, by its key, moves the progress on."""


def tick_key(shape: TableShape) -> str:
    """The integer key column by which rows report, '' where there is none."""
    types = {column.name: column.type_name for column in shape.columns}
    return next((c for c in shape.key if types[c] in ("smallint", "integer", "bigint")), "")


def ticking(value: str) -> str:
    """The condition under which the row with this key value reports."""
    return f"{value} % {TICK} = 0"


def tick(shape: TableShape, images: TableImages) -> str:
    """A script that makes each thousandth changed row of the target report, visible to other sessions at once.

    WHEN is judged without calling the function, so all other rows cost little. INSERT and UPDATE report before each
    row, since their AFTER triggers fire only at the end; a DELETE after, which comes in between the steps of a
    cascade and is far cheaper there. The table needs an integer key column.
    """
    key = quote_identifier(tick_key(shape))
    function = tick_name(images)
    body = f"""
begin
  {_TOLD};
  if tg_op = 'DELETE' then return null; end if;
  return new;
end"""
    made = f"create function {function}() returns trigger language plpgsql set search_path = pg_catalog, pg_temp"
    statements = [f"{made} as {dollar_quoted(body)}"]
    for letter, event, row in (
        ("r", "before insert", "new"),
        ("p", "before update", "old"),
        ("q", "after delete", "old"),
    ):
        statements.append(
            f"create trigger {_trigger(images, letter)} {event} on {shape.name}"
            f" for each row when ({ticking(f'{row}.{key}')}) execute function {function}()"
        )
    return ";\n".join(statements)


def tick_function(images: TableImages) -> str:
    """A statement that makes the function by which a statement itself reports."""
    body = f"begin {_TOLD}; return null; end"
    made = f"create function {tick_name(images)}() returns text language plpgsql set search_path = pg_catalog, pg_temp"
    return f"{made} as {dollar_quoted(body)}"


def untick(shape: TableShape, images: TableImages) -> list[str]:
    """Statements that take the progress trigger away."""
    drops = [f"drop trigger {_trigger(images, letter)} on {shape.name}" for letter in "rpq"]
    return [*drops, f"drop function {tick_name(images)}()"]


def tick_name(images: TableImages) -> Name:
    """The function that reports progress."""
    return Name(images.space, f"{images.images}_tick")


_TOLD = (
    "perform set_config('application_name', current_setting('pgwarden.name') || ' ' || n, true),"
    " set_config('pgwarden.done', n::text, true)"
    " from (select coalesce(nullif(current_setting('pgwarden.done', true), ''), '0')::int8 + 1 as n) done"
)


def image_name(images: TableImages) -> str:
    """The image table, qualified and quoted."""
    return str(Name(images.space, images.images))


def listed(columns: Sequence[str], alias: str = "") -> str:
    """Quoted column names, comma-separated."""
    prefix = f"{alias}." if alias else ""
    return ", ".join(f"{prefix}{quote_identifier(column)}" for column in columns)


def comma(columns: str) -> str:
    """A list that follows something: a table may have no columns at all."""
    return f", {columns}" if columns else ""


def dollar_quoted(body: str) -> str:
    """The text as a literal, whatever it holds and however the server reads backslashes."""
    tag = "$pgwarden$"
    while tag in body:
        tag = f"{tag[:-1]}_$"
    return f"{tag}{body}{tag}"


def _trigger(images: TableImages, letter: str) -> str:
    return quote_identifier(f"pgwarden_{images.images}_{letter}")
