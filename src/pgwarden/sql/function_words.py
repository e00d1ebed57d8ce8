"""What the words of a function's body may do: too much rather than too little, for bodies that no parser takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgwarden.sql.plpgsql_tokens import Token, tokens
from pgwarden.sql.statement_effects import LOAD, REFRESH, STATISTICS, STRUCTURE, TURNING, StatementEffects, Write

_TOLD = {
    "execute": "it builds SQL at run time",
    "truncate": "it truncates a table",
    "copy": "it copies",
    **dict.fromkeys(("create", "alter", "drop", "comment", "grant", "revoke", "reindex", "cluster"), STRUCTURE),
    **dict.fromkeys(("analyze", "vacuum"), STATISTICS),
    "refresh": REFRESH,
    "load": LOAD,
    **{name: f"it sets {name}" for name in sorted(TURNING)},
}


def word_effects(text: str) -> StatementEffects:
    """Writes and calls that the words of a body may mean; any word may be a function. Raises NotUnderstood."""
    words = tokens(text)
    plain = {token.text for token in words if token.kind == "word"}
    names = {token.text for token in words if token.kind in ("word", "quoted")}
    reasons = [reason for word, reason in _TOLD.items() if word in plain]
    if any(token.text == "do" and _kind(words, place + 1) == "string" for place, token in enumerate(words)):
        reasons.append("it runs an anonymous block")
    return StatementEffects(
        writes=frozenset(_writes(words)),
        calls=frozenset((None, name) for name in names),
        unknown=next(iter(reasons), ""),
    )


def _writes(words: Sequence[Token]) -> Iterator[Write]:
    """INSERT INTO, UPDATE, DELETE FROM and MERGE INTO with the table they name."""
    inserted: dict[tuple[str | None, str], None] = {}
    for place, token in enumerate(words):
        if token.kind != "word" or token.text not in ("insert", "update", "delete", "merge"):
            continue
        before = words[place - 1].text if place else ""
        if token.text == "update" and before == "do":  # ON CONFLICT DO UPDATE, of whichever INSERT
            yield from (("UPDATE", *table) for table in inserted)
        of_merge = before == "then" and _word(words, place + 1) == "set"
        if token.text == "update" and (before in ("for", "do", "key") or of_merge):
            continue  # FOR UPDATE, DO UPDATE, FOR NO KEY UPDATE, MERGE … THEN UPDATE SET
        at = place + 1
        if token.text != "update":
            if _word(words, at) not in ("into", "from"):
                continue  # MERGE … THEN DELETE, THEN INSERT (…)
            at += 1
        at += _word(words, at) == "only"
        at += _word(words, at) == "("  # ONLY (table)
        schema, table = None, _word(words, at)
        if _word(words, at + 1) == ".":
            schema, table = table, _word(words, at + 2)
        if token.text == "insert" and table:
            inserted[schema, table] = None
        events = ("INSERT", "UPDATE", "DELETE") if token.text == "merge" else (token.text.upper(),)
        for event in events:
            if table:
                yield event, schema, table


def _word(words: Sequence[Token], place: int) -> str:
    return words[place].text if place < len(words) else ""


def _kind(words: Sequence[Token], place: int) -> str:
    return words[place].kind if place < len(words) else ""
