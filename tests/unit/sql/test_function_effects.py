"""What functions do to tables: from parse trees, with all that they call; unknown where no tree tells it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.catalogs import catalog, table

from pgwarden.domain.catalog import Cast, Catalog, Function, Name, Operator, Type
from pgwarden.sql.drift import drifting_functions
from pgwarden.sql.function_effects import FunctionEffects, function_effects
from pgwarden.sql.plpgsql_declarations import simplified
from pgwarden.sql.plpgsql_parser import TRIGGER

TABLES = [table(100 + place, name, ["id integer"]) for place, name in enumerate("abcdefghij")]
OTHER = table(200, "a", ["id integer"], schema="other")
VIEW = replace(table(201, "seen", ["id integer"], kind="v"), view_definition="select id, hidden(id) from j")
ROW = Type(900, Name("public", "a"), "c", "C", False, 0, 0, 100, 0)
MOOD = Type(901, Name("public", "mood"), "e", "E", False, 0, 0, 0, 0)


def function(
    oid: int, name: str, source: str | None, *, language: str = "plpgsql", returns: int = TRIGGER, **more: object
) -> Function:
    made = Function(
        oid=oid,
        name=Name("public", name),
        kind="f",
        language=language,
        volatility="v",
        argument_oids=(),
        default_count=0,
        variadic_oid=0,
        return_oid=returns,
        returns_set=False,
        strict=False,
        security_definer=False,
        builtin=False,
        source=source,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def house(*functions: Function, **more: object) -> Catalog:
    made = catalog(*TABLES, OTHER, VIEW)
    types = {**made.types, ROW.oid: ROW, MOOD.oid: MOOD}
    return replace(made, functions={f.oid: f for f in functions}, types=types, **more)  # type: ignore[arg-type]


def effects_of(body: str, *others: Function, **more: object) -> FunctionEffects:
    main = replace(function(1, "main", body), **more)  # type: ignore[arg-type]
    return function_effects(house(main, *others), main, ("public",))


def written(found: FunctionEffects) -> set[str]:
    return {f"{write[0]} {relation.name if relation else '?' + write[2]}" for write, relation in found.writes}


EVERYWHERE = """
declare
  one mood; total public.mood; row_ a%rowtype; some other.thing; field a.id%type not null := (select max(id) from b);
  walk cursor (low mood, high int) for select id from c where id between low and high;
  open_ refcursor; anything record; numbers int[] := '{1}';
begin
  select id, name, count(*) into one, total, field from d;
  row_.id := (select 1 from e);
  numbers[written_by(1)] := 2;
  if exists (select from f) then
    insert into a values (new.id) on conflict (id) do update set id = 1;
  elsif touched() then
    case field when 1, 2 then update b set id = 1; else delete from only (c) using d; end case;
  else
    loop
      begin
        merge into d using e on d.id = e.id when matched then delete when not matched then insert values (1);
      exception when unique_violation then
        with gone as (delete from e returning *) insert into f select * from gone;
        when others then raise notice '%', said(1) using hint = hinted();
      end;
      exit when stopped(1);
    end loop;
  end if;
  for anything in update g set id = 2 returning * loop perform performed(anything.id); end loop;
  for anything in walk(1, bounded()) loop null; end loop;
  for i in reverse low()..high() by 2 loop continue; end loop;
  foreach field slice 0 in array listed() loop null; end loop;
  while going() loop assert sure(); end loop;
  open open_ for insert into h values (1) returning id;
  fetch open_ into field; close open_; get diagnostics field = row_count;
  /* insert into j values (1) */ -- delete from j
  raise exception 'update j set id = 1';
  return new;
