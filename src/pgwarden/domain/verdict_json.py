"""A verdict as every door's JSON shows it: names instead of oids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.statement import Verdict


def verdict_object(verdict: Verdict, catalog: Catalog, plan: Mapping[str, object] | None) -> dict[str, Any]:
    """The verdict with its reasons, what it reads and writes, and the server's plan where there is one."""
    return {
        "decision": verdict.decision.value,
        "kind": verdict.kind.value,
        "reasons": [asdict(reason) for reason in verdict.reasons],
        "suggestions": [asdict(suggestion) for suggestion in verdict.suggestions],
        "reads": relation_names(verdict.reads, catalog),
        "writes": relation_names(verdict.writes, catalog),
        "columns": column_names(verdict, catalog),
        "functions": sorted({str(catalog.functions[o].name) for o in verdict.functions if o in catalog.functions}),
        "outputs": [
            {"name": output.name, "from": sorted(_column(source, catalog) for source in output.lineage)}
            for output in verdict.outputs
        ],
        "repeatable": verdict.stable,
        "parameters": verdict.parameters,
        "plan": plan or None,
    }


def relation_names(oids: Iterable[int], catalog: Catalog) -> list[str]:
    """The qualified names of relations, in order."""
    return sorted(str(catalog.relations[oid].name) for oid in oids if oid in catalog.relations)


def column_names(verdict: Verdict, catalog: Catalog) -> list[str]:
    """Every column whose value shows or decides, as table.column, in order."""
    used = {source for output in verdict.outputs for source in output.lineage} | set(verdict.conditions)
    return sorted({_column(pair, catalog) for pair in used})


def _column(pair: tuple[int, int], catalog: Catalog) -> str:
    relation = catalog.relations.get(pair[0])
    column = relation.column_at(pair[1]) if relation else None
    return f"{relation.name}.{column.name}" if relation and column else "?"
