"""Small servers on loopback, for what goes through a forward. Each is a context manager with a `port`."""

import contextlib
import functools
import hashlib
import http.server
import os
import socket
import threading

BLOCK = 64 * 1024


class TcpServer:
    """Calls `serve(connection)` in a thread for each connection, on 127.0.0.1, or on a UNIX socket at `path`."""

    def __init__(self, serve, path=None):
        self._serve = serve
        if path is None:
            self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
            self.port = self._listener.getsockname()[1]
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(path))
            self._listener.listen(512)
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        # Wakes the accept() that close() alone would leave waiting.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        with connection, contextlib.suppress(ConnectionError):
            self._serve(connection)


def read_all(connection):
    """Until the other end has no more to say."""
    blocks = []
    while block := connection.recv(BLOCK):
        blocks.append(block)
    return b"".join(blocks)


def receive(connection, size):
    """Exactly so many bytes, or fewer when the other end has said all. MSG_WAITALL does nothing on a socket with a timeout."""
    blocks, left = [], size
    while left and (block := connection.recv(min(left, BLOCK))):
        blocks.append(block)
        left -= len(block)
    return b"".join(blocks)


def answer_hash(connection):
    """Reads to the end and then answers with the SHA-256 of it: needs a half-close."""
    connection.sendall(hashlib.sha256(read_all(connection)).hexdigest().encode())


def echo(connection):
    while block := connection.recv(BLOCK):
        connection.sendall(block)


def hash_server(path=None):
    return TcpServer(answer_hash, path)


def echo_server(path=None):
    return TcpServer(echo, path)


class FileServer:
    """HTTP for one file, whatever path is asked for; made for many clients at once."""

    class _Server(http.server.ThreadingHTTPServer):
        request_queue_size = 512
        daemon_threads = True

    class _Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, content, *arguments):
            self._content = content
            super().__init__(*arguments)

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(self._content)))
            self.end_headers()
            self.wfile.write(self._content)

        def log_message(self, *_):
            pass

    def __init__(self, size):
        self.content = os.urandom(size)
        self._server = self._Server(("127.0.0.1", 0), functools.partial(self._Handler, self.content))
        self.port = self._server.server_address[1]

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
