"""Random schemas of what is rare: odd types and names, views, rules, silent and late triggers, many ways to write."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from tests.differential.cases import ACTIONS, Case

TYPES = (
    "create type mood as enum ('sad', 'ok', 'happy')",
    "create type pair as (a int, b text)",
    "create domain short as varchar(8) check (value <> 'never')",
)
KEYS = {
    "int": ("1", "2", "3", "4", "5", "6"),
    "bigint": ("1", "2", "3", "4", "5", "9007199254740993"),
    "text": ("'a'", "'b'", "''", "'é'", "'o''b'", "'A'"),
    "numeric": ("1.0", "2.00", "3", "0.5", "1e3", "'NaN'"),
    "float8": ("0.5", "1", "0.1", "'Infinity'", "2", "'NaN'"),
    "char(5)": ("'a'", "'b'", "'c'", "'d'", "'e'", "''"),
    "mood": ("'sad'", "'ok'", "'happy'"),
    "uuid": tuple(f"'0000000{n}-0000-4000-8000-000000000000'" for n in range(1, 7)),
    "date": ("'2024-02-29'", "'infinity'", "'0001-01-01 BC'", "'2024-01-01'", "'2023-01-01'"),
    "timestamptz": ("'2024-01-01 00:00+00'", "'2024-01-01 00:00:00.000001+00'", "'-infinity'", "'2020-05-05 12:00+02'"),
    "cidr": ("'10.0.0.1'", "'10.0.0.0/8'", "'::1'", "'10.0.0.2'"),
    "short": ("'a'", "'b'", "'c'", "'d'"),
    "bytea": ("'\\x00'", "'\\xff'", "''", "'\\x0102'"),
}
"""Types of keys, with values that differ from each other."""
SAME = {"numeric": ("1.000", "2", "3.0"), "float8": ("5e-1", "1.0"), "char(5)": ("'a  '", "'b '", "'c   '")}
"""Other ways to write the first keys."""
REFERRING = {"int": ("int", "bigint", "smallint"), "bigint": ("bigint", "int"), "text": ("text", "varchar(9)")}
"""Types of columns that reference a key of another type."""
CELLS = {
    "point": ("'(1,2)'", "'(-0,NaN)'", "null"),
    "polygon": ("'((0,0),(1,1),(1,0))'", "null"),
    "box": ("'(1,1),(0,0)'", "null"),
    "tsvector": ("'a fat cat'", "null"),
    "money": ("'1.50'", "'-3'", "null"),
    "bit(3)": ("B'101'", "null"),
    "varbit": ("B''", "B'1'", "null"),
    "pair": ("row(1, 'x')", "row(null, null)", "null", "row(2, null)"),
    "pair[]": ("array[row(1, 'x')]::pair[]", "'{}'", "null"),
    "mood[]": ("'{sad,ok}'", "null"),
    "macaddr": ("'08:00:2b:01:02:03'", "null"),
    "int4multirange": ("'{[1,3),[5,9)}'", "'{}'", "null"),
    "timetz": ("'12:00+02'", "'24:00:00-12'", "null"),
    "jsonpath": ("'$.a[*]'", "null"),
    "pg_lsn": ("'0/16AE7F7'", "null"),
    "name": ("'x'", "null"),
    '"char"': ("'a'", "''", "null"),
    "oid": ("1", "4294967295", "null"),
    "json[]": ("array['{\"a\": 1}', '[1,  2]']::json[]", "null"),
    "float4": ("'-0'", "'NaN'", "1e-40", "null"),
    "short": ("'x'", "null"),
    "numeric(6, 2)": ("1", "1.25", "'NaN'", "null"),
    "text": ("repeat('long ', 800)", "E'\\t\\\\'", "null"),
    "regclass": ("'pg_class'", "null"),
}
"""Columns beside the key; of many types no two values can be compared."""
NAMES = ("select", "new", "old", "n", "_op", "_un_", "_uo_", "written", "a b", 'q"q', "tg_op", "_new0", "found", "Ünï")
"""Names of columns that SQL of ours must not confuse with its own."""


@dataclass
class Rare:
    """A generated table with a key of one column, called ``k``, or of two, ``k`` and ``k2`` (an integer)."""

    name: str
    type: str
    two: bool
    extras: dict[str, str]
    target: str = ""
    """What statements name instead of the table: a view on it."""
    references: list[tuple[tuple[str, ...], Rare]] = field(default_factory=list)
    permanent: bool = True
    late: bool = False
    """Its key is deferrable, and cannot be referenced."""

    @property
    def named(self) -> str:
        return self.target or self.name

    @property
    def key(self) -> tuple[str, ...]:
        return ("k", "k2") if self.two else ("k",)

    def value(self, random: Random) -> str:
        return random.choice(KEYS[self.type])

    def part(self, name: str) -> str:
        """A name that begins with the table's own."""
        return f'{self.name[:-1]} {name}"'


