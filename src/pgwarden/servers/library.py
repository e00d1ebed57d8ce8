"""What agents may read besides calling tools: databases, tables, tickets, executions, the policy; and how to begin."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import wraps
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError
from mcp.types import Completion, CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference

from pgwarden.agents.schema_context import find_table
from pgwarden.domain.errors import PgwardenError
from pgwarden.servers.approval_workflow import own_ticket
from pgwarden.servers.arguments import require_text
from pgwarden.servers.desk import Desk
from pgwarden.servers.execution_monitor import own_execution
from pgwarden.servers.fencing import fenced
from pgwarden.servers.schema_pages import schema_page, table_answer
from pgwarden.servers.ticket_answers import ticket_answer

if TYPE_CHECKING:
    from pgwarden.servers.caller import Caller

Read = Callable[..., Awaitable[str]]
MOST_COMPLETIONS = 100


def add_resources(server: MCPServer[Any], desk: Desk) -> None:
    """Offer what can be read by address."""

    def offer(uri: str, title: str, mime_type: str = "application/json") -> Callable[[Read], None]:
        def register(read: Read) -> None:
            server.resource(uri, title=title, description=read.__doc__, mime_type=mime_type)(_told(read))

        return register

    @offer("pgwarden://databases", "Databases")
    async def databases() -> str:
        """The registered databases that you can use."""
        async with desk.caller("ask") as caller:
            known = await desk.app.targets.all()
            return _json(
                [
                    {"name": d.name, "writes": d.allow_writes, "owner": d.owner, "notes": d.notes}
                    for d in known
                    if {"*", d.name} & caller.databases
                ]
            )

    @offer("pgwarden://{database}/schema", "Schema")
    async def schema(database: str) -> str:
        """The tables and relationships of a database; a large one without columns."""
        async with desk.call("ask", database) as (caller, name):
            catalog = await desk.app.orchestrator.visible(name, identity=caller.identity)
            relations = [r for r in catalog.user_relations if not r.partition_of]
            page = schema_page(catalog, name, [name], relations, page=1, details=None, relationships=True)
            return _json(page.model_dump())

    @offer("pgwarden://{database}/tables/{table}", "Table")
    async def table(database: str, table: str) -> str:
        """One table with its columns, constraints, indexes and triggers."""
        async with desk.call("ask", database) as (caller, name):
            catalog = await desk.app.orchestrator.visible(name, identity=caller.identity)
            return _json(table_answer(find_table(catalog, table), catalog, detailed=True).model_dump())

    @offer("pgwarden://tickets/{ticket_id}", "Ticket")
    async def ticket(ticket_id: str) -> str:
        """One of your tickets with everything that happened to it."""
        async with desk.caller("ask") as caller:
            return _json(ticket_answer(await own_ticket(desk, caller, ticket_id)).model_dump())

    @offer("pgwarden://executions/{execution_id}", "Execution")
    async def execution(execution_id: str) -> str:
        """What an execution of yours did: net changes of rows, masked as you may see them."""
        async with desk.caller("ask") as caller:
            view = await own_execution(desk, caller, execution_id)
            database = view.standing.request.database
            report = await desk.app.execution.report(database, execution_id, identity=caller.identity)
            e = report.execution
            return _json(
                {
                    "execution_id": e.id,
                    "ticket_id": view.ticket.id,
                    "statement": e.statement,
                    "requested_by": e.requested_by,
                    "approved_by": e.approved_by,
                    "finished_at": e.finished_at.isoformat() if e.finished_at else None,
                    "undone_by": e.undone_by,
                    "counts": {table: counts.to_dict() for table, counts in e.counts.items()},
                    "changes": [
                        {"table": c.table, "columns": c.columns, "before": c.before, "after": c.after}
                        for c in report.changes
                    ],
                }
            )

    @offer("pgwarden://policy", "Policy")
    async def policy() -> str:
        """Who must approve what, by when, and which rules hold besides."""
        async with desk.caller("ask"):
            return _json(asdict(desk.app.approvals()))


def add_prompts(server: MCPServer[Any]) -> None:
    """Offer ways to begin; their words stand in ``prompts/*.md``."""

    @server.prompt(title="Explore a database")
    def explore_database(database: str = "", question: str = "") -> str:
        """Get to know a database, and answer a question from it."""
        asked = f"The question: {question}" if question else ""
        return _prompt("explore_database", database=_named(database), question=asked)

    @server.prompt(title="Prepare a change")
    def prepare_change(change: str, database: str = "") -> str:
        """Turn a wish into a statement whose effects are known, and ask for its approval."""
        return _prompt("prepare_change", database=_named(database), change=change)

    @server.prompt(title="Explain an impact")
    def explain_impact(statement: str, database: str = "") -> str:
        """Say in plain words what a statement would do."""
        return _prompt("explain_impact", database=_named(database), statement=statement)

    @server.prompt(title="Post-mortem")
    def post_mortem(execution_id: str) -> str:
        """Look back at an execution."""
        return _prompt("post_mortem", execution_id=execution_id)


def _prompt(name: str, **values: str) -> str:
    text = files("pgwarden.servers").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")
    return text.format(**values).strip()


def _named(database: str) -> str:
    return f" {database!r}" if database else ""


def add_completions(server: MCPServer[Any], desk: Desk) -> None:
    """Offer names while arguments are typed: databases, tables, and columns after ``table.``."""

    @server.completion()  # type: ignore[no-untyped-call, untyped-decorator]  # the SDK leaves it untyped
    async def complete(
        _ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion | None:
        try:
            require_text("The argument", [argument.value, *((context.arguments or {}).values() if context else ())])
            async with desk.caller("ask") as caller:
                names = await _names(desk, caller, argument, (context.arguments or {}) if context else {})
        except PgwardenError:
            return None
        found = [name for name in names if name.lower().startswith(argument.value.lower())]
        return Completion(values=found[:MOST_COMPLETIONS], total=len(found), has_more=len(found) > MOST_COMPLETIONS)


async def _names(desk: Desk, caller: Caller, argument: CompletionArgument, given: dict[str, str]) -> list[str]:
    if argument.name == "database":
        return [d.name for d in await desk.app.targets.all() if {"*", d.name} & caller.databases]
    if argument.name not in ("table", "table_name", "column"):
        return []
    database = await desk.app.targets.choose(given.get("database") or None)
    caller.require_database(database)
    catalog = await desk.app.orchestrator.visible(database, identity=caller.identity)
    relations = [r for r in catalog.user_relations if not r.partition_of]
    table, dot, _ = argument.value.rpartition(".")
    owners = [r for r in relations if dot and table in (r.name.name, str(r.name))]
    columns = [f"{table}.{column.name}" for owner in owners for column in owner.columns]
    return [*columns, *sorted({n for r in relations for n in (r.name.name, str(r.name))})]


def _told(read: Read) -> Read:
    """What was read, marked as data; a refusal as the SDK tells one."""

    @wraps(read)
    async def reading(**arguments: str) -> str:
        try:
            require_text("The address", arguments)
            return fenced(await read(**arguments))
        except PgwardenError as error:
            raise ResourceError(f"{error.code}: {error.what} {error.next_step}".strip()) from None

    return reading


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)
