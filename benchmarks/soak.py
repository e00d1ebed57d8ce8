"""The long campaigns: random changes and undos, kills, input for the API, and every read of the regression SQL.

`./run soak` takes hours. `./run soak --cases 500 --kills 30` is a shorter one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys


def main() -> int:
    """Run every campaign, go on after a red one, and say which were red."""
    parser = argparse.ArgumentParser(prog="./run soak", description=__doc__)
    parser.add_argument("--cases", type=int, default=4000, help="random schemas with changes and undos")
    parser.add_argument("--kills", type=int, default=300, help="kills of client and server in the middle")
    parser.add_argument("--inputs", type=int, default=200, help="inputs of each operation of the API")
    arguments = parser.parse_args()
    pytest = [sys.executable, "-m", "pytest", "-n", "auto"]
    campaigns = {
        "changes and undos": ([*pytest, "tests/differential"], {"PGWARDEN_SOAK": str(arguments.cases)}),
        "kills": ([*pytest, "tests/crash"], {"PGWARDEN_SOAK_KILLS": str(arguments.kills)}),
        "the API": ([*pytest, "tests/integration/test_api_fuzz.py"], {"PGWARDEN_SOAK_API": str(arguments.inputs)}),
        "regression reads": ([sys.executable, "benchmarks/reads_refused.py"], {}),
    }
    red = [
        name
        for name, (command, extra) in campaigns.items()
        if subprocess.run(command, env=os.environ | extra, check=False).returncode
    ]
    print(f"red: {', '.join(red)}" if red else "every campaign is green")
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main())
