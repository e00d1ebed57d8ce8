"""The undo itself: one statement that takes every table back at once.

All foreign keys are checked at its end, on the final state. So cycles between tables, self-references and changed
keys need no order, and rows that others changed are simply not matched: the proof afterwards sees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pgwarden.domain.catalog import quote_identifier
from pgwarden.domain.shape import TableShape
from pgwarden.undo.images import dollar_quoted, image_name, listed, part_name
from pgwarden.undo.net import NetEffect, row_text, same_row

NO_ACTION = "a"
"""``confdeltype`` of foreign keys that only look, at the end of the statement."""


def restore_statement(effects: Sequence[NetEffect]) -> str:
    """A statement that removes what was added, puts changed rows back in place, and inserts what was removed."""
    parts: list[str] = []
    counted: list[str] = []
    for position, effect in enumerate(effects):
        steps = _steps(effect, str(position))
        parts += steps.values()
        counted += [name for name in steps if name[0] in "dui"]
    total = " + ".join(f"(select count(*) from {name})" for name in counted)
    return f"with {', '.join(parts)}\nselect {total} as rows"


def silence(shape: TableShape) -> str:
    """A script that keeps user triggers and rules of the table quiet, one by one."""
    tables = {member for _, member in shape.members}
    switches = [(s, "trigger") for s in shape.triggers] + [(s, "rule") for s in shape.rules]
    return ";\n".join(
        f"alter table only {s.relation} disable {kind} {quote_identifier(s.name)}"
        for s, kind in switches
        if s.relation in tables
    )


def unsilence(shape: TableShape) -> str:
    """A script that gives each trigger and rule the state it had: ALWAYS stays ALWAYS, REPLICA stays REPLICA."""
    words = {"O": "enable", "A": "enable always", "R": "enable replica"}
    switches = [(s, "trigger") for s in shape.triggers] + [(s, "rule") for s in shape.rules]
    return ";\n".join(
        f"alter table only {s.relation} {words[s.enabled]} {kind} {quote_identifier(s.name)}" for s, kind in switches
    )


def without_shifts(effects: Sequence[NetEffect]) -> list[NetEffect]:
    """The same, for rows that took over each other's unique values, which one UPDATE cannot hand back in every order.

    Rows may go and come back instead, within one statement: those that nothing references, or only by keys with NO
    ACTION, which are checked at its end. All other keys would act when the rows go.
    """
    return [
        effect if any(r.on_delete != NO_ACTION for r in effect.shape.incoming) else replace(effect, in_place=False)
        for effect in effects
    ]


def attempts(effects: Sequence[NetEffect]) -> Iterator[str]:
    """The statements that may restore, to be tried one after the other while unique values stand in the way."""
    yield restore_statement(effects)
    if (others := without_shifts(effects)) != [*effects]:
        yield restore_statement(others)
    if all(effect.paired for effect in effects):
        yield _backwards(effects)


def same_key(shape: TableShape, left: str, right: str) -> str:
    """Equality of the key columns of two aliases."""
    return " and ".join(f"{left}.{c} = {right}.{c}" for c in map(quote_identifier, shape.key))


def _backwards(effects: Sequence[NetEffect]) -> str:
    """A script that puts rows back one by one, the last one changed first: so each unique value is free again.

    Whether each row was as the execution left it is not asked here, since the proof that follows would tell.
    """
    body = "declare _pgw_row record; begin "
    for effect in effects:
        shape, images = effect.shape, effect.images
        assigned = ", ".join(f"{c} = _pgw_row.{c}" for c in map(quote_identifier, _settable(shape)))
        if images.changed:
            earlier = f"{part_name(images, 'p')} x"
        else:
            earlier = f"{image_name(images)} x where x.{quote_identifier(images.mark)} = 'o'"
        body += (
            f"for _pgw_row in select {listed(images.columns, 'x')} from {earlier} order by x.tableoid, x.ctid desc loop"
            f" update {shape.rows} t set {assigned} where {same_key(shape, 't', '_pgw_row')}; end loop; "
        )
    return f"do {dollar_quoted(body + 'end')}"


def _steps(effect: NetEffect, suffix: str) -> dict[str, str]:
    """The common table expressions for one table, by name, in the order in which they must happen."""
    net = f"n{suffix}"
    if effect.paired and effect.in_place and len(_settable(effect.shape)) == len(effect.columns):
        return {f"u{suffix}": f"u{suffix} as ({_update(effect, f'({effect.source})', ())} returning 1)"}
    steps = {} if effect.plan else {net: f"{net} as ({effect.source})"}
    net = effect.plan or net
    order: list[str] = []
    if effect.removes:
        deletes = {f"d{suffix}": _delete_by_key} if effect.shape.key else {}
        deletes |= {} if effect.shape.keyed else {f"dd{suffix}": _delete_by_content}
        for name, delete in deletes.items():
            steps[name] = f"{name} as ({delete(effect, net)} returning 1)"
            order.append(name)
    if _pairs(effect):
        steps[f"u{suffix}"] = f"u{suffix} as ({_update(effect, net, order)} returning 1)"
        order.append(f"u{suffix}")
    if effect.restores:
        steps[f"i{suffix}"] = f"i{suffix} as ({_insert(effect, net, order)} returning 1)"
    return steps


def _delete_by_key(effect: NetEffect, net: str) -> str:
    shape = effect.shape
    return (
        f"delete from {shape.rows} t using {net} a where a.{effect.number} > 0 and {same_key(shape, 't', 'a')}"
        f" and {same_row(effect, 't', 'a')}{_unpaired(effect, net, 'a', '<')}"
    )


def _delete_by_content(effect: NetEffect, net: str) -> str:
    """Identical rows without a key are interchangeable: as many of them go as were added."""
    shape, text = effect.shape, effect.text
    rows = row_text(effect.columns, "x")
    keyless = f" and ({' or '.join(f'a.{quote_identifier(c)} is null' for c in shape.key)})" if shape.key else ""
    return (
        f"delete from {shape.rows} t using (select x.tableoid as _table, x.ctid as _at, {rows} as _row,"
        f" row_number() over (partition by {rows}) as _nth from {shape.rows} x"
        f" where {rows} in (select {text} from {net} where {effect.number} > 0)) c, {net} a"
        f" where t.tableoid = c._table and t.ctid = c._at and a.{text} = c._row"
        f" and c._nth <= a.{effect.number}{keyless}"
    )


def _update(effect: NetEffect, net: str, order: Sequence[str]) -> str:
    """Rows that are there before and after go back in place: their children must not see them leave."""
    shape = effect.shape
    assigned = ", ".join(f"{c} = b.{c}" for c in map(quote_identifier, _settable(shape)))
    return (
        f"update {shape.rows} t set {assigned} from {net} b join {net} a on {_pair(shape, 'a', 'b')}"
        f" where b.{effect.number} < 0 and a.{effect.number} > 0 and {same_key(shape, 't', 'a')}"
        f" and {same_row(effect, 't', 'a')}{_after(order)}"
    )


def _insert(effect: NetEffect, net: str, order: Sequence[str]) -> str:
    columns = listed(effect.columns)
    target = f"{effect.shape.name} ({columns}) overriding system value" if columns else str(effect.shape.name)
    repeated = "" if effect.shape.keyed else f" cross join generate_series(1, -b.{effect.number})"
    unpaired = _unpaired(effect, net, "b", ">") if effect.removes and effect.shape.key else ""
    return (
        f"insert into {target} select {listed(effect.columns, 'b')} from {net} b{repeated}"
        f" where b.{effect.number} < 0{unpaired}{_after(order)}"
    )


def _unpaired(effect: NetEffect, net: str, alias: str, other: str) -> str:
    if not _pairs(effect):
        return ""
    return (
        f" and not exists (select from {net} o where o.{effect.number} {other} 0 and {_pair(effect.shape, 'o', alias)})"
    )


def _pair(shape: TableShape, left: str, right: str) -> str:
    """Two images of one row. An identity column that is GENERATED ALWAYS cannot be set, so it must not differ."""
    identity = [quote_identifier(c.name) for c in shape.columns if c.identity_always and c.name not in shape.key]
    return " and ".join(
        [same_key(shape, left, right), *(f"{left}.{c} is not distinct from {right}.{c}" for c in identity)]
    )


def _pairs(effect: NetEffect) -> bool:
    both = effect.removes and effect.restores
    return both and effect.in_place and bool(effect.shape.key) and bool(_settable(effect.shape))


def _settable(shape: TableShape) -> tuple[str, ...]:
    return tuple(column.name for column in shape.columns if not column.identity_always)


def _after(order: Sequence[str]) -> str:
    """Reads what other parts returned, so that these have finished: unique values must be free first."""
    return "".join(f" and (select count(*) from {name}) >= 0" for name in order)
