"""A proxy on loopback that counts network round trips: how often the client has to wait for the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class RoundTrips:
    """``count`` grows by one whenever the client sends something after the server has spoken."""

    def __init__(self) -> None:
        self.count = 0
        self.url = ""
        self.lose = ""
        """"question" or "answer": the next one is lost, and every connection with it."""
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
        server_reader, server_writer = await asyncio.open_connection(host, port)
        self._writers |= {writer, server_writer}
        spoken = [True]  # the client speaks first

        async def ask() -> None:
            while data := await reader.read(1 << 20):
                self.count += spoken[0]
                spoken[0] = False
                if self._loses("question"):
                    return
                server_writer.write(data)
                await server_writer.drain()
            server_writer.close()

        async def answer() -> None:
            while data := await server_reader.read(1 << 20):
                spoken[0] = True
                if self._loses("answer"):
                    return
                writer.write(data)
                await writer.drain()
            writer.close()

        await asyncio.gather(ask(), answer())

    def _loses(self, kind: str) -> bool:
        if self.lose != kind:
            return False
        self.lose = ""
        self.cut()
        return True

    def cut(self) -> None:
        """Break every connection, as a network does."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()


@asynccontextmanager
async def round_trips(conninfo: str) -> AsyncIterator[RoundTrips]:
    """A proxy in front of the server of ``conninfo``; its ``url`` leads through it."""
    given = conninfo_to_dict(conninfo)
    host, port = str(given["host"]), int(str(given["port"]))
    proxy = RoundTrips()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await proxy.serve(reader, writer, host, port)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy.url = make_conninfo(conninfo, host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    try:
        yield proxy
    finally:
        proxy.cut()
        server.close()
        await server.wait_closed()
