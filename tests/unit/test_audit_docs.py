"""docs/audit.md names every action that is written down, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pgwarden
from pgwarden.agents import notifier
from pgwarden.domain import ticket_audit

SOURCE = Path(pgwarden.__file__).parent
PAGE = SOURCE.parents[1] / "docs" / "audit.md"
WRITERS = {"AuditEntry", "event", "entry", "_entry", "record", "_refused", "audited"}
"""Functions that take an action."""
ACTION = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")


def written() -> dict[str, str]:
    """Every action in the code, with the file that writes it."""
    found = dict.fromkeys(ticket_audit.ACTIONS.values(), "domain/ticket_audit.py")
    found |= {f"notification.{word}": "agents/notifier.py" for word in notifier._PARTICIPLE.values()}
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) in WRITERS:
                given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "action")]
                texts = [text for argument in given for text in _texts(argument, constants)]
                for text in filter(ACTION.fullmatch, texts):
                    found.setdefault(text, str(path.relative_to(SOURCE)))
    return found


def _name(function: ast.expr) -> str:
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _texts(node: ast.expr, constants: dict[str, ast.expr]) -> Iterator[str]:
    """The texts that an expression can be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, constants)
        yield from _texts(node.orelse, constants)
    elif isinstance(node, ast.Name) and node.id in constants:
        yield from _texts(constants[node.id], {})


def documented() -> set[str]:
    return set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_every_action_is_documented() -> None:
    missing = {action: file for action, file in written().items() if action not in documented()}
    assert not missing, f"docs/audit.md, “What is written down”, lacks {missing}"


def test_no_documented_action_is_gone() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    put_together = tuple(re.findall(r'f"([a-z_]+\.)\{', code))
    gone = {a for a in documented() - written().keys() if f'"{a}"' not in code and not a.startswith(put_together)}
    assert not gone
