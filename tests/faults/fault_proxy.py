"""A TCP proxy with faults: many links, each a listening port in front of one target.

Reads commands on stdin, one a line, and answers each with one line on stdout:

    link NAME TARGET_HOST TARGET_PORT    → the port that NAME listens on
    set NAME MODE [NUMBER]               → ok
        pass            forwards
        cut             resets every connection, refuses new ones
        blackhole       half-open: accepts, keeps every connection and forwards nothing either way
        deaf            forwards towards the target, nothing back
        delay MS        forwards every piece MS milliseconds late
        slice BYTES     forwards at most BYTES at a time, a millisecond apart

What was held back by blackhole or deaf is delivered by `set NAME pass`: the path was silent, not lossy, as TCP
promises. Ends with stdin.
"""

import asyncio
import contextlib
import socket
import struct
import sys

PIECE_BYTES = 65536
SLICE_WAIT_SECONDS = 0.001


def reset(writer):
    """Closes with RST, as a crashed machine's peer would see."""
    with contextlib.suppress(OSError):  # It has just been closed.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Link:
    def __init__(self, host, port):
        self.host, self.port = host, port
        self.mode, self.number = "pass", 0
        self.changed = asyncio.Event()
        self.writers = set()

    async def listen(self):
        server = await asyncio.start_server(self.accept, "127.0.0.1", 0, limit=PIECE_BYTES)
        return server.sockets[0].getsockname()[1]

    def set(self, mode, number):
        self.mode, self.number = mode, number
        self.changed.set()
        self.changed = asyncio.Event()
        if mode == "cut":
            for writer in list(self.writers):
                reset(writer)

    async def accept(self, reader, writer):
        if self.mode == "cut":
            return reset(writer)
        ends = [writer]
        self.writers.add(writer)
        try:
            while self.mode in ("blackhole", "deaf"):
                await self.changed.wait()
            far_reader, far_writer = await asyncio.open_connection(self.host, self.port, limit=PIECE_BYTES)
            ends.append(far_writer)
            self.writers.add(far_writer)
            for end in ends:  # Raises when `cut` has just closed it.
                end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.gather(self.pump(reader, far_writer, "blackhole"),
                                 self.pump(far_reader, writer, "blackhole", "deaf"))
        except OSError:
            for end in ends:
                reset(end)
        finally:
            self.writers.difference_update(ends)

    async def pump(self, reader, writer, *silent):
        """Forwards one direction until it ends; `silent` are the modes that hold it back."""
        try:
            while piece := await reader.read(PIECE_BYTES):
                while self.mode in silent:
                    await self.changed.wait()
                await self.forward(piece, writer)
            while self.mode in silent:  # A silent line shows no end either.
                await self.changed.wait()
            writer.write_eof()
        except (OSError, RuntimeError):
            reset(writer)

    async def forward(self, piece, writer):
        if self.mode == "delay":
            await asyncio.sleep(self.number / 1000)
        while piece:
            size = self.number if self.mode == "slice" else len(piece)
            writer.write(piece[:size])
            await writer.drain()
            piece = piece[size:]
            if self.mode == "slice":
                await asyncio.sleep(SLICE_WAIT_SECONDS)


async def answer(words, links):
    if words[0] == "link":
        link = links[words[1]] = Link(words[2], int(words[3]))
        return await link.listen()
    if words[0] == "set":
        links[words[1]].set(words[2], int(words[3]) if len(words) > 3 else 0)
        return "ok"
    return f"unknown command {words[0]}"


async def main():
    links = {}
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        print(await answer(line.decode().split(), links), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
