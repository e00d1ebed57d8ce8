"""The files for running it: what they name exists, and the unit is one that systemd takes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import typer.main

from pgwarden.cli.main import app

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PORT = 8765


def options_of_serve() -> set[str]:
    command = typer.main.get_command(app)
    serve = command.commands["serve"]  # type: ignore[attr-defined]
    return {option for parameter in serve.params for option in parameter.opts}


def test_the_unit_is_fenced_in_and_taken_by_systemd(tmp_path: Path) -> None:
    unit = (DEPLOY / "pgwarden.service").read_text()
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "User=pgwarden"):
        assert f"\n{line}\n" in unit
    assert set(re.findall(r"--[a-z-]+", unit)) <= options_of_serve()
    if (verify := shutil.which("systemd-analyze")) is not None:
        copy = tmp_path / "pgwarden.service"
        copy.write_text(unit.replace("/opt/pgwarden/bin/pgwarden", sys.executable))
        told = subprocess.run([verify, "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False)
        assert (told.returncode, told.stderr) == (0, "")


def test_the_container_file_copies_what_is_there_and_runs_no_root() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    for names in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        assert all((ROOT / name).exists() for name in names.split()), names
    assert text.rindex("USER pgwarden") > text.rindex("FROM")
    assert "--require-hashes" in text
    assert set(re.findall(r"--(?:host|port|url)", text)) <= options_of_serve()


def test_proxies_lead_to_the_port_that_is_served_and_hold_no_stream_back() -> None:
    nginx, caddy = (DEPLOY / "nginx.conf").read_text(), (DEPLOY / "Caddyfile").read_text()
    for text in (nginx, caddy):
        assert f"127.0.0.1:{PORT}" in text
    assert "proxy_buffering off" in nginx
    assert "X-Forwarded-For $remote_addr" in nginx
    assert "flush_interval -1" in caddy
    if (program := shutil.which("caddy")) is not None:
        command = [program, "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stderr
