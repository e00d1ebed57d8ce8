"""What every tool shares: the application, who calls, what they may still use, and how answers and errors go out."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar, get_origin, get_type_hints

import anyio
from mcp.types import CallToolResult, InputRequiredResult, TextContent, ToolAnnotations
from pydantic import BaseModel

from pgwarden.domain.allowance import Use
from pgwarden.domain.errors import InputInvalid, PgwardenError
from pgwarden.servers.asking import AnswerNeededError
from pgwarden.servers.caller import Caller
from pgwarden.servers.reading_answers import WithRows

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from pgwarden.bootstrap import App

F = TypeVar("F", bound=Callable[..., Coroutine[Any, Any, BaseModel]])
ERROR = "pgwarden/error"
"""Where an error's result holds its code and parts, in its ``_meta``."""
CANCEL_SECONDS = 15.0
"""How long a call that was given up may take to end."""


class Spoken(Protocol):
    """An answer that also has a short readable text."""

    def text(self) -> str: ...

    def model_dump(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """One server's view of the application."""

    app: App
    callers: Callable[[], Caller]
    running: set[asyncio.Task[Any]] = field(default_factory=set)
    """What goes on after its call was answered."""

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Hold a task until it ends; its error is the ticket's to tell."""
        self.running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self.running.discard(task)
        if not task.cancelled():
            task.exception()  # seen: nobody waits for it

    @asynccontextmanager
    async def call(self, scope: str, database: str | None) -> AsyncIterator[tuple[Caller, str]]:
        """Who calls and the registered database that is meant, after the checks that come before any work.

        The time inside the block counts as seconds of the caller's budget.
        """
        async with self.caller(scope) as caller:
            yield caller, await self._database(caller, database)

    @asynccontextmanager
    async def caller(self, scope: str) -> AsyncIterator[Caller]:
        """The same, for calls that name no database."""
        caller = self.callers()
        caller.require(scope)
        await self.app.budgets.require(caller.account)
        started = time.perf_counter()
        try:
            yield caller
        finally:
            self.app.budgets.spend(caller.account, Use(calls=1, seconds=time.perf_counter() - started))

    async def _database(self, caller: Caller, database: str | None) -> str:
        if database is not None and "://" in database:
            raise InputInvalid(
                "A database is given by its registered name, not by a URL.",
                not_done="Nothing was read or run.",
                next_step="Leave it out, or use a name from inspect_schema or the resource pgwarden://databases.",
            )
        name = await self.app.targets.choose(database)
        caller.require_database(name)
        return name


READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
ADDS = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False)
"""Writes in records of pgwarden only (a request, a comment, a notification), or makes a copy."""
CHANGES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)
"""May change the database; a second call with the same ticket or execution changes nothing more."""


def offer(server: MCPServer[Any], function: F, *, title: str, annotations: ToolAnnotations) -> None:
    """Put a function on offer as a tool: its docstring describes it, its answer's model is the output schema.

    What pgwarden refuses comes back as an error result with the four parts of every error; nothing else of an
    exception leaves the process.
    """
    hints = get_type_hints(function, include_extras=True)
    given = hints["return"]  # a tool that gives its result ready says ``Annotated[CallToolResult, model]`` itself
    returned = given if get_origin(given) is Annotated else Annotated[CallToolResult, given]

    @wraps(function)
    async def call(**arguments: Any) -> CallToolResult | InputRequiredResult:
        try:
            answer = await _cancelled_once(function(**arguments))
            return answer if isinstance(answer, CallToolResult) else spoken(answer)
        except AnswerNeededError as needed:
            return needed.result
        except PgwardenError as error:
            return failure(error)

    call.__annotations__ = {**hints, "return": returned}
    signature = inspect.signature(function)
    typed = [p.replace(annotation=hints[name]) for name, p in signature.parameters.items()]
    call.__signature__ = signature.replace(parameters=typed, return_annotation=returned)  # type: ignore[attr-defined]
    server.add_tool(call, title=title, annotations=annotations, description=inspect.getdoc(function))


async def _cancelled_once(work: Coroutine[Any, Any, Any]) -> Any:
    """The outcome of the work, which a client that gives the call up cancels once, and which is then waited for.

    The SDK goes on cancelling for as long as the call lasts. The second time would interrupt the very request that
    ends the statement on the server.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.cancel()
        with anyio.move_on_after(CANCEL_SECONDS, shield=True):
            await asyncio.wait([task])
        raise


def failure(error: PgwardenError) -> CallToolResult:
    """An error as an agent reads it: what happened, why, what was not done, what to do next.

    Programs find the parts under ``ERROR``: as structured content they would have to fit the answer's schema, by which
    the protocol's own clients check errors, too.
    """
    parts = error.to_dict()
    labels = (("error", ""), ("why", "Why: "), ("not_done", "Not done: "), ("next", "Next: "))
    text = "\n".join(f"{label}{parts[key]}" for key, label in labels if key in parts)
    return CallToolResult(
        content=[TextContent(type="text", text=f"{error.code}: {text}")], _meta={ERROR: parts}, is_error=True
    )


def spoken(answer: Spoken) -> CallToolResult:
    """An answer as it goes out: for programs, and as the short text."""
    structured = answer.structured() if isinstance(answer, WithRows) else answer.model_dump()
    return CallToolResult(content=[TextContent(type="text", text=answer.text())], structured_content=structured)
