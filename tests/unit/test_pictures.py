"""Every picture of the documentation is shown somewhere in it, and every one that is shown is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SHOWN = re.compile(r"!\[[^\]]+\]\(([^)]+)\)")


def shown() -> set[Path]:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    return {(page.parent / name).resolve() for page in pages for name in _SHOWN.findall(page.read_text("utf-8"))}


def test_pictures_and_pages_agree() -> None:
    kept = {path.resolve() for path in (ROOT / "docs" / "images").rglob("*") if path.is_file()}
    assert shown() == kept
