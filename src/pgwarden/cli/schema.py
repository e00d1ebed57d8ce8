"""``pgwarden schema`` and ``pgwarden diagram``: what a database is made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pgwarden.agents.schema_context import find_table
from pgwarden.cli.door import Database, Json, open_app, write_file
from pgwarden.cli.render import console, emit_json, one_line, print_facts, simple_table
from pgwarden.domain.diagram import entity_graph, mermaid
from pgwarden.domain.diagram_svg import svg as drawn
from pgwarden.domain.plain import plain

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.catalog import Catalog, Relation
    from pgwarden.domain.schema_history import Relationship, SchemaVersion
    from pgwarden.domain.search import TableMatch

KINDS = {
    "r": "table",
    "p": "partitioned table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
    "S": "sequence",
}


def register(app: typer.Typer) -> None:
    app.command()(schema)
    app.command()(diagram)


def schema(
    table: Annotated[str | None, typer.Argument(help="One table to describe; all of them without it.")] = None,
    search: Annotated[str, typer.Option("--search", help="Only tables that these words are about, best first.")] = "",
    history: Annotated[
        bool, typer.Option("--history", help="How the structure changed since it was first seen.")
    ] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Look at the database again now.")] = False,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Show tables, columns, keys and relationships.

    [dim]pgwarden schema orders[/dim]
    """

    async def work(app: App) -> None:
        async with app.target(database) as name:
            catalog = await (app.schema.refresh(name) if refresh else app.schema.catalog(name))
            if history:
                _show_history(await app.schema.history(name), as_json)
            elif table is not None:
                relation = find_table(catalog, table)
                _show_table(relation, catalog, await app.schema.relationships(name), as_json)
            elif search:
                _show_matches(await app.schema.suggest_tables(name, search), catalog, as_json)
            else:
                _show_all(catalog, as_json)

    open_app(work)


def _show_all(catalog: Catalog, as_json: bool) -> None:
    relations = [relation for relation in catalog.user_relations if not relation.partition_of]
    if as_json:
        emit_json({"database": catalog.database, "version": catalog.version, "tables": [_brief(r) for r in relations]})
        return
    rows = [(str(r.name), KINDS[r.kind], _rows(r, catalog), len(r.columns), r.comment or "") for r in relations]
    console().print(simple_table(("table", "kind", "rows", "columns", "comment"), rows))


def _brief(relation: Relation) -> dict[str, Any]:
    return {
        "name": str(relation.name),
        "kind": KINDS[relation.kind],
        "estimated_rows": relation.estimated_rows,
        "columns": [column.name for column in relation.columns],
        "comment": relation.comment,
    }


def _rows(relation: Relation, catalog: Catalog) -> str:
    """Estimated rows, partitions added up; nothing for views and for tables that were never analyzed."""
    leaves = [leaf for leaf in catalog.partition_tree(relation.oid) if leaf.kind in "rmf"]
    known = [leaf.estimated_rows for leaf in leaves if leaf.estimated_rows >= 0]
    return f"{sum(known):,.0f}" if known else ""


def _show_matches(matches: tuple[TableMatch, ...], catalog: Catalog, as_json: bool) -> None:
    if as_json:
        emit_json([plain(match) for match in matches])
        return
    rows = [
        (m.name, f"{m.score:.2f}", ", ".join(m.matched), catalog.relations[m.relation_oid].comment or "")
        for m in matches
    ]
    if rows:
        console().print(simple_table(("table", "score", "because of", "comment"), rows))
    else:
        console().print("No table is about these words.")


def _show_table(relation: Relation, catalog: Catalog, relationships: tuple[Relationship, ...], as_json: bool) -> None:
    mine = [r for r in relationships if relation.name in ((r.schema, r.table), (r.foreign_schema, r.foreign_table))]
    if as_json:
        emit_json(plain(relation) | {"relationships": [plain(r) for r in mine]})
        return
    out = console()
    from rich.text import Text

    out.print(
        Text(f"{relation.name}", style="bold") + Text(f"  {KINDS.get(relation.kind, relation.kind)}", style="dim")
    )
    if relation.comment:
        out.print(Text(one_line(relation.comment), style="italic"))
    print_facts(("column", "type", "null", "default", "comment"), _column_rows(relation, catalog))
    for title, lines in _details(relation, catalog, mine):
        if lines:
            out.print(Text(title, style="bold"))
            for line in lines:
                out.print(Text(f"  {one_line(line)}"))


