"""A test whose part is missing is named at the end, and fails the run where every part is required."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import parts

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest
from tests.support import parts

parts.PARTS["dragon"] = lambda: False
parts.PARTS["python"] = lambda: True
parts.COMES_FROM["dragon"] = "an egg"


@pytest.mark.requires("python", "dragon")
def test_flight(): ...


@pytest.fixture
def cave():
    parts.need("dragon")


def test_treasure(cave): ...


@pytest.mark.requires("python")
def test_ground(): ...
"""


@pytest.mark.parametrize(("required", "workers"), [("0", "1"), ("1", "0")])
def test_what_was_not_run_is_named(tmp_path: Path, required: str, workers: str) -> None:
    (tmp_path / "test_dragons.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "-p", "tests.support.parts", "-p", "no:cacheprovider"]
    environment = {**os.environ, parts.REQUIRE_ALL: required, "PYTHONPATH": str(ROOT)}
    arguments = ["-n", workers, "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run([*command, *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True)
    summary = done.stdout.rpartition("not run: needs dragon")[2]
    assert summary.startswith(" (an egg)") == (workers == "0")  # xdist's controller does not see the file above
    assert "test_flight" in summary
    assert "test_treasure" in summary
    assert "test_ground" not in summary
    assert done.returncode == int(required)
    assert "1 passed" in done.stdout
