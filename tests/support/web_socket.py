"""A small WebSocket client (RFC 6455) for tests that must send what no real client would."""

import base64
import hashlib
import json
import os
import socket
import struct
from urllib.parse import urlsplit

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Refused(Exception):
    """The upgrade was answered with another status than 101."""

    def __init__(self, status, body):
        super().__init__(f"{status}: {body!r}")
        self.status, self.body = status, body


class Closed(Exception):
    """The peer ended the connection; `reason` is the Close frame's text, or empty when there was none."""

    def __init__(self, code=None, reason=""):
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


class WebSocket:
    """A connected socket; every read has a deadline."""

    def __init__(self, url, tls, headers=None, timeout=10):
        parts = urlsplit(url)
        raw = socket.create_connection((parts.hostname, parts.port or 443), timeout=timeout)
        self._socket = tls.wrap_socket(raw, server_hostname=parts.hostname)
        self._buffer = b""
        self._upgrade(parts, headers or {})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _upgrade(self, parts, headers):
        key = base64.b64encode(os.urandom(16)).decode()
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self._buffer:
            self._fill()
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        status = int(head.split()[1])
        if status != 101:
            raise Refused(status, self._buffer)
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest())
        assert b"sec-websocket-accept: " + accept.lower() in head.lower(), head

    def _fill(self):
        data = self._socket.recv(65536)
        if not data:
            raise Closed()
        self._buffer += data

    def _take(self, count):
        while len(self._buffer) < count:
            self._fill()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def send_raw(self, data):
        """Bytes as they are, for frames that are wrong."""
        self._socket.sendall(data)

    def send(self, opcode, payload, masked=True):
        length = len(payload)
        if length < 126:
            size = struct.pack("!B", length | (0x80 if masked else 0))
        elif length < 1 << 16:
            size = struct.pack("!BH", 126 | (0x80 if masked else 0), length)
        else:
            size = struct.pack("!BQ", 127 | (0x80 if masked else 0), length)
        mask = os.urandom(4) if masked else b""
        if masked:
            payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self._socket.sendall(bytes([0x80 | opcode]) + size + mask + payload)

    def send_json(self, value):
        self.send(TEXT, json.dumps(value).encode())

    def receive(self):
        """The next data message; PINGs are answered on the way. Raises Closed, or TimeoutError."""
        message = b""
        while True:
            first, second = self._take(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", self._take(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", self._take(8))
            payload = self._take(length)
            opcode = first & 0x0F
            if opcode == PING:
                self.send(PONG, payload)
            elif opcode == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else None
                raise Closed(code, payload[2:].decode(errors="replace"))
            elif opcode != PONG:
                message += payload
                if first & 0x80:
                    return message

    def closed(self):
        """Reads on until the peer ends the connection, and returns the Closed that says how. Data is thrown away."""
        while True:
            try:
                self.receive()
            except Closed as closed:
                return closed
            except (ConnectionError, BrokenPipeError) as reset:
                return Closed(None, str(reset))
