"""The command line's page names every command, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import typer.main

from pgwarden.cli.main import app

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"


def test_every_command_is_documented() -> None:
    waiting = [("pgwarden", typer.main.get_command(app))]
    commands = set()
    while waiting:
        name, command = waiting.pop()
        children = getattr(command, "commands", None)
        if children:
            waiting += [(f"{name} {child}", inner) for child, inner in children.items()]
        else:
            commands.add(name)
    documented = {match.strip() for match in re.findall(r"^\| `(pgwarden [a-z -]+)", PAGE.read_text(), re.MULTILINE)}
    assert documented == commands
