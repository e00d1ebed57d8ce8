"""``pgwarden serve``: one address for a team and its agents, and the work that is due."""

from __future__ import annotations

import socket
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Json, open_app
from pgwarden.cli.render import emit_json
from pgwarden.domain.errors import InputInvalid

if TYPE_CHECKING:
    from pgwarden.bootstrap import App


def register(app: typer.Typer) -> None:
    app.command()(serve)


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8765,
    url: Annotated[
        str, typer.Option("--url", help="How clients reach it, behind a proxy: https://pgwarden.example.org")
    ] = "",
    tls_certificate: Annotated[
        Path | None, typer.Option("--tls-certificate", help="Serve over TLS with this certificate and its chain (PEM).")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="Its key (PEM), without a passphrase.")] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", min=0, max=64, help="Jobs (timers, messages, executions) done at once; 0: none.")
    ] = 2,
    as_json: Json = False,
) -> None:
    """Serve the page to people, the MCP servers to agents with tokens, and do the work that is due, until stopped.

    [dim]pgwarden token create robot "laptop agent"[/dim]
    """
    certificate = _certificate(tls_certificate, tls_key)
    listening = _listening(host, port)
    everywhere = host in ("", "0.0.0.0", "::")  # noqa: S104 - asked for by the caller, and told what it is
    scheme = "https" if certificate else "http"
    reached = url or f"{scheme}://{'127.0.0.1' if everywhere else host}:{listening.getsockname()[1]}"

    async def work(app: App) -> None:
        from pgwarden.servers.serving import serve as answer
        from pgwarden.web.app import page_app

        def started() -> None:
            if as_json:
                emit_json({"url": reached, "mcp": f"{reached}/mcp/all", "api": f"{reached}/api/v1/openapi.json"})
                sys.stdout.flush()
            sys.stderr.write(f"pgwarden serves its page at {reached} and MCP at {reached}/mcp/all; Ctrl-C stops it.\n")

        await answer(app, listening, reached, jobs=jobs, pages=[page_app], started=started, certificate=certificate)

    from pgwarden.bootstrap import set_up_logging
    from pgwarden.settings import load

    set_up_logging(load())
    with listening:
        open_app(work, admit=False, scope=None, door="web")  # every call proves its own identity


def _certificate(certificate: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    """The files of TLS, where it is wanted. InputInvalid where they are not a certificate with its key."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise InputInvalid(
            "TLS needs a certificate and its key.", not_done="Nothing is served.", next_step="Give both options."
        )
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError) as error:
        raise InputInvalid(
            "The certificate and its key cannot be used.",
            why=f"{error.strerror or error}.",
            not_done="Nothing is served.",
            next_step="Give the chain and its key as PEM files that pgwarden can read, the key without a passphrase.",
        ) from None
    return certificate, key


def _listening(host: str, port: int) -> socket.socket:
    """A socket on that address. Raises InputInvalid when it is taken or none of this machine's."""
    try:
        listening = socket.create_server((host, port), backlog=128)
        # Connections inherit it, and asyncio would not set it on them: without it an answer that goes out in parts
        # waits 40 ms for the client to acknowledge the first.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        raise InputInvalid(
            f"{host}:{port} cannot be listened on.",
            why=f"{error.strerror or error}.",
            not_done="Nothing is served.",
            next_step="Give another --host or --port.",
        ) from None
