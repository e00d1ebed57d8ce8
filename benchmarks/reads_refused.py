"""How many true reads the verdict refuses, over all of PostgreSQL's regression SQL.

``python benchmarks/reads_refused.py [--details FILE] [name ...]``: names are files to play instead of all, FILE gets
each refusal as a line of JSON. It ends with status 1 when more than 1 % are refused that are not meant to be, or when
an effect was allowed.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.corpora.regress import archive
from tests.corpora.regress.replay import SERVER, Judgement, Replay, by_reason, summarise

from pgwarden.adapters.embedded.server import EmbeddedServer
from pgwarden.sql.verdict import judge

MOST_REFUSED = 0.01
PEER = 0.16
"""What the best peer refuses of such reads."""


def main(arguments: list[str]) -> int:
    details = Path(arguments.pop(arguments.index("--details") + 1)) if "--details" in arguments else None
    names = [name for name in arguments if not name.startswith("--")]
    with tempfile.TemporaryDirectory(prefix="pgwarden-regress-") as directory:
        root = Path(directory)
        root.chmod(0o711)
        judgements = play(root, names)
    report(judgements)
    if details:
        details.write_text(
            "".join(json.dumps(described(j)) + "\n" for j in judgements if j.refused or j.wrongly_allowed)
        )
    summary = summarise(judgements)
    return int(summary.refused_share > MOST_REFUSED or summary.allowed_effects > 0)


def play(root: Path, names: list[str]) -> list[Judgement]:
    """Every candidate of the named files, or of all."""
    files = root / "files"
    files.mkdir()
    archive.unpack(files)
    found: list[Judgement] = []
    with EmbeddedServer(root / "server", options=SERVER) as server:
        replay = Replay(server.conninfo(), files, judge)
        replay.prepare()
        for name in names or archive.schedule(files):
            started = perf_counter()
            played = replay.play_one(name)
            found += played
            summary = summarise(played)
            if summary.refused or summary.allowed_effects:
                print(
                    f"{name:24} {summary.reads:5} reads, {summary.refused:3} refused, {summary.ordered:3} on purpose, "
                    f"{summary.allowed_effects} effects allowed, {perf_counter() - started:.1f} s",
                    flush=True,
                )
    return found


def report(judgements: list[Judgement]) -> None:
    summary = summarise(judgements)
    for reason, number in by_reason(judgements).most_common():
        print(f"  {number:5}  {reason}")
    for judgement in judgements:
        if judgement.wrongly_allowed:
            print(f"  allowed: {judgement.file}:{judgement.line} {judgement.finding.why}")
    print(
        f"true reads {summary.reads}, refused on purpose {summary.ordered}, refused otherwise {summary.refused}: "
        f"{summary.refused_share:.2%} (target {MOST_REFUSED:.0%}, best peer {PEER:.0%}); "
        f"effects allowed {summary.allowed_effects}"
    )


def described(judgement: Judgement) -> dict[str, object]:
    reasons = judgement.verdict.reasons if judgement.verdict else ()
    return {
        "file": judgement.file,
        "line": judgement.line,
        "sql": judgement.sql,
        "truth": judgement.finding.truth,
        "on_purpose": judgement.ordered,
        "reasons": [f"{reason.code}: {reason.message}" for reason in reasons],
    }


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaves as usual: the server is stopped
    sys.exit(main(sys.argv[1:]))
