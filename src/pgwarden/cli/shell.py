"""``pgwarden shell``: a conversation with history, completion and follow-up questions."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pgwarden.cli.ask import opening_door, show
from pgwarden.cli.confirming import once_confirmed
from pgwarden.cli.door import Database, open_app, tell_error
from pgwarden.cli.progress import working
from pgwarden.cli.render import console, footer, print_rows, simple_table
from pgwarden.domain.errors import PgwardenError

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent, Completion
    from prompt_toolkit.document import Document

    from pgwarden.bootstrap import App
    from pgwarden.domain.answer import Answer
    from pgwarden.domain.catalog import Catalog
    from pgwarden.domain.question import Option
    from pgwarden.domain.result import Result

HELP = """\
Ask in plain words, or type SQL (a line that starts with select, with, values, table, show or explain).
A number chooses one of the options that were offered.
Follow-ups work: "and by month?", "only the first three"; and after a change "undo that".

  \\d [WORDS]    tables, or those that match the words
  \\x            show more with each answer: plan, confidence, assumptions
  \\help         this text
  \\q            leave (Ctrl-D too); Ctrl-C cancels what runs"""

SQL_STARTS = ("select", "with", "values", "table", "show", "explain", "insert", "update", "delete", "merge", "truncate")


def register(app: typer.Typer) -> None:
    app.command()(shell)


def shell(
    database: Database = None,
    session: Annotated[str, typer.Option("--session", "-s", help="Go on with a named conversation.")] = "",
) -> None:
    """Talk with a database: questions, follow-ups and SQL, with history and completion."""

    async def work(app: App) -> None:
        async with app.target(database) as name:
            await Conversation(app, name, session or f"shell-{uuid.uuid4().hex[:12]}").run()

    open_app(work)


class Conversation:
    """The loop of one shell: reads lines, answers each, survives each one's errors."""

    def __init__(self, app: App, database: str, session: str) -> None:
        self._app, self._database, self._session = app, database, session
        self._explain = False
        self._options: tuple[Option, ...] = ()

    async def run(self) -> None:
        """Until \\q or the end of the input."""
        console().print(f"pgwarden on [bold]{self._database}[/bold]; \\help for help, \\q to leave.")
        async for line in self._lines():
            if line in ("\\q", "exit", "quit"):
                return
            if line:
                await self._answer(line)

    async def _lines(self) -> Any:
        """Lines from the terminal with history and completion, or plainly from a pipe."""
        if not sys.stdin.isatty():
            for line in sys.stdin:
                yield line.strip()
            return
        from prompt_toolkit import PromptSession
        from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
        from prompt_toolkit.history import FileHistory

        self._app.settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        past = self._app.settings.home / "shell_history"
        past.touch(mode=0o600)
        past.chmod(0o600)  # questions name people; one that an earlier version left open is closed
        history = FileHistory(str(past))
        catalog = await self._app.schema.catalog(self._database)
        prompt: PromptSession[str] = PromptSession(
            history=history, completer=word_completer(catalog), auto_suggest=AutoSuggestFromHistory()
        )
        while True:
            try:
                yield (await prompt.prompt_async(f"{self._database}> ")).strip()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return

    async def _answer(self, line: str) -> None:
        """One line; an error is told and the conversation goes on."""
        task = asyncio.ensure_future(self._dispatch(line))
        loop = asyncio.get_running_loop()
        import signal

        loop.add_signal_handler(signal.SIGINT, task.cancel)
        try:
            await task
        except PgwardenError as error:
            tell_error(error, as_json=False)
        except asyncio.CancelledError:
            console(stderr=True).print("[yellow]Cancelled on the server.[/yellow]")
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    async def _dispatch(self, line: str) -> None:
        if line.startswith("\\"):
            await self._command(line)
        elif line.split(None, 1)[0].lower().rstrip(";(") in SQL_STARTS and not line.endswith("?"):
            await self._sql(line)
        else:
            await self._question(line)

    async def _command(self, line: str) -> None:
        name, _, rest = line.partition(" ")
        if name == "\\x":
            self._explain = not self._explain
            console().print(f"details {'on' if self._explain else 'off'}")
        elif name in ("\\d", "\\dt"):
            await self._tables(rest.strip())
        else:
            console().print(HELP, markup=False)

    async def _tables(self, words: str) -> None:
        catalog = await self._app.schema.catalog(self._database)
        wanted = words.lower().split()
        rows = [
            (str(r.name), f"{max(r.estimated_rows, 0):,.0f}", r.comment or "")
            for r in catalog.user_relations
            if all(w in f"{r.name} {r.comment or ''}".lower() for w in wanted) and not r.partition_of
        ]
        console().print(simple_table(("table", "rows", "comment"), rows))

    async def _sql(self, sql: str) -> None:
        app = self._app
        limits = await app.orchestrator.zoned(app.limits(), identity=app.identity)

        async def read(*, confirmed: bool) -> Result:
            with working() as tell:
                tell("running the statement")
                return await app.execution.read(
                    self._database, sql, identity=app.identity, limits=limits, confirmed=confirmed
                )

        result = await once_confirmed(read, yes=False)
        print_rows(result)
        console().print(footer(result), style="dim", markup=False)

    async def _question(self, text: str) -> None:
        if text.isdigit() and 0 < int(text) <= len(self._options):
            chosen = self._options[int(text) - 1]
            if chosen.sql:  # its question may be the very one that was not understood
                await self._sql(chosen.sql)
                return
            text = chosen.question or chosen.label

        async def answered(*, confirmed: bool) -> Answer:
            with working() as tell:
                return await self._app.orchestrator.ask(
                    text,
                    database=self._database,
                    identity=self._app.identity,
                    session=self._session,
                    limits=self._app.limits(),
                    explain=self._explain,
                    progress=lambda event: tell(event.words),
                    opens=opening_door(self._app),
                    confirmed=confirmed,
                )

        answer = await once_confirmed(answered, yes=False)
        show(answer, explain=self._explain)
        clarification = answer.reading.clarification
        self._options = clarification.options if clarification else ()


def word_completer(catalog: Catalog) -> Any:
    """Completes the word before the cursor from table and column names, tables first."""
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.completion import Completion as Suggestion

    words = completion_words(catalog)

    class Names(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002
            prefix = document.get_word_before_cursor()
            for word, meta in matching(words, prefix):
                yield Suggestion(word, start_position=-len(prefix), display_meta=meta)

    return Names()


def completion_words(catalog: Catalog) -> list[tuple[str, str]]:
    """(name, what it is), tables before columns, each name once."""
    tables = {r.name.name: "table" for r in catalog.user_relations if not r.partition_of}
    columns = {c.name: f"column of {r.name.name}" for r in catalog.user_relations for c in r.columns}
    return [*sorted(tables.items()), *sorted((n, m) for n, m in columns.items() if n not in tables)]


def matching(words: Iterable[tuple[str, str]], prefix: str) -> Iterator[tuple[str, str]]:
    """Words that begin with the prefix, at most 40; nothing for an empty prefix."""
    found = 0
    for word, meta in words:
        if prefix and word.lower().startswith(prefix.lower()) and word != prefix:
            yield word, meta
            found += 1
            if found == 40:
                return
