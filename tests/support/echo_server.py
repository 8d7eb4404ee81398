"""Small TCP servers on loopback for what forwards lead to."""

import hashlib
import socket
import socketserver
import threading


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        """Reads to the end of the request, then answers with its SHA-256 and length: an answer needs the half-close."""
        digest, size = hashlib.sha256(), 0
        while block := self.request.recv(65536):
            digest.update(block)
            size += len(block)
        self.request.sendall(f"{digest.hexdigest()} {size}".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 256


class DigestServer:
    """Context manager; `port` is where it listens."""

    def __enter__(self):
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def ask(port, data, host="127.0.0.1", timeout=60):
    """Sends `data`, ends that direction, and returns the whole answer."""
    with socket.create_connection((host, port), timeout=timeout) as connection:
        return _exchange(connection, data)


def ask_through_socks(proxy_port, host, port, data, timeout=60):
    """The same through a SOCKS5 proxy, which is given the host's name."""
    with socket.create_connection(("127.0.0.1", proxy_port), timeout=timeout) as connection:
        name = host.encode()
        connection.sendall(b"\5\1\0" + b"\5\1\0\3" + bytes([len(name)]) + name + port.to_bytes(2, "big"))
        replies = b""
        while len(replies) < 12 and (block := connection.recv(12 - len(replies))):
            replies += block
        assert replies[:4] == b"\5\0\5\0", replies
        return _exchange(connection, data)


def _exchange(connection, data):
    sender = threading.Thread(target=_send, args=(connection, data))
    sender.start()
    answer = b""
    while block := connection.recv(65536):
        answer += block
    sender.join()
    return answer.decode()


def _send(connection, data):
    try:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # what is missing shows in the answer


def expected(data):
    return f"{hashlib.sha256(data).hexdigest()} {len(data)}"
