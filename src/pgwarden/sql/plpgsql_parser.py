"""The SQL in a PL/pgSQL function, found by PostgreSQL's own PL/pgSQL parser (libpg_query's)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pgwarden.domain.catalog import Function, quote_identifier
from pgwarden.domain.errors import PgwardenError
from pgwarden.sql.parse import SHORT, bound, on_deep_stack
from pgwarden.sql.plpgsql_declarations import kind_of, simplified, with_fields
from pgwarden.sql.plpgsql_tokens import NotUnderstood, tokens

MAX_BODY = 200_000
"""Characters of a body that is read; longer ones are not understood."""
TRIGGER, EVENT_TRIGGER, VOID, REFCURSOR = 2279, 3838, 2278, 1790
_RETURNS = {TRIGGER: "trigger", EVENT_TRIGGER: "event_trigger", VOID: "void"}
_STATEMENT, _EXPRESSION, _ASSIGNMENTS = 0, 2, (3, 4, 5)
"""``RawParseMode``: what kind of text a fragment is."""
_KNOWN = frozenset(
    """
    block assign if case loop while fori fors forc foreach_a exit return return_next return_query raise assert
    execsql perform call commit rollback getdiag open fetch close dynexecute dynfors
    """.split()  # noqa: SIM905 - as in ``effects``
)
_UNFINISHED = re.compile(r'("(?:[^"\\]|\\.)*")|(?<=[\[,])\{\}\}')


@dataclass(frozen=True, slots=True)
class Fragments:
    """All SQL of a body, each piece as a whole statement; an expression is what follows SELECT."""

    statements: tuple[str, ...]
    dynamic: bool
    """Whether some SQL is put together as text when it runs."""


def fragments(function: Function) -> Fragments:
    """The SQL of a function's body. Raises NotUnderstood, with the parser's reason."""
    source = function.source or ""
    if len(source) > MAX_BODY:
        raise NotUnderstood(f"it is longer than {MAX_BODY:,} characters")
    try:
        bound(source)
        text = _definition(function, simplified(source))
        tree = _compiled(text) if len(text) <= SHORT else on_deep_stack(lambda: _compiled(text))
        return on_deep_stack(lambda: _collected(tree))
    except (PgwardenError, ValueError, RecursionError) as error:
        raise NotUnderstood("its tree cannot be read") from error


def _definition(function: Function, body: str) -> str:
    """A CREATE FUNCTION with this body whose arguments are of the simplest types that let it compile."""
    dotted = with_fields(body)
    tag = "$pgwarden$"
    while tag in body:
        tag = f"{tag[:-1]}_$"
    returned, outputs = _RETURNS.get(function.return_oid), list(_outputs(function, dotted))
    arguments = [] if returned and function.return_oid != VOID else list(_inputs(function, dotted))
    what = "procedure" if function.kind == "p" else "function"
    if what == "procedure":
        returns = ""
    elif outputs:
        returns = f"returns {'setof ' if function.returns_set else ''}{'record' if len(outputs) > 1 else 'text'}"
    else:
        returns = f"returns {'setof ' if function.returns_set else ''}{returned or 'text'}"
    head = f"{what} {quote_identifier(function.name.name)}({', '.join([*arguments, *outputs])}) {returns}"
    return f"create {head} language plpgsql as {tag}{body}{tag}"


def _inputs(function: Function, dotted: frozenset[str]) -> Iterator[str]:
    names = function.argument_names or ("",) * len(function.argument_oids)
    for number, (name, type_) in enumerate(zip(names, function.argument_oids, strict=False), 1):
        field_of = next((said for said in (name, f"${number}") if said and said in dotted), "")
        kind = "refcursor" if type_ == REFCURSOR else kind_of((), field_of, dotted)
        mode = "inout" if name and name in function.out_names else "in"
        yield f"{mode} {quote_identifier(name) if name else ''} {kind}"


def _outputs(function: Function, dotted: frozenset[str]) -> Iterator[str]:
    for name in function.out_names:
        if not name or name not in function.argument_names:
            yield f"out {quote_identifier(name) if name else ''} {kind_of((), name, dotted)}"


def _compiled(text: str) -> Any:
    from postgast.native import lib  # loads a shared library: on first use, not on import

    result = lib.pg_query_parse_plpgsql(text.encode())
    try:
        if result.error:
            raise NotUnderstood(result.error.contents.message.decode(errors="replace"))
        found = result.plpgsql_funcs.decode()
    finally:
        lib.pg_query_free_plpgsql_parse_result(result)
    return json.loads(_finished(found))


def _finished(found: str) -> str:
    """The library writes ``{}}`` for TG_OP and its like, which is no JSON."""
    return _UNFINISHED.sub(lambda match: match[1] or "{}", found)


def _collected(tree: Any) -> Fragments:
    if len(tree) != 1:
        raise NotUnderstood("it is not one function")
    statements: dict[str, None] = {}
    dynamic = False
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            for kind, part in node.items():
                statement = kind.removeprefix("PLpgSQL_stmt_")
                if statement != kind and statement not in _KNOWN:
                    raise NotUnderstood(f"a statement of the kind {statement}")
                dynamic = dynamic or statement.startswith("dyn")  # the field dynquery, too
                if kind == "PLpgSQL_expr":
                    statements.update(dict.fromkeys(_sql(part["query"], part["parseMode"])))
                else:
                    waiting.append(part)
    return Fragments(tuple(statements), dynamic)


def _sql(text: str, mode: int) -> Iterator[str]:
    if mode == _STATEMENT:
        yield text
    elif mode == _EXPRESSION:
        yield f"SELECT {text}"
    elif mode in _ASSIGNMENTS:
        target, value = _assignment(text)
        if "[" in target:
            yield f"SELECT {target}"  # a subscript may call functions
        yield f"SELECT {value}"
    else:
        raise NotUnderstood("an expression of an unknown kind")


def _assignment(text: str) -> tuple[str, str]:
    depth = 0
    for word in tokens(text):
        if word.kind == "sign":
            if depth == 0 and word.text in (":=", "="):
                return text[: word.start], text[word.end :]
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(word.text, 0)
    raise NotUnderstood("an assignment without a value")
