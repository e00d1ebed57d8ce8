"""``pgwarden gc`` and ``erase``: what pgwarden keeps in a target, how long, and one person's values in it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Database, Json, open_app
from pgwarden.cli.render import console, emit_json, simple_table
from pgwarden.domain.catalog import Name
from pgwarden.domain.errors import InputInvalid

if TYPE_CHECKING:
    from pgwarden.agents.retention_desk import Collected
    from pgwarden.bootstrap import App
    from pgwarden.domain.retention import Erased, Kept


def register(app: typer.Typer) -> None:
    app.command()(gc)
    app.command()(erase)


def gc(
    older_than: Annotated[
        float | None, typer.Option("--older-than", min=0, help="Days; the setting undo_days without it.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be dropped; change nothing.")] = False,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Drop before-images and copies of tables whose time has ended, and show what is kept.

    What ran stays known; an execution without its before-images can no longer be undone.
    """

    async def work(opened: App) -> Collected:
        opened.session.require_arranging()
        async with opened.target(database) as name:
            return await opened.retention.collect(name, identity=opened.identity, days=older_than, dry_run=dry_run)

    found = open_app(work, scope=None)
    if as_json:
        emit_json({**dataclasses.asdict(found), "freed": found.freed, "dry_run": dry_run})
        return
    rows = [_line(each, "would be dropped" if dry_run else "dropped") for each in found.dropped]
    rows += [_line(each, "undo" if each.undoable else "") for each in found.kept]
    if rows:
        console().print(simple_table(("kept", "id", "since", "bytes", "of", ""), rows))
    verb = "would be freed" if dry_run else "freed"
    console().print(f"{found.freed:,} bytes {verb}, {sum(k.bytes for k in found.kept):,} kept.", markup=False)


def erase(
    table: Annotated[str, typer.Option("--table", help="The table, as schema.table.")],
    where_key: Annotated[
        list[str], typer.Option("--where-key", help="COLUMN=VALUE of the row's key; may be repeated.")
    ],
    column: Annotated[list[str], typer.Option("--column", help="A column to blank; may be repeated.")],
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Blank one row's values in every before-image. What changed that row can then no longer be undone.

    The row itself, and what the statements say, are not touched.
    """
    key = dict(_pair(text) for text in where_key)

    async def work(opened: App) -> Erased:
        opened.session.require_arranging()
        async with opened.target(database) as name:
            return await opened.retention.erase(name, _name(table), key, column, identity=opened.identity)

    erased = open_app(work, scope=None)
    if as_json:
        emit_json(erased)
        return
    console().print(f"{erased.images:,} before-images were blanked.", markup=False)
    for execution in erased.executions:
        console().print(f"  {execution} can no longer be undone", markup=False)


def _line(kept: Kept, state: str) -> tuple[str, str, str, str, str, str]:
    since = f"{kept.made_at:%Y-%m-%d %H:%M}" if kept.made_at else "unknown"
    return (kept.kind.value, kept.id, since, f"{kept.bytes:,}", ", ".join(kept.tables), state)


def _pair(text: str) -> tuple[str, str]:
    column, separator, value = text.partition("=")
    if not separator or not column:
        raise InputInvalid(f"{text!r} is no COLUMN=VALUE.", not_done="Nothing was erased.")
    return column, value


def _name(text: str) -> Name:
    schema, separator, table = text.partition(".")
    return Name(schema, table) if separator else Name("public", schema)
