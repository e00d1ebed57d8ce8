"""No attack of the corpus is allowed, and every attack is real."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest
from tests.corpora.attacks.corpus import READER, Attack, Harm, attacks, families, family
from tests.corpora.attacks.denial import TEXTS
from tests.corpora.attacks.ground import TRAPS, Ground

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.errors import PgwardenError, StatementInvalid, StatementTooLarge
from pgwarden.domain.statement import Decision
from pgwarden.sql.verdict import judge

LONGEST_JUDGEMENT_SECONDS = 20.0
"""On a busy machine; the point is that it ends."""


@pytest.fixture(scope="module")
def ground(run_directory: Path) -> Iterator[Ground]:
    with Ground(run_directory / f"attacks-{uuid.uuid4().hex[:8]}") as ground:
        yield ground


@pytest.fixture(scope="module")
def catalogs(ground: Ground) -> dict[str, Catalog]:
    """The catalog as each role that attacks sees it."""
    return {role: ground.catalog(role) for role in ("", READER)}


def verdict_word(attack: Attack, ground: Ground, catalogs: dict[str, Catalog]) -> str:
    try:
        return judge(attack.filled(ground.data, TRAPS), catalogs[attack.role]).decision
    except PgwardenError as error:
        return error.code


def test_corpus_is_large_and_its_names_are_unique() -> None:
    names = [attack.name for attack in attacks()]
    assert len(names) == len(set(names))
    assert len(names) + len(TEXTS) > 1_000


@pytest.mark.parametrize("name", families())
def test_no_attack_is_allowed(name: str, ground: Ground, catalogs: dict[str, Catalog]) -> None:
    harmful = [a for a in family(name) if a.harm not in (Harm.HARMLESS, Harm.REFUSED)]
    let_through = [a.name for a in harmful if verdict_word(a, ground, catalogs) == Decision.ALLOW]
    assert let_through == []


@pytest.mark.parametrize("name", families())
def test_writes_outside_the_verdicts_reach_are_never_offered_for_approval_as_reads(
    name: str, ground: Ground, catalogs: dict[str, Catalog]
) -> None:
    """Approval is for INSERT, UPDATE, DELETE and MERGE alone: nothing else slips into the way of tickets."""
    kinds = {"INSERT", "UPDATE", "DELETE", "MERGE"}
    others = []
    for attack in family(name):
        try:
            verdict = judge(attack.filled(ground.data, TRAPS), catalogs[attack.role])
        except PgwardenError:
            continue
        if verdict.decision is Decision.NEEDS_APPROVAL and verdict.kind not in kinds:
            others.append(attack.name)
    assert others == []


@pytest.mark.parametrize("name", [name for name in families() if name != "positions"])
def test_every_attack_does_what_it_is_said_to_do(name: str, ground: Ground) -> None:
    tried = [attack for attack in family(name) if attack.harm is not Harm.UNPROVEN]
    assert [attack.name for attack in tried if attack.harm not in ground.harms(attack)] == []


def test_a_bad_call_is_run_at_every_position(ground: Ground) -> None:
    """One call a position; which call it is does not matter to the server."""
    plain = [attack for attack in family("positions") if attack.name.endswith("/writes")]
    assert [attack.name for attack in plain if Harm.WRITE not in ground.harms(attack)] == []


def test_what_only_looks_bad_is_mostly_read(ground: Ground, catalogs: dict[str, Catalog]) -> None:
    looks = [a for a in attacks() if a.harm is Harm.HARMLESS and a.sql.strip(" ;\n\t") and not a.sql.startswith("--")]
    refused = [a.name for a in looks if verdict_word(a, ground, catalogs) not in (Decision.ALLOW,)]
    assert len(refused) <= 2, refused


def test_hidden_rows_behind_a_definer_function_count_as_read(ground: Ground, catalogs: dict[str, Catalog]) -> None:
    catalog = catalogs[READER]
    hidden = catalog.resolve_relation("secrets", "trap")
    assert hidden is not None
    verdict = judge("select trap.definer()", catalog)
    assert not verdict.allowed or hidden.oid in verdict.reads


@pytest.mark.parametrize("name", TEXTS)
def test_monstrous_text_gets_an_answer(name: str, catalogs: dict[str, Catalog]) -> None:
    text = TEXTS[name]()
    started = perf_counter()
    try:
        decided = judge(text, catalogs[""]).decision
    except (StatementInvalid, StatementTooLarge):
        decided = Decision.REFUSE
    assert perf_counter() - started < LONGEST_JUDGEMENT_SECONDS
    assert decided is not Decision.NEEDS_APPROVAL
    if "\x00" in text or "delete" in text:
        assert decided is Decision.REFUSE
