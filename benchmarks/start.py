"""How long a person waits for the first answer of ``./run demo``: ``python benchmarks/start.py [starts]``.

Each start is a process of its own, from its first instruction to the line that follows the first answer; imports,
the start of PostgreSQL and the look at the schema are in it. The first start also makes the cluster and loads the
shop. The aim of the second is about 5 s; there is no peer to compare with, so bare Python's start stands beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

MARK = "first answer"
LONGEST_SECONDS = 120.0


def main(starts: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o711)  # the server's account passes through
        home = Path(directory, "state")
        home.mkdir(mode=0o711)
        first = first_answer(home)
        bare = [bare_start() for _ in range(starts)]
        later = [first_answer(home) for _ in range(starts)]
    print(f"load average {os.getloadavg()[0]:.1f}")
    print(f"bare Python             {median(bare):6.2f} s")
    print(f"first start             {first:6.2f} s  (makes the cluster, loads 200,000 rows)")
    print(f"second start, median    {median(later):6.2f} s  of {starts}, fastest {min(later):.2f} s (target about 5 s)")


def bare_start() -> float:
    started = perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return perf_counter() - started


def first_answer(home: Path) -> float:
    """Seconds until the first answer stood there; the tour is stopped then."""
    environment = {**os.environ, "PGWARDEN_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    command = ["timeout", "--signal=INT", str(LONGEST_SECONDS), sys.executable, "-m", "pgwarden.demo.tour"]
    started = perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as tour:
        assert tour.stdout is not None
        found = next((perf_counter() - started for line in tour.stdout if MARK in line), None)
        tour.terminate()
        for _ in tour.stdout:  # its last words
            pass
    if found is None:
        raise SystemExit("the tour gave no answer")
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
