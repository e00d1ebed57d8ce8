"""Real reads are not refused: PostgreSQL's own regression SQL, whose truth is found by running it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.corpora.regress import archive
from tests.corpora.regress.replay import SERVER, Judgement, Replay, by_reason, summarise

from pgwarden.adapters.embedded.server import EmbeddedServer
from pgwarden.sql.verdict import judge

SAMPLE = (
    "arrays",
    "case",
    "domain",
    "enum",
    "groupingsets",
    "jsonb",
    "limit",
    "multirangetypes",
    "rangefuncs",
    "rowtypes",
    "select",
    "select_distinct_on",
    "sqljson_jsontable",
    "strings",
    "tablesample",
    "tsearch",
    "union",
    "window",
    "with",
)
"""Files that together meet every feature of reads; `./run soak` plays all 230."""
MOST_REFUSED = 0.01


@pytest.fixture(scope="module")
def judgements(run_directory: Path) -> Iterator[tuple[Judgement, ...]]:
    root = run_directory / f"regress-{uuid.uuid4().hex[:8]}"
    files = root / "files"
    files.mkdir(parents=True)
    root.chmod(0o711)
    archive.unpack(files)
    with EmbeddedServer(root / "server", options=SERVER) as server:
        replay = Replay(server.conninfo(), files, judge)
        replay.prepare()
        yield tuple(replay.play(SAMPLE))


def test_true_reads_are_seldom_refused(judgements: tuple[Judgement, ...]) -> None:
    summary = summarise(judgements)
    assert summary.reads > 2_000
    assert summary.refused_share <= MOST_REFUSED, by_reason(judgements).most_common()


def test_few_reads_are_refused_on_purpose(judgements: tuple[Judgement, ...]) -> None:
    """Otherwise the measure above would say nothing."""
    summary = summarise(judgements)
    assert summary.ordered < 0.05 * summary.reads


def test_nothing_with_an_effect_is_allowed(judgements: tuple[Judgement, ...]) -> None:
    assert [(j.file, j.line, j.finding.why) for j in judgements if j.wrongly_allowed] == []
