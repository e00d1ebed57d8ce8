"""Makes the pictures of the docs from the real program: commands run in a terminal, their output kept as SVG.

Run it after `./run demo --keep`: .venv/bin/python docs/screenshots.py
"""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

IMAGES = Path(__file__).parent / "images"
WIDTH = 100
PROGRAM = str(Path(sys.executable).parent / "pgwarden")

PICTURES: dict[str, list[list[str]]] = {
    "ask": [
        ["ask", "-d", "shop", "top 5 products by revenue in the last 90 days"],
        ["ask", "-d", "shop", "how many customers are there by state?", "--limit", "8"],
    ],
    "check": [
        ["check", "-d", "shop", "with gone as (delete from orders returning *) select count(*) from gone"],
        ["check", "-d", "shop", "select query_to_xml('delete from orders', true, true, '')"],
        ["check", "-d", "shop", "select o.id, c.city from orders o join customers c on c.id = o.customer_id"],
    ],
    "sample": [["sample", "-d", "shop", "suppliers", "-n", "4"]],
}


def main() -> None:
    """Every picture."""
    IMAGES.mkdir(exist_ok=True)
    for name, commands in PICTURES.items():
        screen = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
        for command in commands:
            words = " ".join(f'"{word}"' if " " in word else word for word in command)
            screen.print(Text(f"$ pgwarden {words}", style="bold green"))
            screen.print(Text.from_ansi(_run(command)))
        screen.save_svg(str(IMAGES / f"{name}.svg"), title="pgwarden")


def _run(command: list[str]) -> str:
    """The output of a command that believes to be in a terminal."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": str(WIDTH), "LINES": "50", "TERM": "xterm-256color"}
    words = [PROGRAM, *command]
    process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)  # noqa: S603 - ours
    os.close(theirs)
    chunks = []
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other side was closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    process.wait()
    return b"".join(chunks).decode().replace("\r\n", "\n")


if __name__ == "__main__":
    main()
