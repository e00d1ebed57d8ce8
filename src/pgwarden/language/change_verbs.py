"""Which sentences order a change, and of which kind."""

from __future__ import annotations

from pgwarden.language.tokens import Kind, Token

_UPDATE = ("update", "set", "change", "modify", "increase", "decrease", "raise", "reduce", "lower", "mark",
           "rename", "edit", "correct",
           "adjust", "make", "reset", "replace")  # fmt: skip
_DELETE = ("delete", "remove", "erase", "purge", "drop", "wipe", "discard")
_INSERT = ("insert", "add", "create", "register")
ACTIONS = frozenset(
    {"cancel", "approve", "reject", "archive", "deactivate", "activate", "disable", "enable", "block", "unblock", "ban",
     "settle", "close", "reopen", "ship", "deliver", "publish", "unpublish", "refund", "withdraw", "excuse", "suspend",
     "verify", "resolve", "complete", "confirm", "pause", "resume", "expire", "retire", "promote", "hide", "lock",
     "unlock", "accept", "decline", "terminate", "release", "pay", "dispatch", "finish", "start", "stop"}
)  # fmt: skip
"""Orders that name no column: they are understood where one state of the table is called so, else asked about."""
_ONLY_VERBS = frozenset({"cancel", "approve", "reject", "deactivate", "activate", "disable", "unblock", "suspend"})
"""Those that are never an adjective."""
MOVES = frozenset({"move", "assign", "reassign", "transfer"})
WHOLE = frozenset({"double", "halve", "clear", "empty"})
"""Orders whose verb says the new value too."""
NARROWING = frozenset(
    {"who", "that", "which", "whose", "where", "with", "without", "in", "from", "for", "of", "if", "when", "not",
     "never", "except", "older", "newer", "than", "by", "at", "on", "only", "but"}
)  # fmt: skip
"""Words that begin a condition: with none understood, "all" does not mean every row."""
_STRONG = ("update", "set", "change", "modify", "increase", "decrease", "rename")
_POLITE = (
    "please",
    "can",
    "could",
    "you",
    "would",
    "i",
    "want",
    "to",
    "need",
    "we",
    "should",
    "let's",
    "now",
    "kindly",
)


def change_verb(tokens: tuple[Token, ...]) -> tuple[str, int] | None:
    """(UPDATE, INSERT or DELETE, position of the verb) when the sentence orders a change."""
    at = 0
    while at < len(tokens) and tokens[at].lower in _POLITE:
        at += 1
    if at >= len(tokens):
        return None
    word = tokens[at].lower
    rest = tokens[at + 1 :]
    if word == "give":
        return ("UPDATE", at) if any(t.lower in ("raise", "rise") for t in rest) else None
    if word in WHOLE or (word in MOVES and any(t.lower == "to" for t in rest)):
        return ("UPDATE", at) if len(rest) > 1 else None
    for kind, verbs in (("UPDATE", _UPDATE), ("DELETE", _DELETE), ("INSERT", _INSERT)):
        if word in verbs:
            return (kind, at) if _orders(kind, word, tokens[at + 1 :]) else None
    return ("UPDATE", at) if word in ACTIONS and _names_rows(word, rest) else None


def _names_rows(word: str, rest: tuple[Token, ...]) -> bool:
    """Whether an order says which rows: "the …", "all …", "order 17"; "complete orders from 2020" is no order."""
    if rest and word in _ONLY_VERBS:
        return True
    if not rest or rest[0].lower in ("the", "all", "every", "this"):
        return bool(rest)
    numbered = any(t.kind in (Kind.NUMBER, Kind.QUOTED) for t in rest)
    return numbered and any(t.kind in (Kind.NUMBER, Kind.QUOTED) for t in rest[1:3])


def _orders(kind: str, verb: str, rest: tuple[Token, ...]) -> bool:
    """ "Set … to", "change … from … to": an update says a new value; "add" may only mean a sum."""
    words = [t.lower for t in rest]
    if kind == "UPDATE" and words[:1] and words[0] not in ("in", "of", "over", "by") and verb in _STRONG:
        return True
    if kind == "UPDATE":
        return any(w in ("to", "as", "=", "by", "with", "null") for w in words)
    return bool(words) and words[0] not in ("up",)