def rare_case(seed: int, statements: int = 5) -> Case:
    """The case of this seed."""
    random = Random(f"rare {seed}")
    tables = [_table(random, number) for number in range(random.randint(2, 4))]
    setup = [*TYPES]
    for table in tables:
        setup += _create(random, table)
    for table in tables:
        setup += _references(random, table, tables)
    for table in tables:
        setup += _rows(random, table)
    for table in tables:
        setup += _thing(random, table, random.choice(tables))
    tried = [_statement(random, tables) for _ in range(statements)]
    intruders = [random.choice([_update, _delete, _insert])(random, *random.choices(tables, k=2)) for _ in tried]
    return Case(seed, setup, tried, intruders, [])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _table(random: Random, number: int) -> Rare:
    types = random.sample(sorted(CELLS), random.randint(0, 3))
    names = map(_quoted, random.sample(NAMES, len(types)))
    name = _quoted(random.choice([f"r{number}", f"R {number}", f"r{number}'s"]))
    return Rare(name, random.choice(list(KEYS)), random.random() < 0.25, dict(zip(names, types, strict=True)))


def _create(random: Random, table: Rare) -> list[str]:
    columns = [f"k {table.type} not null", "k2 int not null default 0", "v int default 1"]
    columns += [f"{column} {of}" for column, of in table.extras.items()]
    if random.random() < 0.2:
        columns.append("gen text generated always as (coalesce(v, 0)::text || '!') stored")
    kind = random.choice(["primary key", "primary key", "unique"])
    if random.random() < 0.12:
        table.two = True
        return _partitioned(table, [*columns, f"{kind} (k, k2)"])
    later = random.choice(["", "", "", "", " deferrable", " deferrable initially deferred"])
    table.late = bool(later)
    columns.append(f"{kind} ({', '.join(table.key)}){later}")
    table.permanent = random.random() < 0.9
    unlogged = "" if table.permanent else "unlogged "
    dropped = f"alter table {table.name} drop column gone"
    return [f"create {unlogged}table {table.name} (gone int, {', '.join(columns)})", dropped, *_more(random, table)]


def _partitioned(table: Rare, columns: list[str]) -> list[str]:
    """By list, and one of the partitions by hash."""
    odd = table.part("odd")
    return [
        f"create table {table.name} ({', '.join(columns)}) partition by list (k2)",
        f"create table {odd} partition of {table.name} for values in (1, 3) partition by hash (k2)",
        *(
            f"create table {table.part(f'odd{n}')} partition of {odd} for values with (modulus 2, remainder {n})"
            for n in range(2)
        ),
        f"create table {table.part('rest')} partition of {table.name} default",
    ]


def _more(random: Random, table: Rare) -> list[str]:
    name, below, two = table.name, table.part("below"), table.part("below 2")
    keys = KEYS[table.type]
    choices = [
        (0.15, [f"create unique index on {name} (v) where v > 90"]),
        (0.1, [f"create unique index on {name} ((coalesce(v, 0) % 1000)) where v > 100"]),
        (0.1, [f"alter table {name} add column s int unique"]),
        (0.1, [f"alter table {name} add exclude using gist (int4range(v, v + 1) with &&) where (v > 200)"]),
        (
            0.1,
            [
                f"create {'' if table.permanent else 'unlogged '}table {below} (more int[]) inherits ({name})",
                f"insert into {below} (k, k2, v, more) values ({keys[1]}, 40, 4, '{{1,NULL}}')",
                f"create {'' if table.permanent else 'unlogged '}table {two} () inherits ({below})",
                f"insert into {two} (k, k2, v) values ({keys[0]}, 41, 7)",
            ],
        ),
    ]
    return [statement for chance, statements in choices if random.random() < chance for statement in statements]


