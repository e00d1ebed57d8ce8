"""The four servers by name, and all of their tools in one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, InputRequiredResult
from pydantic import ValidationError

from pgwarden import __version__
from pgwarden.domain.errors import InputInvalid
from pgwarden.servers import approval_workflow, execution_monitor, impact_analysis, postgresql_ops
from pgwarden.servers.arguments import argument_error, require_sound
from pgwarden.servers.caller import Caller
from pgwarden.servers.desk import Desk, failure
from pgwarden.servers.library import add_completions, add_prompts, add_resources
from pgwarden.servers.standing import settle
from pgwarden.servers.stdio import standard_streams
from pgwarden.tracing import span

if TYPE_CHECKING:
    from pgwarden.bootstrap import App


class PgwardenServer(MCPServer[Any]):
    """The SDK's server, whose argument errors say how to mend the call and leave the caller's values out."""

    def __init__(self, name: str, took: Callable[[str, str, float], None], **options: Any) -> None:
        """``took`` gets each call's tool, how it ended (done, refused or failed), and seconds."""
        super().__init__(name, **options)
        self._took = took

    async def run_stdio_async(self) -> None:
        """Serve over standard input and output until the client hangs up."""
        settle()
        async with standard_streams() as (reading, writing):
            await self._lowlevel_server.run(reading, writing, self._lowlevel_server.create_initialization_options())

    def add_tool(self, fn: Callable[..., Any], *args: Any, **options: Any) -> None:
        """Answers were checked when they were made, by the model whose schema is published: not once more. Arguments
        that a tool does not take are refused by ``call_tool``, and its schema says so."""
        super().add_tool(fn, *args, **options)
        for tool in self._tool_manager.list_tools():
            tool.fn_metadata.output_model = None
            tool.parameters["additionalProperties"] = False

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        started, outcome = time.perf_counter(), "failed"
        tool = self._tool_manager.get_tool(name)
        label = name if tool else "unknown"  # no label of a caller's making
        with span(f"tool {label}", server=True) as opened:
            try:
                if tool:
                    require_sound(name, tool.parameters["properties"], arguments)
                answer = await super().call_tool(name, arguments, context)
                outcome = "refused" if isinstance(answer, CallToolResult) and answer.is_error else "done"
                return answer
            except InputInvalid as error:
                outcome = "refused"
                return failure(error)
            except ToolError as error:
                if isinstance(error.__cause__, ValidationError):
                    outcome = "refused"
                    return failure(argument_error(name, error.__cause__))
                raise
            finally:
                opened.note(pgwarden__outcome=outcome)
                self._took(label, outcome, time.perf_counter() - started)


AddTools = Callable[[MCPServer[Any], Desk], None]
SERVERS: dict[str, tuple[AddTools, str]] = {
    "postgresql-ops": (
        postgresql_ops.add_tools,
        """Ask a PostgreSQL database. Look at the schema first (inspect_schema), then make or write SQL, check it \
(validate_query_syntax), and run what reads (execute_read_query). Nothing here can change data.""",
    ),
    "impact-analysis": (
        impact_analysis.add_tools,
        """Before any change: analyze_update_impact or analyze_delete_impact tell the rows, cascades, triggers and \
the risk. Nothing here changes data.""",
    ),
    "approval-workflow": (
        approval_workflow.add_tools,
        """A change needs a person's approval: create_approval_request asks for it, check_approval_status tells where \
it stands. You cannot approve, and neither can anybody through you.""",
    ),
    "execution-monitor": (
        execution_monitor.add_tools,
        """execute_with_transaction runs exactly what a person approved and proves it; execute_rollback takes it back, \
with an approval of its own.""",
    ),
}


def build_server(name: str, app: App, callers: Callable[[], Caller], **options: Any) -> MCPServer[Any]:
    """One of SERVERS by its name, or ``all`` with every tool. ``options`` go to the SDK's constructor."""
    desk = Desk(app, callers)
    chosen = SERVERS if name == "all" else {name: SERVERS[name]}
    instructions = "\n".join(text for _, text in chosen.values())
    server: MCPServer[Any] = PgwardenServer(
        "pgwarden" if name == "all" else name,
        app.metrics.called,
        instructions=instructions,
        version=__version__,
        log_level="WARNING",
        **options,
    )
    for add_tools, _ in chosen.values():
        add_tools(server, desk)
    add_resources(server, desk)
    add_prompts(server)
    add_completions(server, desk)
    return server
