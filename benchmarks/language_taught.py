"""What teaching is worth: ``python benchmarks/language_taught.py DATA`` (or ``PGWARDEN_NL_DATA``), DATA as for
``language.py``.

Questions of one database with the same gold SQL say the same in other words. Of each such group some questions, chosen
by a hash of their ids, are taught with their gold; every other question of the database is then asked, those whose
paraphrase was taught and those that have none (where teaching can only do harm). Prints right, wrong and not answered
before and after, and the precision of both.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import signal
import sys
import tempfile
from collections import Counter, defaultdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from psycopg.conninfo import make_conninfo

from language import Row, _module, known, load  # type: ignore[import-not-found]  # its neighbour
from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.agents.intelligent_query import IntelligentQueryAgent
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.feedback import Example, Lesson
from pgwarden.domain.question import Question
from pgwarden.domain.value_index import SampledValues
from pgwarden.language.engine import BuiltInEngine

AT = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    data, score, databases = given(__doc__)
    results: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        with EmbeddedServer(Path(directory) / "server", options=ServerOptions(durable=False)) as server:
            for name, questions in sorted(databases.items()):
                load(server.conninfo(), f"raw_{name}", [data / "databases" / f"{name}.sql"])
                facts = asyncio.run(known(make_conninfo(server.conninfo(), dbname=f"raw_{name}")))
                runner = score.Runner(server.conninfo(), "raw_", 10)
                for group, before, after in asked(questions, facts, partial(score.judge, runner)):
                    results[group][before, after] += 1
    for group, found in sorted(results.items()):
        show(group, found)


def given(description: str | None):  # type: ignore[no-untyped-def]  # the scorer is a module of DATA
    """What the command line names: DATA, its scorer, and its questions by database."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("data", nargs="?", default=os.environ.get("PGWARDEN_NL_DATA", ""))
    data = Path(parser.parse_args().data)
    score = _module(data / "score.py")
    databases: dict[str, list[Row]] = defaultdict(list)
    for question in score.load_jsonl(data / "questions.jsonl"):
        databases[str(question["db"])].append(question)
    return data, score, databases


def asked(questions: list[Row], facts: tuple[Catalog, SampledValues], judge):  # type: ignore[no-untyped-def]
    """(group, fate before, fate after) of each question that was not taught."""
    catalog, values = facts
    groups: dict[str, list[Row]] = defaultdict(list)
    for question in questions:
        if question.get("answerable", True) and not question["instructions"]:
            groups[str(question["gold"])].append(question)
    taught = {str(q["id"]) for group in groups.values() for q in chosen(group)}
    paraphrased = {str(q["id"]) for group in groups.values() if len(group) > 1 for q in group} - taught
    others = tuple(
        Example(str(q["question"]), str(q["gold"][0]), "team", AT) for q in questions if str(q["id"]) in taught
    )
    agent, lesson = IntelligentQueryAgent([BuiltInEngine()]), Lesson(others=others)
    for question in questions:
        if str(question["id"]) not in taught:
            words = Question(str(question["question"]), str(question["instructions"]))
            before = asyncio.run(agent.translate(words, catalog, values))
            found = agent.learnt(before, lesson, catalog, values)
            found = found or agent.said_otherwise(words, before, lesson, catalog, values) or before
            answerable = question.get("answerable", True)
            group = "paraphrase taught" if str(question["id"]) in paraphrased else "nothing taught"
            group = group if answerable else "unanswerable"
            yield group, fate(question, before.sql, judge), fate(question, found.sql, judge)


def chosen(group: list[Row]) -> list[Row]:
    """About half of the questions that say the same, at least one of several and never all."""
    ordered = sorted(group, key=lambda q: hashlib.sha256(str(q["id"]).encode()).hexdigest())
    return ordered[: len(ordered) // 2]


def fate(question: Row, sql: str | None, judge) -> str:  # type: ignore[no-untyped-def]
    if sql is None:
        return "not answered"
    return "right" if judge(question, sql)[0] in ("correct", "subset") else "wrong"


def show(group: str, found: Counter[tuple[str, str]]) -> None:
    print(f"{group}: {sum(found.values())} questions")
    for place, when in enumerate(("before", "after")):
        counts = Counter[str]()
        for fates, count in found.items():
            counts[fates[place]] += count
        answered = counts["right"] + counts["wrong"]
        precision = f"{counts['right'] / answered:.1%}" if answered else "–"
        print(f"  {when:6} right {counts['right']}, wrong {counts['wrong']}, not answered {counts['not answered']},"
              f" precision {precision}")  # fmt: skip
    moved = {f"{a} → {b}": n for (a, b), n in sorted(found.items()) if a != b}
    print(f"  changed: {moved or 'nothing'}")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaves as usual: the server is stopped
    main()
