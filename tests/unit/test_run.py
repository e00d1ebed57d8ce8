"""The ./run script answers before anything is installed."""

from __future__ import annotations

import re
import shutil
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


@pytest.mark.parametrize("command", ["demo", "pgwarden", "test", "lint"])
def test_a_failed_installation_ends_there_and_is_tried_again(tmp_path: Path, command: str) -> None:
    clone = clone_with_programs(tmp_path, 'case $* in "-m pip"*) exit 1 ;; esac')
    done = subprocess.run([clone / "run", command], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    told = done.stdout.splitlines()
    assert told
    assert all(line.startswith(("python -c", "python -m pip")) for line in told)
    assert not (clone / ".venv" / ".installed").exists()


def test_the_second_start_installs_nothing(tmp_path: Path) -> None:
    clone = clone_with_programs(tmp_path, ":")
    first, second = (
        subprocess.run(
            [clone / "run", "demo", "--keep"], capture_output=True, text=True, timeout=30
        ).stdout.splitlines()
        for _ in range(2)
    )
    assert any("pip install" in line for line in first)
    assert second == ["python -m pgwarden.demo.tour --keep"]
    with (clone / "requirements.lock").open("a") as lock:
        lock.write("# another one\n")
    third = subprocess.run([clone / "run", "demo"], capture_output=True, text=True, timeout=30).stdout
    assert "pip install" in third


def clone_with_programs(directory: Path, ending: str) -> Path:
    """A clone whose environment holds nothing but scripts that tell how they were called."""
    for name in ("run", "pyproject.toml", "requirements.lock", "requirements-installer.lock"):
        shutil.copy(ROOT / name, directory)
    programs = directory / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "uv", "pgwarden", "pytest", "ruff"):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*"\n{ending}\n')
        (programs / name).chmod(0o755)
    return directory


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_scripts_are_plain_sh(script: str) -> None:
    path = ROOT / script
    assert path.read_text().startswith("#!/bin/sh\n")
    subprocess.run(["/bin/sh", "-n", path], check=True)
    assert path.stat().st_mode & 0o111 == 0o111
