"""The arrows between the rooms run one way. When this fails it draws the house with the crooked arrows."""

from __future__ import annotations

import ast
from pathlib import Path

import pgwarden

SOURCE = Path(pgwarden.__file__).parent

# room -> rooms it may import (itself always). `ports` and `settings` are rooms of one file.
ARROWS: dict[str, set[str]] = {
    "domain": set(),
    "ports": {"domain"},
    "sql": {"domain"},
    "language": {"domain", "ports"},
    "rules": {"domain", "sql"},
    "undo": {"domain"},
    "agents": {"domain", "ports", "sql", "language", "rules", "undo"},
    "adapters": {"domain", "ports", "sql", "undo"},
    "settings": {"domain"},
    "logging": {"domain"},
    "testing": {"domain", "ports"},
    "bootstrap": {"domain", "ports", "sql", "language", "rules", "undo", "agents", "adapters", "settings", "logging"},
    "cli": {"domain", "agents", "settings", "bootstrap"},
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
        if _room(path) in {"domain", "language", "rules", "undo"}:
            for node in ast.walk(ast.parse(path.read_text())):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                guilty += [f"{path.relative_to(SOURCE)}: {n}" for n in names if n.split(".")[0] in forbidden]
    assert guilty == []


def test_no_door_can_issue_an_approval() -> None:
    """Only a ticket's events, tests and the tour make one: doors neither build it nor import what could."""
    forbidden = ("Approved(", "ApprovedUndo(", "RehearsalPermit(", "issue_approval", "pgwarden.testing")
    doors = [path for path in SOURCE.rglob("*.py") if _room(path) in {"cli", "bootstrap", "agents"}]
    guilty = [f"{path.name}: {word}" for path in doors for word in forbidden if word in path.read_text()]
    assert len(doors) > 15
    assert guilty == []
