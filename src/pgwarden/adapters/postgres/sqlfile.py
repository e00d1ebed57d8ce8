"""Named queries in ``.sql`` files, so that a DBA can review everything that is sent.

A query starts at a line ``-- name: something``. A line that ends in ``-- if >= 15`` or ``-- if < 15`` belongs to
those major versions of the server only. A line ``-- include: something`` stands for that query. Values are psycopg's
``%(name)s`` placeholders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)
_INCLUDE = re.compile(r"^\s*-- include: (\w+)\s*$", re.MULTILINE)
_GUARD = re.compile(r"\s*-- if (>=|<) (\d+)\s*$")


@cache
def named_queries(file: str, major: int) -> Mapping[str, bytes]:
    """The queries of ``queries/<file>`` for one major version of PostgreSQL, by name."""
    text = (files("pgwarden.adapters.postgres") / "queries" / file).read_text(encoding="utf-8")
    _, *parts = _NAME.split(text)
    bodies = dict(zip(parts[::2], parts[1::2], strict=True))
    whole = {name: _INCLUDE.sub(lambda line: bodies[line[1]], body) for name, body in bodies.items()}
    return {name: _for_version(body, major).encode() for name, body in whole.items()}


def _for_version(body: str, major: int) -> str:
    """The body without comments, and without the lines of other versions."""
    lines = []
    for line in body.strip().splitlines():
        guard = _GUARD.search(line)
        if guard and (major >= int(guard[2])) != (guard[1] == ">="):
            continue
        kept = line[: guard.start()] if guard else line
        if kept.strip() and not kept.lstrip().startswith("--"):
            lines.append(kept)
    return "\n".join(lines)
