"""Cuts a psql script into the statements and backslash commands that psql would see."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

SENDING = frozenset({"g", "gx", "gset", "gexec", "gdesc", "crosstabview", "watch", "parse", "bind_named"})
"""Backslash commands that end a statement as a semicolon does."""

_DOLLAR = re.compile(r"\$(?:[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)?\$")
_WORD = re.compile(r"[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*")
_VARIABLE = re.compile(r""":(?:(\w+)|'(\w+)'|"(\w+)")""")
_TEST = re.compile(r":\{\?(\w+)\}")
_META = re.compile(r"\\([a-zA-Z_]+|[!?;])[ \t]*")


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to do. ``meta`` is '' for a statement that a semicolon ended."""

    line: int
    sql: str
    meta: str = ""
    arguments: str = ""
    several: bool = False
    """Whether ``\\;`` joined several statements into one message."""


class Script:
    """A cursor over the text; statements are cut as they are asked for, since variables change on the way."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._buffer: list[str] = []
        self._start = 0
        self._several = False

    def next(self, variables: Mapping[str, str]) -> Command | None:
        """The next command, its variables replaced; None at the end."""
        parentheses = 0
        nesting = _BodyNesting()
        text = self._text
        while self._at < len(text):
            here = text[self._at]
            if not self._buffer:
                if here.isspace():
                    self._at += 1
                    continue
                self._start = self._at
                nesting = _BodyNesting()
            if text.startswith("--", self._at):
                self._skip_line_comment()
            elif text.startswith("/*", self._at):
                self._keep(_block_comment_end(text, self._at))
            elif here == "'":
                self._keep(_quoted_end(text, self._at, self._escapes()))
            elif here == '"':
                self._keep(_delimited_end(text, self._at, '"'))
            elif here == "$" and (tag := _DOLLAR.match(text, self._at)) and not self._inside_word():
                end = text.find(tag[0], tag.end())
                self._keep(len(text) if end < 0 else end + len(tag[0]))
            elif here == "\\":
                if (command := self._meta(variables)) is not None:
                    return command
            elif here == ":":
                self._variable(variables)
            elif word := _WORD.match(text, self._at):
                nesting.see(word[0].lower())
                self._keep(word.end())
            elif here == ";" and parentheses <= 0 and not nesting.open:
                self._at += 1
                return self._statement()
            else:
                parentheses += (here == "(") - (here == ")")
                self._keep(self._at + 1)
        return self._statement() if self._buffer else None

    def copy_data(self) -> str:
        """The lines that follow, up to ``\\.``, as COPY … FROM STDIN wants them."""
        rest = self._text[self._at :].partition("\n")[2]
        data, found, _ = rest.partition("\\.\n")
        while found and data and not data.endswith("\n"):  # a \. inside a line
            more, found, _ = rest[len(data) + 3 :].partition("\\.\n")
            data = data + "\\.\n" + more
        self._at = len(self._text) - len(rest) + len(data) + len(found)
        return data

    def _statement(self, meta: str = "", arguments: str = "") -> Command:
        sql, several = "".join(self._buffer).strip(), self._several
        self._buffer, self._several = [], False
        return Command(self._text.count("\n", 0, self._start) + 1, sql, meta, arguments, several)

    def _keep(self, end: int) -> None:
        self._buffer.append(self._text[self._at : end])
        self._at = end

    def _skip_line_comment(self) -> None:
        end = self._text.find("\n", self._at)
        end = len(self._text) if end < 0 else end
        if self._buffer:
            self._keep(end)
        else:
            self._at = end

    def _meta(self, variables: Mapping[str, str]) -> Command | None:
        if self._text.startswith("\\\\", self._at):  # ends a backslash command on the same line
            self._at += 2
            return None
        match = _META.match(self._text, self._at)
        if match is None:
            self._keep(self._at + 1)
            return None
        name = match[1]
        if name == ";":
            self._at = match.end()
            self._buffer.append(";")
            self._several = True
            return None
        end = self._text.find("\n", match.end())
        end = len(self._text) if end < 0 else end
        arguments = self._text[match.end() : end]
        if name != "copy" and (another := re.search(r"(?:^|\s)\\", arguments)):
            end, arguments = match.end() + another.start(), arguments[: another.start()]
        self._at = end
        arguments = substitute(arguments.strip(), variables)
        if name in SENDING:
            return self._statement(name, arguments)
        if name in ("r", "reset"):
            self._buffer, self._several = [], False
        return Command(self._text.count("\n", 0, match.start()) + 1, "", name, arguments)

    def _variable(self, variables: Mapping[str, str]) -> None:
        if self._text.startswith("::", self._at):
            self._keep(self._at + 2)
        elif (match := _VARIABLE.match(self._text, self._at)) and (match[1] or match[2] or match[3]) in variables:
            self._buffer.append(_shown(match, variables))
            self._at = match.end()
        else:
            self._keep(self._at + 1)

    def _escapes(self) -> bool:
        """Whether the quote at the cursor opens an E'' string."""
        return bool(self._buffer) and self._buffer[-1].lower() == "e"

    def _inside_word(self) -> bool:
        return bool(self._buffer) and bool(re.search(r"[\w$]$", self._buffer[-1]))


class _BodyNesting:
    """Depth of BEGIN ATOMIC … END, in which semicolons do not end CREATE FUNCTION."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._depth = 0

    @property
    def open(self) -> bool:
        return self._depth > 0

    def see(self, word: str) -> None:
        if len(self._words) < 4:
            self._words.append(word)
        makes = self._words[:1] == ["create"] and {"function", "procedure"} & set(self._words[1:])
        if not makes:
            return
        if word == "begin" or (word == "case" and self._depth):
            self._depth += 1
        elif word == "end" and self._depth:
            self._depth -= 1


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """The arguments of a backslash command with its variables put in."""
    text = _TEST.sub(lambda match: "true" if match[1] in variables else "false", text)
    return _VARIABLE.sub(lambda m: _shown(m, variables) if (m[1] or m[2] or m[3]) in variables else m[0], text)


def _shown(match: re.Match[str], variables: Mapping[str, str]) -> str:
    plain, literal, identifier = match.groups()
    if plain:
        return variables[plain]
    if literal:
        return "'" + variables[literal].replace("'", "''") + "'"
    return '"' + variables[identifier].replace('"', '""') + '"'


def _quoted_end(text: str, start: int, escapes: bool) -> int:
    at = start + 1
    while at < len(text):
        if escapes and text[at] == "\\":
            at += 2
        elif text[at] != "'":
            at += 1
        elif text.startswith("''", at):
            at += 2
        else:
            return at + 1
    return len(text)


def _delimited_end(text: str, start: int, quote: str) -> int:
    end = text.find(quote, start + 1)
    return len(text) if end < 0 else end + 1


def _block_comment_end(text: str, start: int) -> int:
    depth, at = 0, start
    while at < len(text):
        if text.startswith("/*", at):
            depth, at = depth + 1, at + 2
        elif text.startswith("*/", at):
            depth, at = depth - 1, at + 2
            if depth == 0:
                return at
        else:
            at += 1
    return len(text)
