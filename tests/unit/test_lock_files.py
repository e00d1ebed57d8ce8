"""The file that ./run installs from says the same as uv.lock. After a change of uv.lock:

uv export --frozen --all-extras --no-emit-project --no-header --no-annotate --format requirements-txt \\
    -o requirements.lock
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_requirements_are_the_locked_ones() -> None:
    locked = {entry["name"]: entry.get("version") for entry in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    pinned = dict(re.findall(r"^([a-z0-9._-]+)==([^\s\\;]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    del locked["pgwarden"]
    assert pinned == locked


def test_every_requirement_has_a_hash_and_no_host() -> None:
    for name in ("requirements.lock", "requirements-installer.lock"):
        text = (ROOT / name).read_text()
        entries = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
        assert entries
        assert all("--hash=sha256:" in entry for entry in entries)
        assert "://" not in text
