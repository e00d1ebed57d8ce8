"""A SELECT with comments that say what each part does, made from its tree and from the comments in the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pgwarden.domain.catalog import Catalog
from pgwarden.sql.parse import Node, parse
from pgwarden.sql.rewriting.filters import conjuncts
from pgwarden.sql.rewriting.level import Level, levels
from pgwarden.sql.rewriting.tree import SELECT, Body, expression, expression_text, kind_of, nodes, plain, statement_text

EMPTY: Body = {"limitOption": "LIMIT_OPTION_DEFAULT", "op": "SETOP_NONE"}
LONGEST = 120
"""Characters of a comment taken over from the database."""


def commented(sql: str, catalog: Catalog) -> str:
    """The statement, clause by clause, each after a line that explains it; '' for anything but one plain SELECT.

    What comes back means the same: it is parsed again and compared. Raises StatementInvalid.
    """
    statements = parse(sql).statements
    if len(statements) != 1 or SELECT not in statements[0]["stmt"]:
        return ""
    tree = statements[0]["stmt"]
    (top, *_) = levels(catalog, tree)
    if not top.plain_select or "targetList" not in top.body:
        return ""
    lines = [line for words, text in _clauses(top) for line in (*(f"-- {_one_line(word)}" for word in words), text)]
    made = "\n".join(lines)
    return made if plain(parse(made).statements[0]["stmt"]) == plain(tree) else ""


def _clauses(top: Level) -> Iterator[tuple[Sequence[str], str]]:
    """(what a clause does, its text) in their order."""
    body = top.body
    if "withClause" in body:
        names = [item["CommonTableExpr"]["ctename"] for item in body["withClause"]["ctes"]]
        yield [f"steps of their own first: {', '.join(names)}"], _clause(body, "withClause").removesuffix(" SELECT 1")
    once = ", each different row once" if body.get("distinctClause") == [{}] else ""
    shown: dict[str, Any] = {**EMPTY, **{key: body[key] for key in ("targetList", "distinctClause") if key in body}}
    yield [f"shows {_outputs(top)}{once}", *_columns(top, body["targetList"])], statement_text({SELECT: shown})
    if "fromClause" in body:
        yield list(_tables(top)), _clause(body, "fromClause")
    if "whereClause" in body:
        count = len(conjuncts(body["whereClause"]))
        kept = "keeps rows that meet the condition" if count == 1 else f"keeps rows that meet all {count} conditions"
        yield [kept, *_columns(top, body["whereClause"])], _clause(body, "whereClause")
    if "groupClause" in body:
        yield [f"one row for each {_list(body['groupClause'])}"], _clause(body, "groupClause", "groupDistinct")
    if "havingClause" in body:
        yield ["keeps the groups that meet the condition"], _clause(body, "havingClause")
    if "windowClause" in body:
        yield ["the rows around each row that its calculations look at"], _clause(body, "windowClause")
    if "sortClause" in body:
        yield (
            [f"sorted by {', '.join(_sorting(item['SortBy']) for item in body['sortClause'])}"],
            _clause(body, "sortClause"),
        )
    if body.keys() & {"limitCount", "limitOffset"}:
        yield ["only a part of the rows"], _clause(body, "limitCount", "limitOffset", "limitOption")
    if "lockingClause" in body:
        yield ["locks the rows"], _clause(body, "lockingClause")


def _clause(body: Body, *keys: str) -> str:
    part = {**EMPTY, "targetList": [{"ResTarget": {"val": expression("1")}}]} | {k: body[k] for k in keys if k in body}
    return statement_text({SELECT: part}).removeprefix("SELECT 1 ")


def _outputs(top: Level) -> str:
    targets = top.body["targetList"]
    return "one column" if len(targets) == 1 else f"{len(targets)} columns"


def _columns(top: Level, part: Node | list[Node]) -> Iterator[str]:
    """What the database's own comments say of the columns in a part."""
    told = set()
    for kind, body in nodes(part, into_selects=False):
        found = top.reference({kind: body}) if kind == "ColumnRef" else None
        if found is not None and found.column.comment and found.column.name not in told:
            told.add(found.column.name)
            yield f"{found.column.name}: {found.column.comment}"


def _tables(top: Level) -> Iterator[str]:
    for source in top.sources:
        if source.relation is None:
            yield f"from {source.name or 'a query of its own'}"
            continue
        rows = f", about {source.relation.estimated_rows:,.0f} rows" if source.relation.estimated_rows >= 0 else ""
        said = f": {source.relation.comment}" if source.relation.comment else ""
        kept = "; without a match its columns are empty" if source.nullable else ""
        yield f"from {source.relation.name.name}{rows}{kept}{said}"


def _list(items: list[Node]) -> str:
    return ", ".join(expression_text(item) if kind_of(item)[0] != "GroupingSet" else "grouping set" for item in items)


def _sorting(item: Body) -> str:
    greatest = ", greatest first" if item.get("sortby_dir") == "SORTBY_DESC" else ""
    return f"{expression_text(item['node'])}{greatest}"


def _one_line(text: str) -> str:
    """Text from a database is data: without line ends it cannot leave the comment that it stands in."""
    shown = " ".join(text.split())
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"
