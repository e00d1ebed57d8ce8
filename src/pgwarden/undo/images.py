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
EVENTS = (
    ("i", "INSERT", "REFERENCING NEW TABLE AS _un_"),
    ("u", "UPDATE", "REFERENCING OLD TABLE AS _uo_ NEW TABLE AS _un_"),
    ("d", "DELETE", "REFERENCING OLD TABLE AS _uo_"),
)
"""Transition tables get names that no column has: ``n::text`` would read a column called n, not the row."""

OF_STATEMENT = ("_uo_", "_un_", " from _uo_", " from _un_")


def image_table(execution_id: str, shape: TableShape) -> TableImages:
    """Where the images of this table go."""
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
    )


def install(shape: TableShape, images: TableImages) -> str:
    """A script that makes the image table, its function, and the triggers on the table and its partitions.

    Only statement triggers of the table that a statement names fire, so a partitioned table gets them on every
    level. Where tables inherit from each other a transition table would lose columns: there each row is captured.
    """
    table = image_name(images)
    columns = listed(images.columns)
    mark = quote_identifier(images.mark)
    function = str(Name(SCHEMA, images.images))
    old, new, from_old, from_new = ("old", "new", "", "") if shape.inheritance else OF_STATEMENT
    body = f"""
begin
  if tg_op = 'INSERT' then
    insert into {table} ({mark}{comma(columns)}) select 'i'{comma(listed(images.columns, new))}{from_new};
  elsif tg_op = 'UPDATE' then
    insert into {table} ({mark}{comma(columns)})
    select 'o'{comma(listed(images.columns, old))}{from_old}
    union all select 'n'{comma(listed(images.columns, new))}{from_new};
  elsif tg_op = 'DELETE' then
    insert into {table} ({mark}{comma(columns)}) select 'd'{comma(listed(images.columns, old))}{from_old};
  else
    raise exception 'pgwarden: TRUNCATE cannot be taken back' using errcode = '0A000';
  end if;
  return null;
end"""
    definer = "returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp"
    typed = f"'i'::pg_catalog.\"char\" as {mark}{comma(columns)}"
    statements = [
        f"create table {table} as select {typed} from {shape.name} with no data",
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
    return ";\n".join(statements)


def uninstall(shape: TableShape, images: TableImages) -> str:
    """A script that takes triggers and function away; the images stay."""
    drops = [f"drop trigger {_trigger(images, letter)} on {member}" for _, member in shape.members for letter in "iudt"]
    return ";\n".join([*drops, f"drop function {Name(SCHEMA, images.images)}()"])


TICK = 1000
"""One row in so many, by its key, moves the progress on."""


def tick(shape: TableShape, images: TableImages, execution_id: str) -> str:
    """A script that makes each thousandth changed row of the target report, visible to other sessions at once.

    WHEN is judged without calling the function, so all other rows cost little. An UPDATE reports before each row,
    since its AFTER triggers fire only at its end; a DELETE after, which comes in between the steps of a cascade and
    is far cheaper there. Needs an integer key column; '' where there is none.
    """
    types = {column.name: column.type_name for column in shape.columns}
    number = next((c for c in shape.key if types[c] in ("smallint", "integer", "bigint")), None)
    if number is None:
        return ""
    function, key = _tick(images), quote_identifier(number)
    body = f"""
declare done int8 := coalesce(nullif(current_setting('pgwarden.done', true), ''), '0')::int8 + {TICK};
begin
  perform set_config('pgwarden.done', done::text, true),
          set_config('application_name', 'pgwarden {execution_id} ' || done, true);
  if tg_op = 'UPDATE' then return new; end if;
  return null;
end"""
    fires = f"for each row when (old.{key} % {TICK} = 0) execute function {function}()"
    made = f"create function {function}() returns trigger language plpgsql set search_path = pg_catalog, pg_temp"
    return ";\n".join(
        [
            f"{made} as {dollar_quoted(body)}",
            f"create trigger {_trigger(images, 'p')} before update on {shape.name} {fires}",
            f"create trigger {_trigger(images, 'q')} after delete on {shape.name} {fires}",
        ]
    )


def untick(shape: TableShape, images: TableImages) -> str:
    """A script that takes the progress trigger away."""
    drops = [f"drop trigger {_trigger(images, letter)} on {shape.name}" for letter in "pq"]
    return ";\n".join([*drops, f"drop function {_tick(images)}()"])


def image_name(images: TableImages) -> str:
    """The image table, qualified and quoted."""
    return str(Name(SCHEMA, images.images))


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


def _tick(images: TableImages) -> Name:
    return Name(SCHEMA, f"{images.images}_tick")


def _trigger(images: TableImages, letter: str) -> str:
    return quote_identifier(f"pgwarden_{images.images}_{letter}")