def _references(random: Random, table: Rare, tables: list[Rare]) -> list[str]:
    found = []
    parents = [parent for parent in tables if not parent.late and (parent.permanent or not table.permanent)]
    for number in range(random.choice([0, 1, 1, 2]) if parents else 0):
        parent = random.choice(parents)
        columns = tuple(f"f{number}_{column}" for column in parent.key)
        type_ = random.choice(REFERRING.get(parent.type, (parent.type,)))
        default = f" default {KEYS[parent.type][0]}" if random.random() < 0.3 else ""
        found.append(f"alter table {table.name} add column {columns[0]} {type_}{default}")
        if parent.two:
            found.append(f"alter table {table.name} add column {columns[1]} int{default and ' default 0'}")
        delete, update = random.choice(ACTIONS), random.choice(ACTIONS)
        if parent.two and delete == "set null" and random.random() < 0.5:
            delete = f"set null ({columns[0]})"
        full = " match full" if parent.two and random.random() < 0.3 else ""
        later = random.choice(["", "", " deferrable", " deferrable initially deferred"])
        found.append(
            f"alter table {table.name} add foreign key ({', '.join(columns)}) references"
            f" {parent.name} ({', '.join(parent.key)}){full} on delete {delete} on update {update}{later}"
        )
        table.references.append((columns, parent))
    return found


def _rows(random: Random, table: Rare) -> list[str]:
    found = []
    for number, value in enumerate(KEYS[table.type]):
        cells = {"k": value, "k2": str(number % 4 if table.two else 0), "v": str(random.randint(0, 9))}
        cells |= {column: random.choice(CELLS[type_]) for column, type_ in table.extras.items()}
        cells |= {column: "null" for columns, _ in table.references for column in columns}
        found.append(f"insert into {table.name} ({', '.join(cells)}) values ({', '.join(cells.values())})")
    for columns, parent in table.references:
        own = SAME.get(parent.type, ())
        for number, value in enumerate(KEYS[parent.type][:4]):
            written = own[number] if number < len(own) and random.random() < 0.5 else value
            also = f", {columns[1]} = {number % 4}" if parent.two else ""
            found.append(f"update {table.name} set {columns[0]} = {written}{also} where v % 5 = {number}")
    return found


BODY = "create function {kind}_{n}() returns trigger language plpgsql as $${body}$$"
SIMPLE = {
    "log rule": (
        "create table ruled_{n} (v int)",
        "create rule log_{n} as on {event} to {table} do also insert into ruled_{n} values (old.v)",
    ),
    "soft rule": (
        "alter table {table} add column deleted bool default false",
        (
            "create rule soft_{n} as on delete to {table} do instead update {table} set deleted = true"
            " where k = old.k and k2 = old.k2"
        ),
    ),
    "view": ("create view view_{n} as select * from {table} where v is distinct from 3",),
    "checked view": ("create view view_{n} as select k, k2, v from {table} where v < 8 with local check option",),
    "materialized": ("create materialized view mat_{n} as select count(*) from {table}",),
    "security": ("alter table {table} enable row level security",),
}
TRIGGERS = {
    "skip": (
        "begin return null; end",
        "create trigger skip before {event} on {table} for each row when (old.v = 4) execute function skip_{n}()",
    ),
    "seen": (
        "begin insert into seen_{n} select count(*) from went; return null; end",
        (
            "create trigger seen after delete on {table} referencing old table as went for each statement"
            " execute function seen_{n}()"
        ),
    ),
    "late": (
        "begin insert into late_{n} values (coalesce(new.v, old.v)); return null; end",
        (
            "create constraint trigger late after insert or update or delete on {table} deferrable initially deferred"
            " for each row execute function late_{n}()"
        ),
    ),
    "other": (
        "begin update {other} set v = coalesce(v, 0) + 1 where v = old.v; return null; end",
        (
            "create trigger other after delete on {table} for each row when (pg_trigger_depth() < 2)"
            " execute function other_{n}()"
        ),
    ),
    "col": (
        "begin insert into col_{n} values (new.v); return new; end",
        (
            "create trigger col before update of v on {table} for each row when (old.v is distinct from new.v)"
            " execute function col_{n}()"
        ),
    ),
    "seq": (
        "begin new.v := coalesce(new.v, 0) + 0 * nextval('number_{n}'); return new; end",
        "create trigger seq before insert on {table} for each row execute function seq_{n}()",
    ),
    "never": (
        "begin raise 'never'; end",
        (
            "create trigger never before update or delete on {table} for each row execute function never_{n}();"
            " alter table {table} disable trigger never"
        ),
    ),
    "always": (
        "begin insert into always_{n} values (new.v); return null; end",
        (
            "create trigger always after insert on {table} for each row execute function always_{n}();"
            " alter table {table} enable always trigger always"
        ),
    ),
}
"""The body of a function, and the trigger that calls it. Each has a table and a sequence of its own."""


