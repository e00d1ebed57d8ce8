"""The ./run script answers before anything is installed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = ROOT / "run"


def test_help_names_every_command() -> None:
    commands = re.findall(r"^    ([a-z| -]+)\)", RUN.read_text().partition("case $command in")[2], re.MULTILINE)
    told = subprocess.run([RUN, "help"], capture_output=True, text=True, check=True).stdout
    names = {name for line in commands for name in line.split(" | ") if not name.startswith("-")}
    assert {"demo", "test", "bench", "serve"} <= names
    assert all(re.search(rf"\b{name}\b", told) for name in names)


def test_an_unknown_command_is_refused_with_the_help() -> None:
    done = subprocess.run([RUN, "dance"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "./run demo" in done.stderr


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_scripts_are_plain_sh(script: str) -> None:
    path = ROOT / script
    assert path.read_text().startswith("#!/bin/sh\n")
    subprocess.run(["/bin/sh", "-n", path], check=True)
    assert path.stat().st_mode & 0o111 == 0o111
