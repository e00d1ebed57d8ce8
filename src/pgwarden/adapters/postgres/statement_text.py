"""The text of one statement without what may follow it, so that it can stand inside another."""

from __future__ import annotations

import re

_SKIPPED = re.compile(
    r"""
      (?<![A-Za-z0-9_$\x80-\U0010ffff])[eE]'(?:[^'\\]|''|\\.)*'   # escape string
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | (?<![A-Za-z0-9_$\x80-\U0010ffff])(\$(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?\$).*?\1
    | --[^\n\r]*
    | /\*
    | ;
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"/\*|\*/")


def without_terminator(sql: str) -> str:
    """The text up to its semicolon. It must be one whole statement, as the verdict made sure."""
    if ";" not in sql:
        return sql
    position = 0
    while token := _SKIPPED.search(sql, position):
        if token[0] == ";":
            return sql[: token.start()]
        position = _comment_end(sql, token.end()) if token[0] == "/*" else token.end()
    return sql


def _comment_end(sql: str, position: int) -> int:
    """Where a block comment ends that was opened before ``position``; they nest."""
    depth = 1
    while depth and (mark := _COMMENT.search(sql, position)):
        depth += 1 if mark[0] == "/*" else -1
        position = mark.end()
    return position if depth == 0 else len(sql)
