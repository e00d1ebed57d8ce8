"""Which tables a text names, for statements of others that may be cut off or not ours to judge."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pgwarden.domain.catalog import Name

WRITES = re.compile(r"\s*(?:with\b.*\b)?(insert|update|delete|merge|truncate|copy)\b", re.IGNORECASE | re.DOTALL)


def mentioned(text: str, names: Iterable[Name]) -> tuple[Name, ...]:
    """Those of the names that the statement reads or writes. A text that does not parse is searched for words."""
    wanted = tuple(names)
    used = _relations(text)
    if used is None:
        words = set(re.findall(r"\w+", text.lower()))
        return tuple(name for name in wanted if name.name.lower() in words)
    return tuple(n for n in wanted if any(n.name == table and schema in ("", n.schema) for schema, table in used))


def writes(text: str) -> bool:
    """Whether a statement's words say that it changes rows."""
    return WRITES.match(text) is not None


def _relations(text: str) -> set[tuple[str, str]] | None:
    """(schema or '', table) of everything named as a relation; None where the text is no SQL."""
    import postgast
    from google.protobuf.message import DecodeError

    try:
        tree = postgast.parse(text)
    except (postgast.PgQueryError, DecodeError):
        return None
    ranges = (node for _, node in postgast.walk(tree) if type(node).__name__ == "RangeVar")
    return {(node.schemaname, node.relname) for node in ranges}
