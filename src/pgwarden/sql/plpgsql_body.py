"""The body of a PL/pgSQL function taken apart: its variables, its queries and expressions, and what it may not do.

Only the skeleton is read here (blocks, branches, loops); every expression and query inside is handed on as SQL text.
A construct that is not known ends the reading: the function is then refused as not understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pgwarden.sql.plpgsql_tokens import NotUnderstood, Token, tokens


@dataclass
class Body:
    """What a body consists of."""

    variables: list[tuple[str, str]] = field(default_factory=list)
    """(name, type as written); '' for a record, or whatever a loop runs over."""
    expressions: list[tuple[str, str]] = field(default_factory=list)
    """(what follows SELECT, name of the variable that takes it or '')."""
    queries: list[str] = field(default_factory=list)
    """Whole SQL statements; INTO is taken out."""
    aliases: list[tuple[str, str]] = field(default_factory=list)
    """(new name, name or $number of what it stands for)."""
    labels: list[str] = field(default_factory=list)
    """Labels of blocks and loops: ``label.variable`` may be said."""
    refusals: list[str] = field(default_factory=list)
    """What it does that a read must not, in words."""


def read_body(text: str) -> Body:
    """The parts of a PL/pgSQL body. Raises NotUnderstood."""
    reader = _Reader(text)
    reader.directives()
    reader.block()
    reader.take(";", optional=True)
    if reader.now.kind != "end":
        raise NotUnderstood(f"{reader.now.text} after the end of the body")
    return reader.body


_END = Token("end", "", -1, -1)
_PAIRS = {"(": 1, "[": 1, ")": -1, "]": -1}
_QUERIES = frozenset({"select", "with", "values", "table", "explain", "show"})
_FORBIDDEN = {
    "insert": "it runs INSERT",
    "update": "it runs UPDATE",
    "delete": "it runs DELETE",
    "merge": "it runs MERGE",
    "execute": "it runs SQL that it puts together as text (EXECUTE)",
    "call": "it calls a procedure",
    "do": "it runs DO",
    "commit": "it commits",
    "rollback": "it rolls back",
}


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.at = 0
        self.body = Body()
        self.statements: dict[str, Callable[[], None]] = {
            "declare": self.block, "begin": self.block, "if": self.branch, "case": self.case, "loop": self.loop,
            "while": self.while_loop, "for": self.for_loop, "foreach": self.foreach, "exit": self.leave,
            "continue": self.leave, "return": self.give_back, "raise": self.report, "assert": self.check,
            "perform": self.perform, "open": self.open_cursor, "fetch": self.use_cursor, "move": self.use_cursor,
            "close": self.use_cursor, "get": self.skip, "null": self.skip, "select": self.query, "with": self.query,
            "values": self.query, "table": self.query, "explain": self.query, "show": self.query,
        }  # fmt: skip

    # -- tokens

    @property
    def now(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def is_word(self, *words: str, ahead: int = 0) -> bool:
        place = self.at + ahead
        return place < len(self.tokens) and self.tokens[place].kind == "word" and self.tokens[place].text in words

    def is_sign(self, *signs: str, ahead: int = 0) -> bool:
        place = self.at + ahead
        return place < len(self.tokens) and self.tokens[place].kind == "sign" and self.tokens[place].text in signs

    def take(self, text: str, *, optional: bool = False) -> bool:
        if self.now.text == text and self.now.kind in ("word", "sign"):
            self.at += 1
            return True
        if not optional:
            raise NotUnderstood(f"{text} was expected, not {self.now.text}")
        return False

    def name(self) -> str:
        if self.now.kind not in ("word", "quoted"):
            raise NotUnderstood(f"a name was expected, not {self.now.text}")
        self.at += 1
        return self.tokens[self.at - 1].text

    def until(self, *stops: str) -> str:
        """The text up to the first of these words or signs outside parentheses, which is left in place."""
        start, depth = self.at, 0
        while self.now.kind != "end":
            if depth == 0 and self.now.kind in ("word", "sign") and self.now.text in stops:
                return self.slice(start, self.at)
            depth += _PAIRS.get(self.now.text, 0) if self.now.kind == "sign" else 0
            self.at += 1
        raise NotUnderstood(f"{' or '.join(stops)} was expected")

    def slice(self, start: int, end: int) -> str:
        return self.text[self.tokens[start].start : self.tokens[end - 1].end] if end > start else ""

    def expression(self, *stops: str, target: str = "") -> None:
        text = self.until(*stops)
        if not text:
            raise NotUnderstood("an expression was expected")
        self.body.expressions.append((text, target))

    # -- structure

    def directives(self) -> None:
        while self.is_sign("#"):
            words = [self.name() for _ in range(2) if self.take("#", optional=True) or True]
            if words != ["variable_conflict", "use_column"] and words != ["variable_conflict", "error"]:
                raise NotUnderstood(f"#{' '.join(words)}")

    def label(self) -> None:
        if self.take("<<", optional=True):
            self.body.labels.append(self.name())
            self.take(">>")

    def block(self) -> None:
        self.label()
        while self.take("declare", optional=True):
            while not self.is_word("begin", "declare"):
                if not self.take("declare", optional=True):
                    self.declaration()
        self.take("begin")
        self.statements_until("end", "exception")
        if self.take("exception", optional=True):
            while self.take("when", optional=True):
                self.until("then")
                self.take("then")
                self.statements_until("end", "when")
        self.take("end")
        if self.now.kind in ("word", "quoted"):
            self.at += 1

    def statements_until(self, *stops: str) -> None:
        while not self.is_word(*stops):
            if self.now.kind == "end":
                raise NotUnderstood("an unfinished block")
            self.statement()

    def declaration(self) -> None:
        if self.is_sign("<<"):
            return self.label()
        name = self.name()
        if self.take("alias", optional=True):
            self.take("for")
            self.body.aliases.append((name, self.name()))
            self.take(";")
            return None
        if self.is_word("cursor", "scroll", "no"):
            return self.cursor(name)
        self.take("constant", optional=True)
        type_ = self.until("collate", "not", "default", ":=", "=", ";")
        self.body.variables.append((name, type_))
        if self.take("collate", optional=True):
            self.until("not", "default", ":=", "=", ";")
        if self.take("not", optional=True):
            self.take("null")
        if not self.is_sign(";"):
            self.at += 1
            self.expression(";", target=name)
        self.take(";")
        return None

    def cursor(self, name: str) -> None:
        self.body.variables.append((name, "refcursor"))
        self.take("no", optional=True)
        self.take("scroll", optional=True)
        self.take("cursor")
        if self.take("(", optional=True):
            while not self.take(")", optional=True):
                argument = self.name()
                self.body.variables.append((argument, self.until(",", ")")))
                self.take(",", optional=True)
        if not self.take("for", optional=True):
            self.take("is")
        self.body.queries.append(self.until(";"))
        self.take(";")

    # -- statements

    def statement(self) -> None:
        if self.is_sign("<<"):
            self.label()
        first = self.now
        if first.kind == "word" and first.text in _FORBIDDEN and not self.is_sign(":=", "=", ahead=1):
            self.body.refusals.append(_FORBIDDEN[first.text])
            self.until(";")
            self.take(";")
        elif first.kind == "word" and first.text in self.statements and not self.is_sign(":=", "=", ahead=1):
            self.statements[first.text]()
            if first.text in ("declare", "begin"):
                self.take(";")
        elif first.kind in ("word", "quoted") and self._is_assignment():
            self.assignment()
        else:
            self.body.refusals.append(f"it runs {first.text.upper()}")
            self.until(";")
            self.take(";")

    def _is_assignment(self) -> bool:
        at, self_at = self.at, self.at
        depth = 0
        while at < len(self.tokens):
            token = self.tokens[at]
            if token.kind == "sign":
                if depth == 0 and token.text in (":=", "="):
                    return True
                depth += _PAIRS.get(token.text, 0)
                if depth == 0 and token.text not in (".", "]", ")"):
                    return False
            elif depth == 0 and at > self_at and self.tokens[at - 1].text != ".":
                return False
            at += 1
        return False

    def assignment(self) -> None:
        start = self.at
        target = self.until(":=", "=")
        steps = self.tokens[start : self.at]
        for subscript in re.findall(r"\[(.*?)\]", target, re.DOTALL):
            self.body.expressions += [(part, "") for part in subscript.split(":") if part.strip()]
        self.at += 1
        self.expression(";", target=steps[0].text if len(steps) == 1 else "")
        self.take(";")

    def branch(self) -> None:
        self.take("if")
        self.expression("then")
        self.take("then")
        self.statements_until("elsif", "elseif", "else", "end")
        while self.take("elsif", optional=True) or self.take("elseif", optional=True):
            self.expression("then")
            self.take("then")
            self.statements_until("elsif", "elseif", "else", "end")
        if self.take("else", optional=True):
            self.statements_until("end")
        self.end("if")

    def end(self, what: str) -> None:
        self.take("end")
        self.take(what)
        self.until(";")
        self.take(";")

    def case(self) -> None:
        self.take("case")
        tested = self.until("when")
        if tested:
            self.body.expressions.append((tested, ""))
        while self.take("when", optional=True):
            choice = self.until("then")
            self.body.expressions.append((f"({tested}) IN ({choice})" if tested else choice, ""))
            self.take("then")
            self.statements_until("when", "else", "end")
        if self.take("else", optional=True):
            self.statements_until("end")
        self.end("case")

    def loop(self) -> None:
        self.take("loop")
        self.statements_until("end")
        self.end("loop")

    def while_loop(self) -> None:
        self.take("while")
        self.expression("loop")
        self.loop()

    def for_loop(self) -> None:
        self.take("for")
        targets = [part.strip() for part in self.until("in").split(",")]
        self.take("in")
        start = self.at
        whole = self.until("loop")
        if self.tokens[start].text == "execute" and self.tokens[start].kind == "word":
            self.body.refusals.append(_FORBIDDEN["execute"])
        elif any(t.text == ".." and t.kind == "sign" for t in self.tokens[start : self.at]):
            self.range_loop(targets[0], start)
        elif self.tokens[start].text in _QUERIES or self.is_parenthesised(start):
            self.body.variables += [(target, "") for target in targets if target.isidentifier()]
            self.body.queries.append(whole)
        else:
            self.body.variables += [(target, "") for target in targets if target.isidentifier()]
            self.cursor_arguments(start)
        self.loop()

    def is_parenthesised(self, start: int) -> bool:
        return self.tokens[start].text == "("

    def range_loop(self, target: str, start: int) -> None:
        self.body.variables.append((target.strip('"'), "integer"))
        end, self.at = self.at, start
        self.take("reverse", optional=True)
        self.expression("..")
        self.take("..")
        self.expression("by", "loop")
        if self.take("by", optional=True):
            self.expression("loop")
        self.at = end

    def cursor_arguments(self, start: int) -> None:
        """``cursor(arguments)`` with the arguments as expressions, also ``name := value``."""
        end, self.at = self.at, start
        self.name()
        if self.take("(", optional=True):
            while not self.take(")", optional=True):
                if self.is_sign(":=", ahead=1) or (self.is_sign("=", ahead=1) and self.is_sign(">", ahead=2)):
                    self.at += 2 if self.is_sign(":=", ahead=1) else 3
                self.expression(",", ")")
                self.take(",", optional=True)
        self.at = max(self.at, end) if end > start else self.at

    def foreach(self) -> None:
        self.take("foreach")
        targets = self.until("in", "slice")
        if targets.isidentifier():
            self.body.variables.append((targets, ""))
        if self.take("slice", optional=True):
            self.until("in")
        self.take("in")
        self.take("array")
        self.expression("loop")
        self.loop()

    def leave(self) -> None:
        self.at += 1
        if not self.is_word("when") and not self.is_sign(";"):
            self.name()
        if self.take("when", optional=True):
            self.expression(";")
        self.take(";")

    def give_back(self) -> None:
        self.take("return")
        if self.is_word("query"):
            self.at += 1
            if self.is_word("execute"):
                self.body.refusals.append(_FORBIDDEN["execute"])
                self.until(";")
            else:
                self.body.queries.append(self.until(";"))
        else:
            if self.is_word("next") and not self.is_sign(";", ahead=0):
                self.at += 1
            if not self.is_sign(";"):
                self.expression(";", target="return")
        self.take(";")

    def report(self) -> None:
        """RAISE: its arguments and USING options are expressions."""
        self.take("raise")
        if self.is_word("debug", "log", "info", "notice", "warning", "exception"):
            self.at += 1
        if self.now.kind == "string":
            self.at += 1
            while self.take(",", optional=True):
                self.expression(",", "using", ";")
        elif self.is_word("sqlstate"):
            self.at += 2
        elif not self.is_word("using") and not self.is_sign(";"):
            self.name()
        if self.take("using", optional=True):
            while True:
                self.name()
                self.at += 1
                self.expression(",", ";")
                if not self.take(",", optional=True):
                    break
        self.take(";")

    def check(self) -> None:
        self.take("assert")
        self.expression(",", ";")
        if self.take(",", optional=True):
            self.expression(";")
        self.take(";")

    def perform(self) -> None:
        self.take("perform")
        self.expression(";")
        self.take(";")

    def open_cursor(self) -> None:
        self.take("open")
        start = self.at
        self.name()
        self.take("no", optional=True)
        self.take("scroll", optional=True)
        if self.take("for", optional=True):
            if self.is_word("execute"):
                self.body.refusals.append(_FORBIDDEN["execute"])
                self.until(";")
            else:
                self.body.queries.append(self.until(";"))
        elif not self.is_sign(";"):
            self.until(";")
            self.cursor_arguments(start)
        self.take(";")

    def use_cursor(self) -> None:
        """FETCH, MOVE and CLOSE work on cursors of this function; a count is a constant."""
        self.skip()

    def skip(self) -> None:
        self.until(";")
        self.take(";")

    def query(self) -> None:
        """A query, with its INTO taken out."""
        start = self.at
        self.until(";")
        self.body.queries.append(self.without_into(self.tokens[start : self.at]))
        self.take(";")

    def without_into(self, found: list[Token]) -> str:
        depth = 0
        for place, token in enumerate(found):
            if token.kind == "sign":
                depth += _PAIRS.get(token.text, 0)
            if token.kind == "word" and token.text == "into" and depth == 0:
                end = self.into_end(found, place + 1)
                head = self.text[found[0].start : token.start]
                tail = self.text[found[end].start : found[-1].end] if end < len(found) else ""
                return f"{head} {tail}"
        return self.text[found[0].start : found[-1].end]

    @staticmethod
    def into_end(found: list[Token], place: int) -> int:
        """The place after the targets of INTO: ``[STRICT] name[.name][, …]``."""
        if place < len(found) and found[place].text == "strict" and found[place].kind == "word":
            place += 1
        while True:
            if place >= len(found) or found[place].kind not in ("word", "quoted"):
                raise NotUnderstood("a target of INTO was expected")
            place += 1
            while place + 1 < len(found) and found[place].text == ".":
                place += 2
            if place < len(found) and found[place].text == "[":
                raise NotUnderstood("INTO an element of an array")
            if place >= len(found) or found[place].text != ",":
                return place
            place += 1


__all__ = ["Body", "NotUnderstood", "Token", "read_body", "tokens"]
