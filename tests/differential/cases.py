"""Random schemas, data and statements from a seed: every feature that capture, counting and undo must survive."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

ACTIONS = ("cascade", "cascade", "set null", "set default", "restrict", "no action")
VALUES = {
    "numeric": ("1", "1.0", "1.00", "'NaN'", "-0.5", "12345678901234567890.123", "null"),
    "float8": ("0", "'-0'", "'NaN'", "'-Infinity'", "1e-300", "0.1", "null"),
    "json": ('\'{"a" : 1, "a":2}\'', "'[1,  2]'", "'null'", "'\"x\"'", "null"),
    "jsonb": ("'{\"a\": 1.0}'", "'null'", "'[]'", "null"),
    "text": ("''", "'a'", "'a\"b,c'", "E'x\\ny'", "'é漢'", "null"),
    "date": ("'0044-03-15 BC'", "'infinity'", "'2024-02-29'", "null"),
    "timestamptz": ("'2001-02-03 04:05:06.123456+05'", "'-infinity'", "'4713-01-01 00:00:00+00 BC'", "null"),
    "interval": ("'1 mon'", "'30 days'", "'-1 year 2 mons'", "null"),
    "int[]": ("'{1,NULL}'", "'[2:3]={1,2}'", "'{}'", "null"),
    "int4range": ("'[1,5)'", "'empty'", "'(,)'", "null"),
    "char(4)": ("'a'", "''", "null"),
    "boolean": ("true", "false", "null"),
    "bytea": ("'\\x00ff'", "''", "null"),
}


@dataclass
class Table:
    """A generated table; ``key`` holds its key columns, all integers."""

    name: str
    key: tuple[str, ...]
    extras: list[tuple[str, str]]
    identity: str = ""
    partitioned: bool = False
    unique: bool = False
    references: list[tuple[str, Table, tuple[str, ...], bool]] = field(default_factory=list)
    """(constraint, parent, own columns, whether they may be null)"""
    rows: int = 0

    @property
    def columns(self) -> list[str]:
        own = [*self.key, "v", *(name for name, _ in self.extras), *(["u"] if self.unique else [])]
        return own + [c for _, _, columns, _ in self.references for c in columns]


@dataclass
class Case:
    """A schema with data, and statements to try on it one after the other."""

    seed: int
    setup: list[str]
    statements: list[str]
    intruders: list[str]
    """What others do between an execution and its undo."""
    tables: list[Table]


def case(seed: int, statements: int = 4) -> Case:
    """The case of this seed."""
    random = Random(seed)
    tables = [_table(random, number) for number in range(random.randint(2, 5))]
    setup = [_create(random, table) for table in tables]
    for table in tables:
        setup += _references(random, table, tables)
    for table in tables:
        setup += _rows(random, table)
    setup += _triggers(random, tables)
    tried = [_statement(random, tables) for _ in range(statements)]
    intruders = [random.choice([_update, _delete, _insert])(random, *random.choices(tables, k=2)) for _ in tried]
    return Case(seed, setup, tried, intruders, tables)


def _table(random: Random, number: int) -> Table:
    name = random.choice([f"t{number}", f"t{number}", f'"T {number}"', f'"order{number}"'])
    shape = random.random()
    key: tuple[str, ...] = ("id",)
    if shape < 0.15:
        key = ()
    elif shape < 0.35:
        key = ("id", "part")
    names = random.sample(sorted(VALUES), random.randint(0, 4))
    extras = [(f"x{n}" if random.random() < 0.8 else f'"X {n}"', type_) for n, type_ in enumerate(names)]
    table = Table(name, key, extras)
    table.partitioned = bool(key) and random.random() < 0.15
    table.unique = random.random() < 0.25 and not table.partitioned
    if key == ("id",) and random.random() < 0.35 and not table.partitioned:
        table.identity = random.choice(["always", "by default"])
    return table


def _create(random: Random, table: Table) -> str:
    parts = []
    for column in table.key:
        identity = f" generated {table.identity} as identity" if table.identity and column == "id" else ""
        parts.append(f"{column} int not null{identity}")
    parts.append("v int" + random.choice(["", " check (v < 1000000)", " default 5"]))
    parts += [f"{name} {type_}" for name, type_ in table.extras]
    if table.unique:
        parts.append("u int unique")
    if random.random() < 0.3:
        parts.append("g int generated always as (v * 2) stored")
    if table.key:
        word = "primary key" if table.partitioned or random.random() < 0.8 else "unique"
        parts.append(f"{word} ({', '.join(table.key)})")
    name = table.name.strip('"').replace(" ", "_")
    if not table.partitioned:
        own = f"create table {table.name} ({', '.join(parts)})"
        if random.random() < 0.1 and table.key:
            own += f"; create table {name}_sub (extra json) inherits ({table.name})"
            own += f"; insert into {name}_sub ({', '.join(table.key)}, v, extra)"
            own += f" values ({', '.join('3' for _ in table.key)}, 2, '[1,  2]')"
        return own
    return (
        f"create table {table.name} ({', '.join(parts)}) partition by range (id);"
        f"create table {name}_low partition of {table.name} for values from (minvalue) to (6);"
        f"create table {name}_high partition of {table.name} for values from (6) to (maxvalue);"
    )


def _references(random: Random, table: Table, tables: list[Table]) -> list[str]:
    found = []
    for number in range(random.choice([0, 1, 1, 2])):
        parent = random.choice(tables)
        if not parent.key:
            continue
        columns = tuple(f"f{number}_{column}" for column in parent.key)
        nullable = random.random() < 0.8
        delete, update = random.choice(ACTIONS), random.choice(ACTIONS)
        deferrable = random.choice(["", "", " deferrable", " deferrable initially deferred"])
        constraint = f"fk_{table.name.strip(chr(34)).replace(' ', '_')}_{number}"
        for column in columns:
            found.append(f"alter table {table.name} add column {column} int")
        found.append(
            f"alter table {table.name} add constraint {constraint} foreign key ({', '.join(columns)}) references"
            f" {parent.name} ({', '.join(parent.key)}) on delete {delete} on update {update}{deferrable}"
        )
        if random.random() < 0.7:
            found.append(f"create index on {table.name} ({', '.join(columns)})")
        table.references.append((constraint, parent, columns, nullable))
    return found


def _rows(random: Random, table: Table) -> list[str]:
    table.rows = random.randint(3, 12)
    override = " overriding system value" if table.identity else ""
    found = []
    for row in range(table.rows):
        cells = {column: str(row + 1) if column == "id" else str(row % 3) for column in table.key}
        cells["v"] = str(random.randint(0, 5))
        cells |= {name: random.choice(VALUES[type_]) for name, type_ in table.extras}
        if table.unique:
            cells["u"] = random.choice([str(row * 2), "null"])
        found.append(f"insert into {table.name} ({', '.join(cells)}){override} values ({', '.join(cells.values())})")
        if not table.key and random.random() < 0.4:
            found.append(found[-1])
    for _, parent, columns, _ in table.references:
        # after all rows of all tables exist: point at parents at random
        where = f"where exists (select from {parent.name} p where p.id = {table.name}.v + 1)" if parent.key else ""
        first = f"from {parent.name} p where p.id = {table.name}.v + 1 order by {', '.join(parent.key)} limit 1"
        sub = [f"(select p.{key} {first})" for key in parent.key]
        found.append(
            f"update {table.name} set ({', '.join(columns)}) = row({', '.join(sub)}) {where}"
            if len(columns) > 1
            else f"update {table.name} set {columns[0]} = {sub[0]} {where}"
        )
    return found


NOTE = """
create table log_{plain} (what text, v int);
create function note_{plain}() returns trigger language plpgsql as $$begin
  insert into log_{plain} values (tg_op, case when tg_op = 'INSERT' then new.v else old.v end); return null; end$$;
