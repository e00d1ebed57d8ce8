"""What each risk rule means and what to do, as the documentation has it, for the page and the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

PACKED = Path(__file__).parent / "rules"
"""Where an installed pgwarden has them."""
SOURCE = Path(__file__).parents[3] / "docs" / "risks"
"""Where they are written."""


@dataclass(frozen=True, slots=True)
class Block:
    """A heading or a paragraph; its parts in turn plain and code, as between backticks."""

    kind: Literal["heading", "paragraph"]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RulePage:
    """What one rule means."""

    rule: str
    title: str
    text: str
    """As it is written, in Markdown."""
    blocks: tuple[Block, ...]


@cache
def rule_pages() -> Mapping[str, RulePage]:
    """Every rule's page by the rule's name."""
    place = PACKED if PACKED.is_dir() else SOURCE
    return MappingProxyType({path.stem: _page(path) for path in sorted(place.glob("*.md"))})


def _page(path: Path) -> RulePage:
    text = path.read_text(encoding="utf-8")
    title, *rest = text.strip().split("\n\n")
    return RulePage(path.stem, title.lstrip("# "), text, tuple(map(_block, rest)))


def _block(text: str) -> Block:
    kind: Literal["heading", "paragraph"] = "heading" if text.startswith("#") else "paragraph"
    return Block(kind, tuple(" ".join(text.lstrip("# ").split("\n")).split("`")))
