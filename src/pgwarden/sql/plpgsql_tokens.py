"""The tokens of a PL/pgSQL body."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*)
  | (?P<comment>/\*)
  | (?P<string>[eE]'(?:[^'\\]|\\.|'')*'|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*')
  | (?P<dollar>\$(?P<tag>[^\W\d]\w*)?\$)
  | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*")
  | (?P<word>[^\W\d][\w$]*|\$\d+)
  | (?P<number>\d+(?:\.(?!\.)\d*)?(?:[eE][+-]?\d+)?|\.\d+)
  | (?P<sign>:=|\.\.|<<|>>|[^\w\s])
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


class NotUnderstood(Exception):  # never leaves this room: ``plpgsql`` turns it into a refusal
    """The body holds something that this reader does not know."""


class Token(NamedTuple):
    """A word (lower-case unless quoted), string, number or sign, with its place in the text."""

    kind: str
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The tokens of a text without spaces and comments."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotUnderstood("a sign that is not understood")
        kind, start, at = match.lastgroup or "", at, match.end()
        if match["tag"] is not None:
            kind = "dollar"
        if kind == "comment":
            at = _comment_end(text, start)
        elif kind == "dollar":
            at = text.find(match["dollar"], at)
            if at < 0:
                raise NotUnderstood("an unfinished string")
            at += len(match["dollar"])
            found.append(Token("string", text[start:at], start, at))
        elif kind != "space":
            word = text[start:at]
            shown = word.lower() if kind == "word" else word[1:-1].replace('""', '"') if kind == "quoted" else word
            found.append(Token(kind, shown, start, at))
    return found


def _comment_end(text: str, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise NotUnderstood("an unfinished comment")
