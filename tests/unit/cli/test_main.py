"""A start builds the command that is asked for, and all of them for whoever looks for one."""

from __future__ import annotations

import pytest
from typer import main as typer_main

from pgwarden.cli.main import COMPLETING, app, narrow


def commands() -> list[str]:
    return list(getattr(typer_main.get_command(app), "commands"))  # noqa: B009 - a group has them


@pytest.fixture(autouse=True)
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "registered_commands", [*app.registered_commands])
    monkeypatch.setattr(app, "registered_groups", [*app.registered_groups])


def test_only_what_is_asked_for_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = commands()
    for name in everything:
        with monkeypatch.context() as one:
            one.setattr(app, "registered_commands", app.registered_commands)
            one.setattr(app, "registered_groups", app.registered_groups)
            narrow(["--json", name, "list"])
            assert commands() == [name]
    assert commands() == everything


@pytest.mark.parametrize("words", [[], ["--help"], ["nosuch"], ["-h", "tickts"]])
def test_everything_is_there_to_choose_from(words: list[str]) -> None:
    everything = commands()
    narrow(words)
    assert commands() == everything


def test_everything_is_there_to_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = commands()
    monkeypatch.setenv(COMPLETING, "complete_bash")
    narrow(["tickets"])
    assert commands() == everything
