"""The command line: one small module per group of commands, gathered here."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Sequence

import typer
from typer.main import get_command_name
from typer.models import CommandInfo

from pgwarden import __version__
from pgwarden.cli import (
    advise,
    ask,
    audit,
    backup,
    data,
    databases,
    delegations,
    evaluate,
    execute,
    executions,
    feedback,
    impact,
    installation,
    login,
    mcp,
    memory,
    models,
    notifications,
    people,
    policy,
    preferences,
    questions,
    report,
    request,
    retention,
    rights,
    schema,
    serve,
    shell,
    statement,
    tickets,
    tokens,
    translate,
    worker,
)
from pgwarden.cli.door import tell_error
from pgwarden.domain.errors import PgwardenError

COMPLETING = "_PGWARDEN_COMPLETE"
"""Set by the shell that asks for completions."""

app = typer.Typer(
    name="pgwarden",
    help="Ask PostgreSQL in plain words; change it only with a person's approval; take it back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(shown: bool) -> None:
    if shown:
        typer.echo(f"pgwarden {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and stop."
    ),
) -> None:
    """Ask PostgreSQL in plain words; change it only with a person's approval; take it back."""


for group in (
    ask,
    translate,
    evaluate,
    statement,
    advise,
    impact,
    request,
    tickets,
    execute,
    executions,
    retention,
    schema,
    data,
    shell,
    feedback,
    mcp,
    serve,
    login,
    installation,
    backup,
    worker,
    report,
):
    group.register(app)
app.add_typer(databases.app, name="db")
app.add_typer(rights.app, name="rights")
app.add_typer(people.app, name="people")
app.add_typer(tokens.app, name="token")
app.add_typer(delegations.app, name="delegate")
app.add_typer(memory.app, name="memory")
app.add_typer(preferences.app, name="preferences")
app.add_typer(questions.app, name="questions")
app.add_typer(policy.app, name="policy")
app.add_typer(audit.app, name="audit")
app.add_typer(notifications.app, name="notifications")
app.add_typer(models.app, name="models")
app.add_typer(worker.jobs, name="jobs")
app.add_typer(report.app, name="report")


def narrow(words: Sequence[str]) -> None:
    """Leave the one command or group that is asked for: to build all of them takes a third of a start.

    Everything stays for whoever asks for help, completes, or names what there is not.
    """
    word = next((word for word in words if not word.startswith("-")), "")
    commands = [each for each in app.registered_commands if _name(each) == word]
    groups = [each for each in app.registered_groups if each.name == word]
    if (commands or groups) and COMPLETING not in os.environ:
        app.registered_commands, app.registered_groups = commands, groups


def _name(command: CommandInfo) -> str:
    return command.name or get_command_name(getattr(command.callback, "__name__", ""))


_PASSWORD_IN_URL = re.compile(r"(?P<before>postgres(?:ql)?://[^/:@\s]*):(?P<password>[^@\s]*)@")


def hide_password() -> None:
    """Start again without the password that stood in a URL, so that ``ps`` shows it no longer.

    ``db add`` refuses such a URL instead: what is kept should have a proper source.
    """
    found = next((match for word in sys.argv if (match := _PASSWORD_IN_URL.search(word))), None)
    if found is None or "db" in sys.argv[1:2]:
        return
    from urllib.parse import unquote

    from pgwarden.bootstrap import GIVEN_PASSWORD

    sys.stderr.write("The URL held a password: it was on the command line, where others may have seen it.\n")
    cleaned = [_PASSWORD_IN_URL.sub(r"\g<before>@", word) for word in sys.argv[1:]]
    os.environ[GIVEN_PASSWORD] = unquote(found["password"])
    os.execv(sys.executable, [sys.executable, "-m", "pgwarden", *cleaned])  # noqa: S606 - ourselves, without a shell


def main() -> None:
    """Run the command line.

    Exit status: 0 done, 1 failed, 2 wrong use, 3 refused, 4 needs approval, 5 not understood, 130 cancelled.
    """
    hide_password()
    narrow(sys.argv[1:])
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except PgwardenError as error:
        tell_error(error, as_json="--json" in sys.argv)
        sys.exit(error.exit_status)
    except BrokenPipeError:  # the reader of our output went away; that is its right
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise
        sys.stderr.write(f"The answer could not be written whole: {error.strerror}. Free space there and ask again.\n")
        os._exit(1)  # what is left in the buffers has nowhere to go either
