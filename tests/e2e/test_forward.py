"""postern forward: ports and sockets in both directions through one session."""

import json
import os
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from sessions import describe
from support.echo_server import DigestServer, ask, ask_through_socks, expected
from support.wait import wait_until


class Forward:
    """A running `postern forward`; `ports` are those bound, in the order of its lines."""

    def __init__(self, testbed, *options, lines=1):
        self.process = subprocess.Popen(
            [testbed.program("postern"), "forward", "web", "--json", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=testbed.client_environment(),
        )
        self.events = []
        for _ in range(lines):
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read()
            self.events.append(json.loads(line))
        self.ports = [event.get("port") for event in self.events]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        assert self.process.wait(30) == 0, self.process.stderr.read()


@pytest.fixture
def server():
    with DigestServer() as running:
        yield running


def test_a_local_port_leads_to_the_node(testbed, node, server):
    data = os.urandom(8 * 1024 * 1024)
    with Forward(testbed, "-L", f"0:localhost:{server.port}") as forward:
        assert ask(forward.ports[0], data) == expected(data)
        assert ask(forward.ports[0], b"\n") == expected(b"\n")
    wait_until(lambda: not describe(testbed, "Active"), 30, "no active session")


def test_many_connections_at_once(testbed, node, server):
    pieces = [os.urandom(100_000 + i) for i in range(50)]
    with Forward(testbed, "-L", f"0:127.0.0.1:{server.port}") as forward, ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda piece: ask(forward.ports[0], piece), pieces))
    assert answers == [expected(piece) for piece in pieces]


def test_several_forwards_share_a_session(testbed, node, server, tmp_path):
    here = tmp_path / "here.sock"
    with Forward(
        testbed,
        *("-L", f"0:127.0.0.1:{server.port}"),
        *("-L", f"{here}:127.0.0.1:{server.port}"),
        *("-D", "0"),
        *("-R", f"0:127.0.0.1:{server.port}"),
        lines=4,
    ) as forward:
        assert len(describe(testbed, "Active")) == 1
        assert ask(forward.ports[0], b"one") == expected(b"one")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(here))
            connection.sendall(b"two")
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1000).decode() == expected(b"two")
        assert ask_through_socks(forward.ports[2], "localhost", server.port, b"three") == expected(b"three")
        assert ask(forward.ports[3], b"four") == expected(b"four")
    assert not here.exists()


def test_a_socket_on_the_node(testbed, node, tmp_path):
    path = tmp_path / "there.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        with Forward(testbed, "-L", f"0:{path}") as forward:
            with socket.create_connection(("127.0.0.1", forward.ports[0])) as here:
                there, _ = listening.accept()
                here.sendall(b"question")
                assert there.recv(100) == b"question"
                there.sendall(b"answer")
                there.close()
                assert here.recv(100) == b"answer"


def test_a_refused_connection_fails_alone(testbed, node, server):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        closed = probe.getsockname()[1]
    with Forward(testbed, "-L", f"0:127.0.0.1:{server.port}", "-L", f"0:127.0.0.1:{closed}", lines=2) as forward:
        with socket.create_connection(("127.0.0.1", forward.ports[1])) as connection, pytest.raises(ConnectionResetError):
            connection.recv(1)
        assert f"127.0.0.1:{closed}" in forward.process.stderr.readline()
        assert ask(forward.ports[0], b"fine") == expected(b"fine")


def test_a_local_port_in_use_is_said_at_once(testbed, node, server):
    done = subprocess.run(
        [testbed.program("postern"), "forward", "web", "-L", f"{server.port}:localhost:80"],
        capture_output=True, text=True, env=testbed.client_environment(), timeout=30,
    )
    assert done.returncode == 255
    assert f"local port 127.0.0.1:{server.port} is in use by" in done.stderr
    assert str(os.getpid()) in done.stderr
    assert not describe(testbed, "Active")


def test_survives_a_restart_of_the_service(testbed, node, server):
    data = os.urandom(4 * 1024 * 1024)
    with Forward(testbed, "-L", f"0:127.0.0.1:{server.port}") as forward, socket.create_connection(
        ("127.0.0.1", forward.ports[0]), timeout=60
    ) as connection:
        connection.sendall(data[:1_000_000])
        testbed.posternd.kill()
        testbed.posternd.wait()
        testbed.start_posternd()
        connection.sendall(data[1_000_000:])
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1000).decode() == expected(data)
