"""Real reads are not refused: PostgreSQL's own regression SQL, whose truth is found by running it."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from psycopg import conninfo
from tests.corpora.regress import archive
from tests.corpora.regress.psql import Place, Session
from tests.corpora.regress.replay import SERVER, Judgement, Replay, by_reason, summarise
from tests.corpora.regress.truth import Truth, find

from pgwarden.adapters.embedded.server import EmbeddedServer
from pgwarden.sql.verdict import judge

SAMPLE = (
    "arrays",
    "case",
    "enum",
    "groupingsets",
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
"""Files that together meet every feature of reads; `benchmarks/reads_refused.py` plays all 230."""
MOST_REFUSED = 0.01


@pytest.mark.parametrize(
    ("sql", "truth"),
    [
        ("select 1", Truth.READ),
        ("explain analyze select count(*) from pg_class", Truth.READ),
        ("select 1 / 0", Truth.FAILED),
        ("select * from pg_class for update", Truth.FAILED),
        ("select pg_advisory_lock(1)", Truth.EFFECT),
        ("select set_config('a.b', 'c', false)", Truth.EFFECT),
        ("select pg_notify('a', 'b')", Truth.EFFECT),
        ("select pg_current_xact_id()", Truth.EFFECT),
    ],
)
def test_truth_is_found_by_running(sql: str, truth: Truth, database: str) -> None:
    with Session(Place(database, str(conninfo.conninfo_to_dict(database)["dbname"]), Path())) as session:
        assert find(session, sql).truth is truth
        assert find(session, "select 1").truth is Truth.READ


def test_true_reads_are_allowed_and_effects_are_not(run_directory: Path) -> None:
    """One test, so that the sample is played once, whatever worker it falls to."""
    judgements = play(run_directory / f"regress-{uuid.uuid4().hex[:8]}")
    summary = summarise(judgements)
    assert summary.reads > 1_800
    assert summary.refused_share <= MOST_REFUSED, by_reason(judgements).most_common()
    assert summary.ordered < 0.05 * summary.reads  # otherwise the share above would say nothing
    assert [(j.file, j.line, j.finding.why) for j in judgements if j.wrongly_allowed] == []


def play(root: Path) -> tuple[Judgement, ...]:
    """The sample on a server of its own: the files make roles and tablespaces."""
    files = root / "files"
    files.mkdir(parents=True)
    root.chmod(0o711)
    archive.unpack(files)
    with EmbeddedServer(root / "server", options=SERVER) as server:
        replay = Replay(server.conninfo(), files, judge)
        replay.prepare()
        return tuple(replay.play(SAMPLE))
