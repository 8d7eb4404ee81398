"""An HTTP proxy on loopback that knows CONNECT and nothing else (RFC 9110 section 9.3.6)."""

import socket
import threading

MAX_HEAD_BYTES = 16 << 10


class ConnectProxy:
    """Listens on an ephemeral port of 127.0.0.1; `targets` are the authorities that clients asked for, in order.

    Every host name leads to 127.0.0.1, so that clients can ask for one that they could not find by themselves.
    """

    def __init__(self):
        self.targets = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # close() alone would leave accept() waiting.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                # One byte at a time: what follows the head belongs to the tunnel.
                data = client.recv(1)
                if not data or len(head) > MAX_HEAD_BYTES:
                    return
                head += data
            method, target, _ = head.split(b"\r\n")[0].decode().split()
            if method != "CONNECT":
                client.sendall(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
                return
            self.targets.append(target)
            with socket.create_connection(("127.0.0.1", int(target.rpartition(":")[2]))) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                upward = threading.Thread(target=_copy, args=(client, server), daemon=True)
                upward.start()
                _copy(server, client)
                upward.join()


def _copy(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for sock in (source, sink):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
