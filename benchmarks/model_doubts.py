"""How often the model engine's checks are wrong: ``python benchmarks/model_doubts.py DATA`` (or ``PGWARDEN_NL_DATA``).

DATA as for ``language.py``. Each check looks at the gold SQL of every question that has an answer, as if a model had
proposed it; whatever it finds there is a false alarm. Prints how many there are, of how many questions, for each
check; with ``--show`` the questions too. Then the gold is spoilt (every comparison turned; every number made another
one) and counted how much of that is found.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from psycopg.conninfo import make_conninfo

from language import _module, known, load  # type: ignore[import-not-found]  # its neighbour
from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.context.directions import direction_doubts
from pgwarden.context.doubt import Doubt
from pgwarden.context.figures import unsaid_doubts, unused_doubts
from pgwarden.context.ground import Ground
from pgwarden.context.grounding import read_doubts
from pgwarden.context.said import Said
from pgwarden.context.swaps import crossed_doubts, misplaced_doubts
from pgwarden.domain.claims import Claims
from pgwarden.domain.question import Question
from pgwarden.sql.claims import claims_of

Check = Callable[[Claims, Question, Ground], Iterator[Doubt]]
CHECKS: dict[str, Check] = {
    "a value of another column": lambda claims, _question, ground: misplaced_doubts(claims, ground),
    "numbers of two columns crossed": lambda claims, question, ground: crossed_doubts(claims, question.text, ground),
    "the other direction": lambda claims, question, _ground: direction_doubts(claims, question.text),
    "a number that is not used": lambda claims, question, _ground: unused_doubts(claims, question.text),
    "a number that nobody said": lambda claims, question, ground: unsaid_doubts(claims, Said.of(question), ground),
    "any, with unknown values": lambda claims, question, ground: iter(
        read_doubts(claims, question, ground.catalog, ground.values)
    ),
}


TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
SPOILT: dict[str, Callable[[str], str]] = {
    "comparisons turned": lambda sql: re.sub(r"(?<![<>!])(<=|>=|<|>)(?![<>=])", lambda m: TURNED[m[1]], sql),
    "numbers changed": lambda sql: re.sub(r"(?<![\w.'-])([2-9]|\d{2,})(?![\w.'-])", lambda m: str(int(m[1]) + 37), sql),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default=os.environ.get("PGWARDEN_NL_DATA", ""))
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    alarms: Counter[str] = Counter()
    spoilt: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    asked = 0
    for question, sql, ground in golden(Path(given.data)):
        asked += 1
        found = doubts_of(question, sql, ground)
        for way, spoil in SPOILT.items():
            if (worse := spoil(sql)) != sql:
                spoilt[way] += 1
                caught[way] += bool(doubts_of(question, worse, ground)["any, with unknown values"])
        for check, doubts in found.items():
            alarms[check] += bool(doubts)
            if given.show and doubts and not check.startswith("any"):
                print(f"{check}: {question.text}\n  {sql}\n  {'; '.join(doubt.words for doubt in doubts)}")
    for check in CHECKS:
        print(f"{check:34} {alarms[check]:4} of {asked}: {alarms[check] / max(asked, 1):.1%}")
    for way in SPOILT:
        print(f"{way + ': found':34} {caught[way]:4} of {spoilt[way]}: {caught[way] / max(spoilt[way], 1):.1%}")


def doubts_of(question: Question, sql: str, ground: Ground) -> dict[str, list[Doubt]]:
    """What each check says of a statement."""
    claims = claims_of(sql, ground.catalog)
    return {name: list(check(claims, question, ground)) for name, check in CHECKS.items()}


def golden(data: Path) -> Iterator[tuple[Question, str, Ground]]:
    """Each question that has an answer, and its first gold SQL."""
    score = _module(data / "score.py")
    questions = [q for q in score.load_jsonl(data / "questions.jsonl") if q.get("answerable", True)]
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        with EmbeddedServer(Path(directory) / "server", options=ServerOptions(durable=False)) as server:
            for name in sorted({str(q["db"]) for q in questions}):
                load(server.conninfo(), f"raw_{name}", [data / "databases" / f"{name}.sql"])
                catalog, values = asyncio.run(known(make_conninfo(server.conninfo(), dbname=f"raw_{name}")))
                for each in questions:
                    if each["db"] == name:
                        question = Question(str(each["question"]), str(each["instructions"]))
                        yield question, score.variants(each["gold"])[0], Ground(question, catalog, values)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaves as usual: the server is stopped
    main()
