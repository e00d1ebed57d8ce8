"""The graph of referential actions: levels, cycles, partitions and what forbids."""

from __future__ import annotations

from pgwarden.domain.catalog import Catalog, Column, Constraint, Name, Relation
from pgwarden.undo.closure import Action, Effect, closure, root


def relation(oid: int, *keys: Constraint, partition_of: int = 0, kind: str = "r") -> Relation:
    columns = tuple(
        Column(n, name, 23, "integer", False, None, "", "", 0, None, True) for n, name in ((1, "id"), (2, "up"))
    )
    return Relation(
        oid, Name("s", f"t{oid}"), kind, "o", "p", columns, 1.0, 1, constraints=keys, partition_of=partition_of
    )


def key(
    oid: int, child: int, parent: int, on_delete: str, on_update: str = "a", *, columns: tuple[int, ...] = (2,)
) -> Constraint:
    return Constraint(
        oid, f"fk{oid}", "f", child, columns, None, parent, (1,), on_delete=on_delete, on_update=on_update
    )


def catalog(*relations: Relation) -> Catalog:
    return Catalog("d", 1, 180000, "o", ("s",), {r.oid: r for r in relations}, {}, {}, {}, ())


def test_a_chain_has_levels_and_stops_where_rows_stay() -> None:
    known = catalog(
        relation(1), relation(2, key(9, 2, 1, "c")), relation(3, key(8, 3, 2, "n")), relation(4, key(7, 4, 3, "c"))
    )
    graph = closure(known, [Effect(1)])
    assert graph.effects == (Effect(1), Effect(2), Effect(3, frozenset({"up"})))
    assert graph.depth() == 2
    assert [edge.action for edge in graph.edges] == [Action.CASCADE, Action.SET_NULL]


def test_forbidding_keys_are_edges_without_result() -> None:
    graph = closure(catalog(relation(1), relation(2, key(9, 2, 1, "r"))), [Effect(1)])
    (edge,) = graph.edges
    assert edge.result is None
    assert graph.effects == (Effect(1),)


def test_cycles_are_one_component() -> None:
    known = catalog(relation(1, key(8, 1, 2, "c")), relation(2, key(9, 2, 1, "c")), relation(3, key(7, 3, 3, "c")))
    graph = closure(known, [Effect(1)])
    (component,) = graph.components
    assert set(component) == {Effect(1), Effect(2)}
    assert graph.cyclic(component)
    itself = closure(known, [Effect(3)])
    assert itself.cyclic(itself.components[0])
    assert itself.effects == (Effect(3),)


def test_only_changed_keys_cascade_on_update() -> None:
    known = catalog(relation(1), relation(2, key(9, 2, 1, "c", "c")))
    assert closure(known, [Effect(1, frozenset({"up"}))]).edges == ()
    assert Effect(2, frozenset({"up"})) in closure(known, [Effect(1, frozenset({"id"}))]).effects


def test_partitions_are_bound_by_keys_to_their_root() -> None:
    known = catalog(relation(1, kind="p"), relation(5, partition_of=1), relation(2, key(9, 2, 1, "c")))
    assert root(known, 5) == 1
    assert Effect(2) in closure(known, [Effect(5)]).effects


def test_a_long_chain_needs_no_deep_stack() -> None:
    many = [relation(1), *(relation(n, key(10_000 + n, n, n - 1, "c")) for n in range(2, 3000))]
    assert closure(catalog(*many), [Effect(1)]).depth() == 2998
