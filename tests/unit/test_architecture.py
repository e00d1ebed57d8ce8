"""The arrows between the rooms run one way. When this fails it draws the house with the crooked arrows."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pgwarden

SOURCE = Path(pgwarden.__file__).parent

# room -> rooms it may import (itself always). `ports` and `settings` are rooms of one file; `tracing` is one, too, that
# imports nothing and holds no policy.
ARROWS: dict[str, set[str]] = {
    "domain": set(),
    "ports": {"domain"},
    "sql": {"domain"},
    "language": {"domain", "ports"},
    "context": {"domain", "ports"},
    "rules": {"domain", "sql"},
    "undo": {"domain"},
    "agents": {"domain", "ports", "sql", "language", "context", "rules", "undo", "tracing"},
    "adapters": {"domain", "ports", "sql", "undo", "tracing"},
    "models": {"domain", "ports", "context", "agents", "adapters", "settings"},
    "settings": {"domain"},
    "logging": {"domain", "tracing"},
    "tracing": set(),
    "testing": {"domain", "ports"},
    "bootstrap": {
        "domain",
        "ports",
        "sql",
        "language",
        "rules",
        "undo",
        "agents",
        "adapters",
        "settings",
        "logging",
        "models",
        "tracing",
    },
    "servers": {"domain", "agents", "bootstrap", "settings", "tracing"},
    "web": {"domain", "agents", "bootstrap"},
    "cli": {"domain", "agents", "servers", "web", "settings", "bootstrap"},
    "demo": {"domain", "ports", "agents", "adapters", "rules", "settings", "bootstrap", "cli", "testing"},
    "__main__": {"cli"},
}

# Functions that may import across for a reason, (file, imported room): why.
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("settings.py", "__init__"): "the version in messages",
}


def _room(path: Path) -> str:
    relative = path.relative_to(SOURCE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def _imports(path: Path) -> set[str]:
    """Rooms that a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] != "pgwarden" or len(parts) < 2:
                continue
            if (SOURCE / parts[1]).exists() or (SOURCE / f"{parts[1]}.py").exists():
                found.add(parts[1])
    return found


def _crooked() -> list[str]:
    lines = []
    for path in sorted(SOURCE.rglob("*.py")):
        room = _room(path)
        if room == "__init__":
            continue
        for target in sorted(_imports(path) - {room} - ARROWS.get(room, set())):
            if (path.name, target) not in EXCEPTIONS:
                lines.append(f"{path.relative_to(SOURCE)}: {room} --x--> {target}")
    return lines


def test_every_room_is_drawn() -> None:
    rooms = {_room(path) for path in SOURCE.rglob("*.py")} - {"__init__"}
    assert rooms <= set(ARROWS), f"rooms without arrows in this test: {sorted(rooms - set(ARROWS))}"


def test_arrows_run_one_way() -> None:
    picture = "\n".join(f"  {room:10} -> {', '.join(sorted(to)) or '(nothing)'}" for room, to in ARROWS.items())
    crooked = _crooked()
    assert not crooked, "crooked arrows:\n  " + "\n  ".join(crooked) + "\n\nthe house allows:\n" + picture


def test_only_the_sql_room_imports_the_parser() -> None:
    strangers = [
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if "postgast" in path.read_text() and _room(path) != "sql"
    ]
    assert strangers == []


def test_pure_rooms_touch_nothing_outside() -> None:
    """No clock, environment, files, network or database in the rooms that must be pure."""
    forbidden = {"os", "psycopg", "socket", "subprocess", "time", "asyncio", "random", "urllib", "shutil", "tempfile"}
    guilty = []
    for path in SOURCE.rglob("*.py"):
        if _room(path) in {"domain", "language", "context", "rules", "undo"}:
            for node in ast.walk(ast.parse(path.read_text())):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                guilty += [f"{path.relative_to(SOURCE)}: {n}" for n in names if n.split(".")[0] in forbidden]
    assert guilty == []


@cache
def _nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text())))


@cache
def _made(path: Path) -> set[str]:
    """Names that a file calls, whatever module they are reached through, or imports under another name."""
    made = set()
    for node in _nodes(path):
        if isinstance(node, ast.Call):
            target = node.func
            made.add(
                target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""
            )
        elif isinstance(node, ast.ImportFrom):
            made |= {alias.name for alias in node.names if alias.asname}
    return made


def test_no_door_can_issue_an_approval() -> None:
    """Only a ticket's events make one (domain/ticket_approval.py), and tests: nothing else that is shipped can."""
    approvals = {"Approved", "ApprovedUndo", "ApprovedRead", "issue_approval"}
    makers = {"domain/ticket_approval.py", "domain/rehearsal_permit.py", "testing/approval.py"}
    files = [path for path in SOURCE.rglob("*.py") if str(path.relative_to(SOURCE)) not in makers]
    assert len(files) > 100
    assert [str(path.relative_to(SOURCE)) for path in files if _made(path) & approvals] == []
    assert {path.name for path in files if "RehearsalPermit" in _made(path)} <= {"rehearsal_permit.py"}
    doors = [path for path in files if _room(path) not in {"testing", "demo"}]
    assert [path.name for path in doors if "pgwarden.testing" in path.read_text()] == []
    assert {"Approved", "ApprovedUndo", "ApprovedRead"} <= _made(SOURCE / "domain" / "ticket_approval.py")


def test_only_the_road_runs_an_approval() -> None:
    """One agent asks a ticket for its approval, and one adapter runs what it is given."""
    issuers = {"approved_of", "approved_undo_of", "approved_read_of"}
    assert _importers("domain.ticket_approval", issuers) == {"agents/ticket_execution.py"}
    assert _importers("adapters.postgres.execution", {"execute"}) == {"adapters/postgres/changes.py"}
    assert _importers("adapters.postgres.undo", {"undo"}) == {"adapters/postgres/changes.py"}


def _importers(module: str, names: set[str]) -> set[str]:
    """Files that import one of the names from that module of ours."""
    return {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        for node in _nodes(path)
        if isinstance(node, ast.ImportFrom)
        and node.module == f"pgwarden.{module}"
        and not names.isdisjoint(alias.name for alias in node.names)
    }
