#!/usr/bin/python3
"""The two ends of a bulk transfer, in processes of their own: they only count, so that what is measured lies between them.

    bulk.py serve                                 listens on a free port of loopback, prints it, serves until its input ends
    bulk.py transfer PORT DIRECTION COUNT BYTES   moves BYTES in all over COUNT connections at once; prints the seconds

The connecting end begins with a direction and a number. `up`: it sends that many bytes and waits for one in answer; `down`:
it gets that many. Data comes from a file in memory by sendfile(), and is dropped inside the kernel (MSG_TRUNC) where it
arrives: neither end copies a byte, and both together move several times what any forward does.
"""

import os
import socket
import struct
import sys
import threading
import time

HELLO = struct.Struct("!cQ")
DIRECTIONS = {"up": b"u", "down": b"d"}
CHUNK = 1024 * 1024
FILE_BYTES = 64 * CHUNK


class Source:
    """Bytes that cost nothing to send."""

    def __init__(self):
        self._file = os.memfd_create("bulk")
        block = os.urandom(CHUNK)
        for _ in range(FILE_BYTES // CHUNK):
            os.write(self._file, block)

    def send(self, connection, count):
        left = count
        while left:
            offset = (count - left) % FILE_BYTES
            left -= os.sendfile(connection.fileno(), self._file, offset, min(left, FILE_BYTES - offset))


def drop(connection, count):
    scratch = bytearray(CHUNK)
    left = count
    while left:
        got = connection.recv_into(scratch, min(left, CHUNK), socket.MSG_TRUNC)
        if got == 0:
            raise EOFError(f"the other end closed with {left} of {count} bytes missing")
        left -= got


def serve_one(connection, source):
    with connection:
        hello = connection.recv(HELLO.size, socket.MSG_WAITALL)
        if len(hello) < HELLO.size:
            return  # somebody who looked whether the port answers
        direction, count = HELLO.unpack(hello)
        try:
            if direction == DIRECTIONS["up"]:
                drop(connection, count)
                connection.sendall(b".")
            else:
                source.send(connection, count)
        except (OSError, EOFError):
            pass  # the measurement was ended


def serve():
    source = Source()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        print(listener.getsockname()[1], flush=True)

        def accept():
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve_one, args=(connection, source), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        sys.stdin.read()


def transfer_one(port, direction, count, source):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(HELLO.pack(DIRECTIONS[direction], count))
        if direction == "up":
            source.send(connection, count)
            if connection.recv(1) != b".":
                raise EOFError("the other end closed before it had everything")
        else:
            drop(connection, count)


def transfer(port, direction, connections, count):
    source = Source() if direction == "up" else None
    failures = []

    def run():
        try:
            transfer_one(port, direction, count // connections, source)
        except (OSError, EOFError) as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run) for _ in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - began
    if failures:
        sys.exit(f"bulk.py: {failures[0]}")
    print(taken)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        transfer(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
