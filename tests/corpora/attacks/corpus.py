"""The attacks, as data: every TOML file beside this one is a family, its tables say what harm the SQL does when run."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import cycle
from pathlib import Path

HERE = Path(__file__).parent


class Harm(StrEnum):
    """What running the SQL outside pgwarden shows. The harness looks for it, so that no attack is only imagined."""

    WRITE = "write"
    """Inside a transaction: a transaction id was assigned, or a sequence moved."""
    ESCAPE = "escape"
    """Outside a transaction: the database is not as before."""
    NOTIFY = "notify"
    LOCK = "lock"
    SETTING = "setting"
    SESSION = "session"
    """Prepared statements, cursors, temporary objects or listened channels are left."""
    SECRET = "secret"
    """The answer holds a text that nobody should see."""
    FILE = "file"
    SLOW = "slow"
    """It runs into the time limit."""
    LOST = "lost"
    """The connection is gone."""
    REFUSED = "refused"
    """The server refuses it as well; pgwarden must neither allow it nor stumble."""
    UNPROVEN = "unproven"
    """The harm cannot be looked at from here; the family's file says why."""
    HARMLESS = "harmless"
    """It only looks bad: whatever the verdict is, running it leaves nothing."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One text. ``role`` is who runs it, '' for the superuser."""

    name: str
    family: str
    sql: str
    harm: Harm
    role: str = ""

    def filled(self, data: str, database: str) -> str:
        """The SQL with the server's data directory and the database's name put in."""
        return self.sql.replace("{data}", data).replace("{database}", database)


READER = "trap_reader"
_AS_READER = "_as_reader"


@cache
def attacks() -> tuple[Attack, ...]:
    """Every attack of the files, positions multiplied out."""
    found = [attack for path in sorted(HERE.glob("*.toml")) if path.stem != "positions" for attack in _family(path)]
    return (*found, *_positions())


@cache
def families() -> tuple[str, ...]:
    return tuple(dict.fromkeys(attack.family for attack in attacks()))


def family(name: str) -> tuple[Attack, ...]:
    """The attacks of one family."""
    return tuple(attack for attack in attacks() if attack.family == name)


def _family(path: Path) -> list[Attack]:
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return [
        Attack(
            f"{path.stem}/{name}",
            path.stem,
            sql,
            Harm(table.removesuffix(_AS_READER)),
            READER if table.endswith(_AS_READER) else "",
        )
        for table, cases in tables.items()
        for name, sql in cases.items()
    ]


def _positions() -> list[Attack]:
    """Every position with two calls of the list, which goes round; every call at the first position."""
    tables = tomllib.loads((HERE / "positions.toml").read_text(encoding="utf-8"))
    positions, calls = tables["positions"], tables["calls"]
    turn = cycle(calls.items())
    pairs = [(position, next(turn)) for position in positions for _ in range(2)]
    pairs += [(next(iter(positions)), call) for call in calls.items()]
    pairs += [(position, ("writes", calls["writes"])) for position in positions]
    return [
        Attack(
            f"positions/{position}/{name}",
            "positions",
            positions[position].replace("{call}", call).replace("{{", "{").replace("}}", "}"),
            Harm.WRITE,
        )
        for position, (name, call) in dict.fromkeys(pairs)
    ]
