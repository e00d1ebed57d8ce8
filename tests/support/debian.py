"""Debian's own PostgreSQL 15 under our launcher: the second major family, with TLS, XML and contrib."""

from __future__ import annotations

import subprocess
from pathlib import Path

from pgwarden.adapters.embedded.account import service_account
from pgwarden.adapters.embedded.installation import Installation
from pgwarden.adapters.embedded.locks import exclusive

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


def installation() -> Installation:
    return Installation(15, PROGRAMS)


def tls_settings(directory: Path) -> dict[str, str]:
    """Settings that turn TLS on, with a self-signed certificate for localhost made once per run."""
    home = directory / "tls"
    key, certificate = home / "server.key", home / "server.crt"
    with exclusive(directory / "tls.lock"):
        if not certificate.exists():
            home.mkdir(mode=0o711)
            home.chmod(0o711)
            _self_signed(key, certificate)
    return {"ssl": "on", "ssl_key_file": str(key), "ssl_cert_file": str(certificate)}


def _self_signed(key: Path, certificate: Path) -> None:
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*request, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    key.chmod(0o600)
    service_account().own(key)
    certificate.chmod(0o644)
