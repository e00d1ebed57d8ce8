"""The form of a statement: what is left of it when every value is taken out."""

from __future__ import annotations

import hashlib

LONGEST = 2_000
"""Characters kept of a form."""
_VALUES = frozenset({"SCONST", "USCONST", "BCONST", "XCONST", "ICONST", "FCONST", "PARAM"})
_COMMENTS = frozenset({"SQL_COMMENT", "C_COMMENT"})
_TIGHT_BEFORE = frozenset({",", ")", ";", ".", "]", "::"})
_TIGHT_AFTER = frozenset({"(", ".", "[", "::"})


def form_of(sql: str) -> str:
    """The statement on one line with ``?`` for each value and each list of them, without comments, cut where long.

    It only looks at the words of the text, so it takes any text, however deep it nests; '' for one that is no SQL.
    """
    import postgast
    from postgast import pg_query_pb2 as pb

    try:
        tokens = postgast.scan(sql).tokens
    except postgast.PgQueryError:
        return ""
    text, before = "", ""
    source = sql.encode()
    for token in tokens:
        kind = pb.Token.Name(token.token)
        if kind in _COMMENTS:
            continue
        word = "?" if kind in _VALUES else _word(source[token.start : token.end].decode(), kind)
        if word == "?" and text.endswith("?,"):  # a list of values is one
            text, before = text[:-1], word
            continue
        tight = not text or word in _TIGHT_BEFORE or before in _TIGHT_AFTER or (word == "(" and before.isidentifier())
        text += word if tight else f" {word}"
        before = word
        if len(text) > LONGEST:
            break
    return text.rstrip("; ")[:LONGEST]


def pattern_of(form: str) -> str:
    """A short name (hex) of a form; letter case does not count."""
    return hashlib.sha256(form.casefold().encode()).hexdigest()[:16]


def _word(word: str, kind: str) -> str:
    return word if kind == "IDENT" else word.upper() if word.isalpha() else word