def _column_rows(relation: Relation, catalog: Catalog) -> list[tuple[str, str, str, str, str]]:
    rows = []
    for column in relation.columns:
        labels = catalog.types[column.type_oid].labels if column.type_oid in catalog.types else ()
        type_name = column.type_name + (f" ({', '.join(labels)})" if labels else "")
        default = column.default or ""
        if column.identity:
            default = "identity"
        elif column.generated:
            default = f"generated: {default}"
        rows.append((column.name, type_name, "" if column.not_null else "yes", default, column.comment or ""))
    return rows


def _details(relation: Relation, catalog: Catalog, mine: list[Relationship]) -> list[tuple[str, list[str]]]:
    return [
        ("keys and checks", [_constraint(c, relation) for c in relation.constraints if c.kind in "puxc"]),
        ("relationships", [_relationship(r) for r in mine]),
        ("indexes", [index.definition for index in relation.indexes]),
        ("triggers", [trigger.definition for trigger in relation.triggers]),
        ("rules", [rule.definition for rule in relation.rules]),
        ("row-level security", [_policy(p) for p in relation.policies] if relation.row_security else []),
        ("partitions", [f"{p.name} {p.partition_bound}" for p in catalog.partitions.get(relation.oid, ())]),
        ("reads", [str(catalog.relations[oid].name) for oid in relation.reads if oid in catalog.relations]),
        ("definition", [relation.view_definition] if relation.view_definition else []),
        ("published by", list(relation.publications)),
    ]


def _constraint(constraint: Any, relation: Relation) -> str:
    names = ", ".join(c.name for n in constraint.columns if (c := relation.column_at(n)) is not None)
    word = {"p": "primary key", "u": "unique", "x": "exclude", "c": "check"}[constraint.kind]
    return f"{word} ({names})" if constraint.definition is None else f"{constraint.name}: {constraint.definition}"


def _relationship(r: Relationship) -> str:
    text = f"{r.table}({', '.join(r.columns)}) → {r.foreign_table}({', '.join(r.foreign_columns)})"
    return f"{text}  inferred, {r.score:.0%}: {r.evidence}" if r.inferred else text


def _policy(policy: Any) -> str:
    return f"{policy.name}: using {policy.using or 'true'}" + (f", check {policy.check}" if policy.check else "")


def _show_history(versions: tuple[SchemaVersion, ...], as_json: bool) -> None:
    if as_json:
        emit_json(versions)
        return
    from rich.text import Text

    for version in versions:
        changes = version.diff.get("changes", [])
        console().print(Text(f"{version.at:%Y-%m-%d %H:%M:%S %Z}  {version.version[:12]}", style="bold"))
        for change in changes if isinstance(changes, list) else []:
            console().print(Text(one_line(f"  {change['action']} {change['kind']} {change['object']}")))
            for detail in change.get("details", []):
                console().print(Text(one_line(f"      {detail}"), style="dim"))
        if not changes:
            console().print(Text("  first seen", style="dim"))


def diagram(
    tables: Annotated[list[str] | None, typer.Argument(help="Only these tables and their neighbours.")] = None,
    svg: Annotated[Path | None, typer.Option("--svg", help="Write an SVG file instead of Mermaid text.")] = None,
    most: Annotated[
        int, typer.Option("--most", min=1, help="Tables to draw at most; the most connected come first.")
    ] = 40,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Draw tables and relationships: Mermaid text, or an SVG file."""

    async def work(app: App) -> str:
        async with app.target(database) as name:
            catalog = await app.schema.catalog(name)
            chosen = [find_table(catalog, table) for table in tables or []]
            graph = entity_graph(catalog, chosen, limit=most)
            return drawn(graph) if svg is not None else mermaid(graph)

    text = open_app(work)
    if svg is not None:
        write_file(svg, text)
    if as_json:
        emit_json({"svg": str(svg)} if svg else {"mermaid": text})
    elif svg is not None:
        console().print(f"Written to {svg}.", markup=False)
    else:
        typer.echo(text)