def _thing(random: Random, table: Rare, other: Rare) -> list[str]:
    """What hangs on a table, if anything."""
    if random.random() < 0.4:
        return []
    kind = random.choice([*SIMPLE, *TRIGGERS])
    number = table.name.strip('"').replace(" ", "").replace("'", "").lower()
    values = {"n": number, "table": table.name, "other": other.name, "event": random.choice(["update", "delete"])}
    if "view" in kind:
        table.target = f"view_{number}"
    if kind in SIMPLE:
        return [statement.format(**values) for statement in SIMPLE[kind]]
    body, trigger = TRIGGERS[kind]
    made = BODY.format(kind=kind, n=number, body=body.format(**values))
    return [f"create table {kind}_{number} (v int); create sequence number_{number}", made, trigger.format(**values)]


def _where(random: Random, table: Rare, alias: str = "") -> str:
    own = f"{alias}." if alias else ""
    outer = own or f"{table.named}."
    two = f"select m.k, m.v from {table.named} m order by m.v, m.k limit 2"
    choices = [
        f"{own}k = {table.value(random)}",
        f"{own}k in ({table.value(random)}, {table.value(random)})",
        f"{own}v > 4",
        f"{own}v is null or {own}v < 5",
        f"{own}v % 2 = 0",
        "true",
        f"not ({own}v = 4)",
        f"{own}v = (select max(m.v) from {table.named} m)",
        f"({own}k, {own}v) in ({two})",
        f"exists (select from {table.named} m where m.v = {outer}v and m.k <> {outer}k)",
    ]
    for columns, parent in table.references if not table.target else []:
        choices.append(f"{own}{columns[0]} = {parent.value(random)}")
        choices.append(f"{own}{columns[0]} is null")
        choices.append(f"exists (select from {parent.name} p where p.k = {outer}{columns[0]} and p.v < 6)")
    return random.choice(choices)


def _delete(random: Random, table: Rare, other: Rare) -> str:
    returning = random.choice(["", "", " returning k"])
    if random.random() < 0.2:
        where = f"a.v = b.v and {_where(random, table, 'a')}"
        return f"delete from {table.named} a using {other.named} b where {where}{returning and ' returning a.k'}"
    if random.random() < 0.1:
        return f"delete from only {table.name} where v < 5"
    return f"delete from {table.named} where {_where(random, table)}{returning}"


def _update(random: Random, table: Rare, other: Rare) -> str:
    counted = f"(select count(*) from {other.named})"
    sets = {"v": random.choice(["v + 1", "null", "default", "v", "abs(v) * 2", counted])}
    if not table.target:
        for column, type_ in table.extras.items():
            if random.random() < 0.4:
                sets[column] = random.choice([*CELLS[type_], column, "default"])
        for columns, parent in table.references:
            if random.random() < 0.4:
                sets |= {columns[0]: random.choice([*KEYS[parent.type][:3], "null"])}
                sets |= dict.fromkeys(columns[1:], random.choice(["0", "1", "null"]))
    listed = ", ".join(f"{column} = {value}" for column, value in sets.items())
    returning = random.choice(["", "", "", " returning *"])
    return f"update {table.named} set {listed} where {_where(random, table)}{returning}"


def _key_update(random: Random, table: Rare, other: Rare) -> str:
    first, second = KEYS[table.type][:2]
    where = random.choice([f"k = {table.value(random)}", f"k = {table.value(random)}", "v > 5", "true"])
    if random.random() < 0.3:
        swapped = f"case when k = {first} then {second}::{table.type} else {first} end"
        return f"update {table.named} set k = {swapped} where k in ({first}, {second})"
    if table.two and random.random() < 0.5:
        return f"update {table.named} set k2 = {random.choice(['k2 + 1', '3 - k2', '0'])} where {where}"
    return f"update {table.named} set k = {table.value(random)} where {where}"


