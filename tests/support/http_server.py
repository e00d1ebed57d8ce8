"""A real HTTP server on loopback that remembers what it got and answers as a test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What it is answered; ``late`` means: not before the test ends."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    late: bool = False
    pieces: tuple[bytes, ...] = ()
    """Sent one by one in place of the body."""
    holds: bool = False
    """After the pieces nothing more comes, until whoever asked leaves (``Listener.left``) or the test ends."""
    breaks: bool = False
    """After the pieces the connection is lost."""


class Listener:
    """The server's memory; ``answer`` may be replaced at any time."""

    def __init__(self, answer: Callable[[Got], Answer]) -> None:
        self.got: list[Got] = []
        self.answer = answer
        self.url = ""
        self.ended = threading.Event()
        self.left = threading.Event()


@contextmanager
def listening(answer: Callable[[Got], Answer]) -> Iterator[Listener]:
    """A server for the block."""
    listener = Listener(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            listener.got.append(got)
            answer = listener.answer(got)
            if answer.late:
                listener.ended.wait(30)
                return
            self.send_response(answer.status)
            for name, value in {"content-type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            whole = b"".join(answer.pieces) or answer.body
            if not answer.holds:
                self.send_header("content-length", str(len(whole) + answer.breaks))
            self.end_headers()
            for piece in answer.pieces or (answer.body,):
                self.wfile.write(piece)
                self.wfile.flush()
            if answer.holds:
                self.connection.settimeout(30)
                with suppress(ConnectionResetError):  # unread bytes make a close a reset
                    if self.connection.recv(1):
                        return
                listener.left.set()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        listener.ended.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