end
"""
CALLED = (
    "written_by",
    "touched",
    "said",
    "hinted",
    "stopped",
    "performed",
    "bounded",
    "low",
    "high",
    "listed",
    "going",
)


def test_every_statement_and_expression_of_a_body_is_parsed() -> None:
    """Also where variables are of types that the parser cannot know, and never what stands in strings and comments."""
    found = effects_of(EVERYWHERE)
    assert found.unknown == ""
    assert written(found) == {
        "INSERT public.a", "UPDATE public.a", "UPDATE public.b", "DELETE public.c", "INSERT public.d",
        "DELETE public.d", "DELETE public.e", "INSERT public.f", "UPDATE public.g", "INSERT public.h",
    }  # fmt: skip
    assert [str(relation.name) for relation in found.reads] == [f"public.{name}" for name in "bcdef"]
    for place, name in enumerate(CALLED, 2):
        deeper = function(place, name, "begin delete from j; return 1; end", returns=23)
        assert "DELETE public.j" in written(effects_of(EVERYWHERE, deeper)), name


@pytest.mark.parametrize(
    "statement",
    [
        "execute 'delete from a';",
        "execute format('delete from %I', tg_table_name) using new.id;",
        "for r in execute 'select 1' loop null; end loop;",
        "open c for execute 'select 1';",
        "if true then loop begin execute 'x'; exception when others then execute 'y'; end; end loop; end if;",
        "return query execute 'select 1';",
        "perform query_to_xml('delete from a', true, true, '');",
        "do $x$begin delete from a; end$x$;",
        "truncate a;",
        "create table k (id int);",
        "alter table a add x int;",
        "set local search_path = other;",
        "set session_replication_role = replica;",
        "select lo_unlink(1) into n;",
        "perform dblink_exec('x', 'delete from a');",
        "grant select on a to public;",
        "analyze a;",
    ],
)
def test_what_a_body_does_beyond_its_words_is_unknown(statement: str) -> None:
    """Wherever it stands; what can be read is listed all the same."""
    body = f"declare r record; c refcursor; n int; begin insert into b values (1); {statement} return; end"
    lo, xml = (
        function(oid, name, None, language="internal", builtin=True)
        for oid, name in ((2, "lo_unlink"), (3, "query_to_xml"))
    )
    found = effects_of(body, lo, xml, return_oid=23, returns_set=True)
    assert found.unknown
    assert "the parser does not take" not in found.unknown
    assert "INSERT public.b" in written(found)
    quiet = effects_of(
        body.replace(statement, "set local lock_timeout = '1s'; perform set_config('app.me', '1', true);"),
        return_oid=2278,
    )
    assert quiet.unknown == ""


def test_what_no_parser_takes_is_unknown_and_read_by_its_words() -> None:
    found = effects_of(
        "begin insert into a values (1); frobnicate b; gone(); end", function(2, "gone", "begin delete from c; end")
    )
    assert 'the parser does not take its body (syntax error at or near "frobnicate")' in found.unknown
    assert written(found) >= {"INSERT public.a", "DELETE public.c"}
    assert effects_of("begin perform y(); end", function(2, "y", None)).unknown == "its function cannot be read"
    foreign = function(2, "far", "delete from a", language="plpython3u")
    assert effects_of("begin perform far(); return new; end", foreign).unknown == "public.far is written in plpython3u"
    assert "longer than 200,000" in effects_of(f"begin {'null; ' * 40_000} end").unknown
    nested = f"begin {'begin ' * 8_000} insert into a values (1); {'end; ' * 8_000} end"
    assert "memory exhausted" in effects_of(nested).unknown
    assert written(effects_of(nested)) == {"INSERT public.a"}


def test_a_directive_that_prints_is_not_let_through(capfd: pytest.CaptureFixture[str]) -> None:
    """libpg_query would write to standard output, where an MCP client listens for answers."""
    for body in ("#option dump\nbegin return new; end", "/* */ # OPTION dump\nbegin return new; end"):
        assert "#option" in effects_of(body).unknown
    assert effects_of("#variable_conflict use_column\nbegin return new; end").unknown == ""
    assert capfd.readouterr().out == ""


def test_functions_in_sql_are_parsed_with_standard_bodies() -> None:
    standard = function(
        2, "standard", "", language="sql", returns=23,
        definition="CREATE OR REPLACE FUNCTION public.standard() RETURNS integer LANGUAGE sql BEGIN ATOMIC"
        " WITH gone AS (DELETE FROM a RETURNING a.id) INSERT INTO b SELECT id FROM gone;"
        " SELECT deeper(1); RETURN now(); END",
    )  # fmt: skip
    deeper = function(3, "deeper", "update c set id = 1; select 1", language="sql", returns=23)
    found = effects_of("begin perform standard(); return new; end", standard, deeper)
    assert found == replace(found, unknown="")
    assert written(found) == {"DELETE public.a", "INSERT public.b", "UPDATE public.c"}
    assert drifting_functions(house(standard), ["standard"]) == ("standard",), "now() stands in its definition only"
    assert effects_of("begin perform broken(); end", function(2, "broken", "delete from", language="sql")).unknown
    into = function(2, "makes", "select 1 into k", language="sql")
    assert effects_of("begin perform makes(); end", into).unknown == "it changes the structure"


def test_calls_that_do_not_look_like_calls_are_followed() -> None:
    """Operators, casts, functions in the notation of a column, procedures, views, aggregates."""
    deletes = function(2, "deletes", "begin delete from j; return 1; end", returns=23)

    def follows(statement: str, made: Function = deletes, **more: object) -> bool:
        main = function(1, "main", f"declare x a; begin {statement} return new; end")
        found = function_effects(house(main, made, **more), main, ("public",))
        return "DELETE public.j" in written(found)

    assert not follows("perform x.id @@@ 1, x.name::mood, x.deletes;")
    operator = Operator(5, Name("public", "@@@"), 23, 23, 23, deletes.oid, False)
    assert follows("perform x.id @@@ 1;", operators={operator.oid: operator})
    assert follows("perform x.name::mood;", casts=(Cast(25, MOOD.oid, deletes.oid, "e", "f"),))
    assert follows("perform x.deletes;", replace(deletes, argument_oids=(ROW.oid,)))
    assert follows("call deletes();", replace(deletes, kind="p"))
    assert follows("perform 1 from seen;", replace(deletes, name=Name("public", "hidden"), argument_oids=(23,)))
    total = function(3, "total", None, language="internal", kind="a", support_oids=(2,))
    main = function(1, "main", "begin perform total(id) from a; return new; end")
    assert written(function_effects(house(main, deletes, total), main, ("public",))) == {"DELETE public.j"}


def test_names_mean_what_they_mean_where_the_body_runs() -> None:
    """A function's own search path rules, and its callees inherit it; a name that is no table here is said."""
    inner = function(2, "inner_", "begin delete from a; return 1; end", returns=23)
    outer = "begin perform inner_(); insert into nowhere values (1); return new; end"
    assert written(effects_of(outer, inner)) == {"DELETE public.a", "INSERT ?nowhere"}
    assert "DELETE other.a" in written(effects_of(outer, inner, config=("search_path=other, public",)))
    own = replace(inner, config=("search_path=public",))
    assert "DELETE public.a" in written(effects_of(outer, own, config=("search_path=other",)))


def test_functions_of_known_extensions_only_compute() -> None:
    crypt = function(2, "crypt", None, language="c", extension="pgcrypto", volatility="i")
    body = "begin perform crypt(new.id); return new; end"
    assert effects_of(body, crypt).unknown == ""
    for other in (replace(crypt, extension="mine"), replace(crypt, volatility="v"), replace(crypt, extension="")):
        assert effects_of(body, other).unknown == "public.crypt is written in c"


def test_of_a_declared_type_only_its_kind_is_left() -> None:
    body = (
        "declare a constant shop.mood default 'x'; b x%rowtype; c record; d refcursor; e int := 1; begin x := e.f; end"
    )
    assert simplified(body) == (
        "declare a constant text default 'x'; b record; c record; d refcursor; e text := 1; begin x := e.f; end"
    )