def _insert(random: Random, table: Rare, other: Rare, *, named: bool = True) -> str:
    name = table.named if named else table.name
    if random.random() < 0.3:
        chosen = f"select k, k2 + 5, v from {table.named} where {_where(random, table)}"
        return f"insert into {name} (k, k2, v) {chosen}"
    rows = [
        f"({table.value(random)}, {random.choice([0, 1, 5, 6])}, {random.randint(0, 9)})"
        for _ in range(random.randint(1, 3))
    ]
    return f"insert into {name} (k, k2, v) values {', '.join(rows)}"


def _upsert(random: Random, table: Rare, other: Rare) -> str:
    target = f"({', '.join(table.key)})"
    actions = [
        f"{target} do update set v = excluded.v + 1",
        f"{target} do update set k = excluded.k, v = 0 where excluded.v > 3",
        "do nothing",
        f"{target} do nothing",
    ]
    return f"{_insert(random, table, other, named=False)} on conflict {random.choice(actions)}"


def _merge(random: Random, table: Rare, other: Rare) -> str:
    source = f"(select k, k2, max(v) as v from {table.named} group by k, k2) s"
    arms = [
        random.choice(["when matched and a.v > 5 then delete", "when matched and a.v > 5 then do nothing"]),
        "when matched then update set v = s.v + 1",
    ]
    if random.random() < 0.3:
        source = f"(values ({table.value(random)}::{table.type}, 7, 7), ({table.value(random)}, 0, 1)) s (k, k2, v)"
        arms.append("when not matched then insert (k, k2, v) values (s.k, s.k2, s.v)")
    if random.random() < 0.2:
        arms.append("when not matched by source and a.v > 2 then delete")
    return f"merge into {table.named} a using {source} on a.k = s.k and a.k2 = s.k2 {' '.join(arms)}"


def _cte(random: Random, table: Rare, other: Rare) -> str:
    where = _where(random, table)
    if random.random() < 0.5:
        moved = f"with moved as (delete from {table.named} where {where} returning k, k2, v)"
        return f"{moved} insert into {table.named} (k, k2, v) select k, k2 + 10, v from moved"
    one = f"with one as (update {table.named} set v = 8 where {where} returning v)"
    two = f"two as (delete from {other.named} where v in (select v from one) returning 1)"
    return f"{one}, {two} select count(*) from two"


def _ctid(random: Random, table: Rare, other: Rare) -> str:
    if table.target:
        return _delete(random, table, other)
    return f"delete from {table.name} where ctid in (select ctid from {table.name} order by v, k limit 2)"


def _several(random: Random, table: Rare, other: Rare) -> str:
    """Other ways to write the same things."""
    where, to, of, value = _where(random, table, "a"), table.named, other.named, table.value(random)
    grouped = f"(select v, count(*)::int as n from {of} group by v) s"
    fives = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 5)"
    small = f"with s as (select v from {of} where v < 6), t as materialized (select max(v) as v from s)"
    return random.choice(
        [
            f"update {to} a set (v, k2) = (select coalesce(max(o.v), 1), 0 from {of} o) where {where}",
            f"update {to} a set (v, k2) = row(a.k2, a.k2) where {where}",
            f"update {to} a set v = s.n from {grouped} where s.v = a.v and {where}",
            f"update {to} a set v = o.v from {of} o, lateral (select o.v + 1) l(w) where l.w = a.v and {where} /* ; */",
            f"delete from {to} a using (values (1), (4), (7)) s (v) where s.v = a.v; ",
            f"{fives} delete from {to} a where a.v in (select i from n)",
            f"{small} update {to} a set v = t.v from t where {where}",
            f"insert into {to} (k, k2, v) select {value}, g, g from generate_series(20, 22) g",
            f"insert into {to} (k, k2) values ({value}, default)",
            f"delete from {to} a where a.v > all (select o.v from {of} o where o.v is not null and o.v < 5)",
            f"delete from {to} a where not exists (select 1 from {of} o where o.v = a.v)",
            f"update {to} a set v = (select sum(o.v) from {of} o where o.v <= a.v) where {where}",
        ]
    )


def _statement(random: Random, tables: list[Rare]) -> str:
    makers = (
        [_delete] * 4 + [_update] * 4 + [_key_update] * 4 + [_insert, _upsert, _merge, _cte, _ctid] + [_several] * 3
    )
    return random.choice(makers)(random, random.choice(tables), random.choice(tables))
