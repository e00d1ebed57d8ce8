"""Texts made to bring down whatever reads them: too deep, too long, or no text at all. Made by code, for their size."""

from __future__ import annotations

from collections.abc import Callable, Mapping

TEXTS: Mapping[str, Callable[[], str]] = {
    "parentheses": lambda: "select " + "(" * 10_000 + "1" + ")" * 10_000,
    "parentheses-unbalanced": lambda: "select " + "(" * 100_000,
    "parentheses-around-select": lambda: "(" * 5_000 + "select 1" + ")" * 5_000,
    "additions": lambda: "select " + "1+" * 60_000 + "1",
    "concatenations": lambda: "select " + "'a'||" * 60_000 + "'a'",
    "ands": lambda: "select 1 where " + "true and " * 50_000 + "true",
    "ors": lambda: "select 1 where " + "false or " * 50_000 + "true",
    "nots": lambda: "select " + "not " * 20_000 + "true",
    "minuses": lambda: "select " + "- " * 20_000 + "1",
    "casts": lambda: "select 1" + "::int" * 20_000,
    "subscripts": lambda: "select ('{}'::int[])" + "[1]" * 20_000,
    "fields": lambda: "select (i)" + ".id" * 20_000 + " from public.items i",
    "cases": lambda: "select " + "case when true then " * 3_000 + "1" + " end" * 3_000,
    "coalesces": lambda: "select " + "coalesce(" * 5_000 + "1" + ")" * 5_000,
    "function-calls": lambda: "select " + "abs(" * 5_000 + "1" + ")" * 5_000,
    "arrays": lambda: "select " + "array[" * 5_000 + "1" + "]" * 5_000,
    "rows": lambda: "select " + "row(" * 5_000 + "1" + ")" * 5_000,
    "nested-comments": lambda: "select " + "/*" * 20_000 + "*/" * 20_000 + "1",
    "nested-comments-unclosed": lambda: "select 1 " + "/*" * 100_000,
    "comments": lambda: "select " + "/**/" * 100_000 + "1",
    "subselects": lambda: "select " + "(select " * 3_000 + "1" + ")" * 3_000,
    "from-subselects": lambda: "select * from " + "(select * from " * 2_000 + "public.items" + " x)" * 2_000 + " y",
    "exists": lambda: "select 1 where " + "exists (select 1 where " * 2_000 + "true" + ")" * 2_000,
    "unions": lambda: "select 1" + " union all select 1" * 10_000,
    "joins": lambda: (
        "select 1 from public.items i0" + "".join(f" cross join public.items i{n}" for n in range(1, 3_000))
    ),
    "join-parentheses": lambda: (
        "select 1 from " + "(" * 3_000 + "public.items a" + " cross join public.items b)" * 3_000
    ),
    "ctes": lambda: "with " + ", ".join(f"c{n} as (select 1)" for n in range(5_000)) + " select 1",
    "ctes-doubling": lambda: (
        "with c0 as (select 1 as x), "
        + ", ".join(f"c{n} as (select a.x from c{n - 1} a, c{n - 1} b)" for n in range(1, 60))
        + " select * from c59"
    ),
    "ctes-nested": lambda: "with a as (" * 2_000 + "select 1" + ") select 1" * 2_000,
    "in-list": lambda: "select 1 where 1 in (" + "1," * 200_000 + "1)",
    "values-rows": lambda: "values (1)" + ", (1)" * 50_000,
    "targets": lambda: "select 1" + ", 1" * 50_000,
    "group-by": lambda: "select count(*) from public.items group by " + ", ".join(["id"] * 20_000),
    "grouping-sets": lambda: "select 1 from public.items group by " + ", ".join(["cube (id, name, price, kind)"] * 60),
    "windows": lambda: "select 1 window " + ", ".join(f"w{n} as ()" for n in range(5_000)),
    "string": lambda: "select '" + "x" * 1_500_000 + "'",
    "string-quotes": lambda: "select '" + "''" * 500_000 + "'",
    "identifier": lambda: "select 1 as " + "x" * 1_500_000,
    "dollar-tag": lambda: "select $" + "x" * 500_000 + "$",
    "number": lambda: "select " + "9" * 500_000,
    "qualified-name": lambda: "select " + ".".join(["a"] * 50_000),
    "spaces": lambda: "select" + " " * 1_500_000 + "1",
    "semicolons": lambda: ";" * 500_000,
    "statements": lambda: "select 1;" * 50_000,
    "parameters": lambda: "select " + ", ".join(f"${n}" for n in range(1, 20_000)),
    "parameter-huge": lambda: "select $2147483647",
    "json-path": lambda: "select jsonb_path_query('1', '" + "(" * 5_000 + "$" + ")" * 5_000 + "')",
    "json-table-nested": lambda: (
        "select * from json_table(jsonb '1', '$' columns ("
        + "nested path '$' columns (" * 500
        + "a int path '$'"
        + ")" * 500
        + ")) t"
    ),
    "intervals": lambda: "select " + " + ".join(["interval '1 day'"] * 10_000),
    "too-long": lambda: "select 1 /* " + "x" * 10_000_000 + " */",
    "nul": lambda: "select 1\x00; delete from trap.accounts",
    "nul-inside-word": lambda: "sel\x00ect 1",
    "nul-inside-string": lambda: "select 'a\x00b'",
    "lone-surrogate": lambda: "select '\ud800'",
    "lone-surrogate-outside": lambda: "select \udfff",
    "surrogate-semicolon": lambda: "select 1 \udc3b delete from trap.accounts",
    "control-characters": lambda: "select " + "".join(map(chr, range(1, 32))) + "1",
    "byte-order-mark-inside": lambda: "select \ufeff1",
    "noncharacters": lambda: "select '\uffff\U0010ffff'",
    "combining": lambda: "select 'a" + "\u0301" * 100_000 + "'",
}
"""By name. Each must get an answer, within seconds, from a process that is still there."""

ENDLESS: Mapping[str, str] = {
    "cartesian": "select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b",
    "recursion": "with recursive r (n) as (select 1 union all select n + 1 from r) select count(*) from r",
    "recursion-rows": "with recursive r (n) as (select 1 union all select n + 1 from r) select * from r",
    "series": "select * from generate_series(1, 1000000000000)",
    "series-counted": "select count(*) from generate_series(1, 1000000000000)",
    "regex": "select 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' ~ '^(((a+)+)+)+\\1{1,50}\\2b$'",
    "repeated-text": "select repeat('x', 1000000000)",
    "repeated-text-rows": "select repeat('x', 1000000) from generate_series(1, 100000)",
    "padded-text": "select lpad('x', 500000000, 'y')",
    "array": "select array_agg(n) from generate_series(1, 100000000) n",
    "json": "select jsonb_agg(n) from generate_series(1, 100000000) n",
    "sort": "select md5(n::text) from generate_series(1, 100000000) n order by 1",
    "hash": "select count(distinct md5(n::text)) from generate_series(1, 100000000) n",
    "factorial": "select factorial(100000)",
    "power": "select 9.9::numeric ^ 131000.5",
    "loop-in-function": "select trap.spins(1)",
    "regex-replace": "select regexp_replace(repeat('a', 5000000), '(a|b)*?c', 'x')",
    "string-to-rows": "select count(*) from string_to_table(repeat('a,', 50000000), ',')",
    "lateral": "select count(*) from generate_series(1, 30000) a, lateral generate_series(1, 30000 + a) b",
    "explained": "explain analyze select count(*) from generate_series(1, 1000000000000)",
}
"""Reads that would not end, or would not fit, if nothing bounded them. They may be allowed: limits hold them."""
