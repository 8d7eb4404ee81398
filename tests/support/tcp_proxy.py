"""A TCP proxy on loopback that can add a round trip, be cut, and be frozen.

Delay: every byte reaches the other side half a round trip after it was read, in order, however many others are under
way, so throughput is not limited (up to MAX_QUEUED_BYTES a direction). The TCP handshake is counted too: loopback
completes it at once, so the proxy holds the first bytes back by the round trip that a SYN and its answer would take.
"""

import collections
import socket
import threading
import time

MAX_QUEUED_BYTES = 256 << 20
READ_BYTES = 256 << 10


class TcpProxy:
    """Listens on an ephemeral port of 127.0.0.1 and forwards to `target`, a (host, port) pair.

    cut(): existing connections are reset, new ones are closed at once.
    freeze(): nothing is lost and nothing moves, as when a cable is pulled.
    restore(): undoes both.
    """

    def __init__(self, target, round_trip=0.0):
        self._target = target
        self._round_trip = round_trip
        self._connections = set()
        self._lock = threading.Lock()
        self._is_cut = False
        self._flowing = threading.Event()
        self._flowing.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def cut(self):
        with self._lock:
            self._is_cut = True
            connections = list(self._connections)
        for connection in connections:
            connection.reset()

    def freeze(self):
        self._flowing.clear()

    def restore(self):
        with self._lock:
            self._is_cut = False
        self._flowing.set()

    def connection_count(self):
        with self._lock:
            return len(self._connections)

    def close(self):
        # close() alone would leave accept() waiting.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._flowing.set()
        self.cut()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            accepted = time.monotonic()
            with self._lock:
                if self._is_cut:
                    client.close()
                    continue
            threading.Thread(target=self._serve, args=(client, accepted), daemon=True).start()

    def _serve(self, client, accepted):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one_way = self._round_trip / 2
        # What the client sent before its handshake could have completed leaves it only then.
        upward = _Pump(client, one_way, accepted + self._round_trip, self._flowing)
        # The server would see the handshake complete one and a half round trips after the client's SYN.
        time.sleep(1.5 * self._round_trip)
        self._flowing.wait()
        try:
            server = socket.create_connection(self._target)
        except OSError:
            upward.stop()
            client.close()
            return
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(client, server)
        with self._lock:
            self._connections.add(connection)
            is_cut = self._is_cut
        if is_cut:
            connection.reset()
        downward = _Pump(server, one_way, accepted, self._flowing)
        upward.write_to(server)
        downward.write_to(client)
        upward.join()
        downward.join()
        with self._lock:
            self._connections.discard(connection)
        client.close()
        server.close()


class _Connection:
    def __init__(self, client, server):
        self._sockets = (client, server)

    def reset(self):
        for sock in self._sockets:
            try:
                # Linger of zero seconds: close() sends RST. shutdown() wakes the threads that wait on it.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class _Pump:
    """One direction: a thread that reads and stamps from the beginning, a thread that writes when it is time."""

    def __init__(self, source, delay, not_before, flowing):
        self._source, self._sink = source, None
        self._delay, self._not_before, self._flowing = delay, not_before, flowing
        self._queue = collections.deque()  # (due, bytes); b"" is the end of the stream
        self._queued_bytes = 0
        self._changed = threading.Condition()
        self._broken = False
        self._threads = []
        self._run(self._read)

    def write_to(self, sink):
        self._sink = sink
        self._run(self._write)

    def _run(self, target):
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self):
        for thread in self._threads:
            thread.join()

    def _read(self):
        data = b"?"
        while data:
            try:
                data = self._source.recv(READ_BYTES)
            except OSError:
                data = b""
            due = max(time.monotonic(), self._not_before) + self._delay
            with self._changed:
                self._changed.wait_for(lambda: self._broken or self._queued_bytes < MAX_QUEUED_BYTES)
                if self._broken:
                    return
                self._queue.append((due, data))
                self._queued_bytes += len(data)
                self._changed.notify_all()

    def _write(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue)
                due, data = self._queue.popleft()
                self._queued_bytes -= len(data)
                self._changed.notify_all()
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self._flowing.wait()
            try:
                if not data:
                    self._sink.shutdown(socket.SHUT_WR)
                    return
                self._sink.sendall(data)
            except OSError:
                self.stop()
                return

    def stop(self):
        with self._changed:
            self._broken = True
            self._changed.notify_all()
        try:
            self._source.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
