"""What every command shares: opening the application, Ctrl-C, and telling errors.

A door translates between a terminal and the agents; it holds no policy and no SQL.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from pgwarden.cli.progress import working
from pgwarden.cli.render import console, emit_json, hanging, one_line
from pgwarden.domain.errors import ExecutionCancelled, InputInvalid, PgwardenError
from pgwarden.domain.login import Scope

if TYPE_CHECKING:
    from pgwarden.bootstrap import App

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Database = Annotated[
    str | None,
    typer.Option(
        "--database", "-d", help="Name of a registered database (default: the only one, or the one named 'default')."
    ),
]


def open_app(
    work: Callable[[App], Awaitable[T]],
    *,
    scope: Scope | None = Scope.ASK,
    admit: bool = True,
    door: str = "cli",
    **overrides: Any,
) -> T:
    """Build the application from the settings, do the work, close everything again.

    ``scope``: what a token must have been made for (RightMissing); None where the agent behind it asks for its own.
    ``admit`` False: as a guest, for what must work without a valid login. ``door``: what the audit calls it.
    Ctrl-C cancels the work, which cancels the running statement on the server, and ends with ExecutionCancelled.
    """

    async def run() -> T:
        async with AsyncExitStack() as stack:
            with working() as tell:
                tell("opening pgwarden")
                from pgwarden.bootstrap import build
                from pgwarden.settings import load

                app = await stack.enter_async_context(build(load(**overrides), admit=admit, door=door))
            if scope is not None:
                app.session.require_scope(scope)
            if admit:
                await _welcome(app)
            return await work(app)

    try:
        return asyncio.run(run())
    except KeyboardInterrupt:
        raise ExecutionCancelled(
            "Cancelled.", why="Ctrl-C was pressed.", not_done="The running statement was cancelled on the server."
        ) from None


async def _welcome(app: App) -> None:
    """On the first start at a terminal: make the first administrator, and show the one-time password this once."""
    if not (app.session.own_house and sys.stderr.isatty()):
        return
    if password := await app.personnel.first_administrator():
        out = console(stderr=True)
        out.print(f"First start. The administrator admin has the one-time password {password}", markup=False)
        out.print("It is not shown again: pgwarden login admin", style="dim", markup=False)


def tell_error(error: PgwardenError, *, as_json: bool) -> None:
    """Print an error the way the caller reads: JSON on standard output, or four plain lines on standard error."""
    if as_json:
        emit_json(error.to_dict())
        return
    from rich.text import Text

    out = console(stderr=True)
    out.print(Text(f"{error.code} ", style="bold red") + Text(one_line(error.what)))
    for label, text in (("why", error.why), ("not done", error.not_done), ("next", error.next_step)):
        if text:
            for number, line in enumerate(text.splitlines()):
                head = Text(f"  {label + ':' if number == 0 else '':<10}", style="dim")
                out.print(hanging(head, Text(one_line(line))))


def read_text(argument: str | None, file: Path | None = None) -> str:
    """A text from the argument, a file, or standard input (``-`` or nothing at all when piped)."""
    if file is not None:
        return _file_text(file)
    if argument is None or argument == "-":
        if argument is None and sys.stdin.isatty():
            raise typer.BadParameter("give the text as an argument, with --file, or on standard input")
        return _input_text()
    return argument


def _input_text() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise _file_trouble(Path("standard input"), "read", f"Byte {error.start + 1} is not UTF-8") from None


def _file_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _file_trouble(
            file, "read", f"It is not UTF-8: byte {error.start + 1} is {error.object[error.start]:#04x}"
        ) from None
    except OSError as error:
        raise _file_trouble(file, "read", error.strerror or str(error)) from None


def write_file(file: Path, text: str) -> None:
    """Write a file that the user asked for. Raises InputInvalid."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _file_trouble(file, "written", error.strerror or str(error)) from None


def _file_trouble(file: Path, what: str, why: str) -> InputInvalid:
    return InputInvalid(
        f"{file} cannot be {what}.",
        why=f"{why}.",
        not_done="Nothing was run." if what == "read" else "The file was not made.",
        next_step="Correct the path or its permissions.",
    )
