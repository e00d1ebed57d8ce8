"""``pgwarden mcp``: one of the MCP servers, or all of them, on standard input and output."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import open_app

if TYPE_CHECKING:
    from pgwarden.bootstrap import App


STDIO = "mcp stdio"


class ServerName(StrEnum):
    """The servers, as clients configure them."""

    POSTGRESQL_OPS = "postgresql-ops"
    IMPACT_ANALYSIS = "impact-analysis"
    APPROVAL_WORKFLOW = "approval-workflow"
    EXECUTION_MONITOR = "execution-monitor"
    ALL = "all"


def register(app: typer.Typer) -> None:
    app.command()(mcp)


def mcp(name: Annotated[ServerName, typer.Argument(help="Which server; all has every tool.")] = ServerName.ALL) -> None:
    """Serve an MCP client over standard input and output, until it hangs up.

    It acts as the identity of the settings or of PGWARDEN_TOKEN, as an agent: it can ask for changes, never approve.

    [dim]claude mcp add pgwarden -- pgwarden mcp all[/dim]
    """

    async def work(app: App) -> None:
        from pgwarden.servers.build import build_server
        from pgwarden.servers.caller import caller_of

        caller = caller_of(app.session, STDIO)
        await build_server(name.value, app, lambda: caller).run_stdio_async()

    open_app(work, door=STDIO, scope=None)  # each tool asks for its own