create trigger note after {events} on {table} for each row execute function note_{plain}()"""
BUMP = """
create function bump_{plain}() returns trigger language plpgsql as
  $$begin new.v := coalesce(new.v, 0) + 1; return new; end$$;
create trigger bump before insert or update on {table} for each row execute function bump_{plain}()"""
AGAIN = """
create function again_{plain}() returns trigger language plpgsql as $$begin
  if new.v < 100 then update {table} set v = v + 100 where {match}; end if; return null; end$$;
create trigger again after update on {table} for each row execute function again_{plain}()"""
TRY = """
create table tries_{plain} (v int check (v <> 3));
create function try_{plain}() returns trigger language plpgsql as $$begin
  begin insert into tries_{plain} values (old.v); exception when check_violation then null; end; return null; end$$;
create trigger try after delete or update on {table} for each row execute function try_{plain}()"""


def _triggers(random: Random, tables: list[Table]) -> list[str]:
    table = random.choice(tables)
    kind = random.random()
    events = random.choice(["delete", "update", "insert or update or delete"])
    match = " and ".join(f"{column} = new.{column}" for column in table.key)
    limits = ((0.25, NOTE), (0.35, BUMP), (0.45, AGAIN if table.key else BUMP), (0.55, TRY))
    template = next((template for limit, template in limits if kind < limit), None)
    if template is None:
        return []
    plain = table.name.strip('"').replace(" ", "_")
    return [template.format(plain=plain, table=table.name, events=events, match=match)]


def _where(random: Random, table: Table, alias: str = "") -> str:
    prefix = f"{alias}." if alias else ""
    choices = [f"{prefix}v = {random.randint(0, 5)}", f"{prefix}v < 3", f"{prefix}v is not null", "true"]
    if table.key:
        choices += [f"{prefix}id = {random.randint(1, 6)}", f"{prefix}id in (1, 3)", f"{prefix}id % 2 = 0"] * 2
    for _, _, columns, _ in table.references:
        choices.append(f"{prefix}{columns[0]} is not null")
    return random.choice(choices)


def _statement(random: Random, tables: list[Table]) -> str:
    table, other = random.choice(tables), random.choice(tables)
    makers = [
        _delete,
        _delete,
        _delete,
        _update,
        _update,
        _update,
        _key_update,
        _insert,
        _upsert,
        _merge,
        _cte,
        _joined,
    ]
    return random.choice(makers)(random, table, other)


def _delete(random: Random, table: Table, other: Table) -> str:
    if random.random() < 0.25:
        return f"delete from {table.name} a using {other.name} b where a.v = b.v and {_where(random, table, 'a')}"
    where = _where(random, table)
    return f"delete from {table.name}" + ("" if where == "true" else f" where {where}")


def _assignments(random: Random, table: Table) -> str:
    found = {"v": random.choice(["v + 1", "7", "null", "v", "default"])}
    for name, type_ in table.extras:
        if random.random() < 0.5:
            found[name] = random.choice(VALUES[type_])
    for _, _, columns, _ in table.references:
        if random.random() < 0.3:
            found |= {column: random.choice(["null", "1", "2"]) for column in columns}
    if table.unique and random.random() < 0.4:
        found["u"] = random.choice(["u + 1", "-u", "null"])
    return ", ".join(f"{column} = {value}" for column, value in found.items())


def _update(random: Random, table: Table, other: Table) -> str:
    return f"update {table.name} set {_assignments(random, table)} where {_where(random, table)}"


def _key_update(random: Random, table: Table, other: Table) -> str:
    if not table.key or table.identity == "always":
        return _update(random, table, other)
    value = random.choice(["id + 100", "-id", "id", "id + 1"])
    return f"update {table.name} set id = {value} where {_where(random, table)}"


def _insert(random: Random, table: Table, other: Table) -> str:
    override = " overriding system value" if table.identity else ""
    columns = [*table.key, "v"]
    if random.random() < 0.5 and other.key and len(other.key) == len(table.key):
        listed = ", ".join(f"o.{k} + 200" if k == "id" else f"o.{k}" for k in other.key)
        comma = ", " if listed else ""
        return (
            f"insert into {table.name} ({', '.join(columns)}){override}"
            f" select {listed}{comma}o.v from {other.name} o where {_where(random, other, 'o')}"
        )
    rows = []
    for _ in range(random.randint(1, 3)):
        cells = [str(random.choice([1, 50, 51, 52])) if c == "id" else str(random.randint(0, 3)) for c in columns]
        rows.append(f"({', '.join(cells)})")
    return f"insert into {table.name} ({', '.join(columns)}){override} values {', '.join(rows)}"


def _upsert(random: Random, table: Table, other: Table) -> str:
    if not table.key:
        return _insert(random, table, other)
    override = " overriding system value" if table.identity else ""
    columns = [*table.key, "v"]
    cells = [", ".join([str(n) if c == "id" else "0" if c == "part" else "4" for c in columns]) for n in (1, 2, 70)]
    values = ", ".join(f"({cell})" for cell in cells)
    action = random.choice(
        ["nothing", "update set v = excluded.v", f"update set v = excluded.v where {table.name}.v < 3"]
    )
    target = f" ({', '.join(table.key)})" if action != "nothing" or random.random() < 0.5 else ""
    return f"insert into {table.name} ({', '.join(columns)}){override} values {values} on conflict{target} do {action}"


def _merge(random: Random, table: Table, other: Table) -> str:
    if not table.key:
        return _delete(random, table, other)
    override = " overriding system value" if table.identity else ""
    columns = [*table.key, "v"]
    cells = ", ".join("s.i" if c == "id" else "0" if c == "part" else "1" for c in columns)
    match = "a.id = s.i" + (" and a.part = 0" if "part" in table.key else "")
    first = random.choice(["when matched and a.v < 3 then delete", "when matched and a.v < 3 then do nothing", ""])
    second = random.choice(["when matched then update set v = a.v + s.i", "when matched then delete", ""])
    third = f"when not matched then insert ({', '.join(columns)}){override} values ({cells})"
    return f"merge into {table.name} a using (values (1), (2), (90)) s (i) on {match} {first} {second} {third}"


def _cte(random: Random, table: Table, other: Table) -> str:
    first = f"with gone as (delete from {table.name} where {_where(random, table)} returning v)"
    if random.random() < 0.5 and other is not table:
        return f"{first} update {other.name} set v = 9 where v in (select v from gone)"
    if other is not table:
        return f"{first} delete from {other.name} where {_where(random, other)}"
    return f"{first} select count(*) from gone"


def _joined(random: Random, table: Table, other: Table) -> str:
    return f"update {table.name} a set v = b.v from {other.name} b where a.v = b.v + 1 and {_where(random, table, 'a')}"
