"""Forwarded ports, with the programs that people send through them."""

import concurrent.futures
import contextlib
import hashlib
import os
import re
import socket
import subprocess

import pytest
from sessions import describe, end_all
from support.byte_servers import BLOCK, FileServer, TcpServer, echo_server, hash_server, read_all, receive
from support.forward import Forward
from support.postern_testbed import DEBIAN_AWS
from support.postgres import Postgres, is_installed, psql
from support.sshd import free_port
from support.wait import wait_until

# What `postern forward` says of each port that it listens on, and AWS's plugin and ours of theirs.
LISTENING = r"127\.0\.0\.1:(\d+)"
PLUGIN_LISTENING = r"Port (\d+) opened for sessionId \S+\.\s+Waiting for connections"
DOWNLOADS = 200
DOWNLOAD_BYTES = 1_000_000
BULK_BYTES = 100_000_000


@pytest.fixture
def forward(testbed, node):
    """Starts `postern forward NODE ...` and waits until its first port listens."""
    with contextlib.ExitStack() as stack:

        def start(*arguments, ready=LISTENING):
            command = [testbed.program("postern"), "forward", node.name, *arguments]
            return stack.enter_context(Forward(command, testbed.client_environment(), ready))

        yield start


@pytest.fixture
def aws_forward(testbed, node):
    """The AWS CLI with our plugin and one of AWS's documents."""
    with contextlib.ExitStack() as stack:

        def start(document, ready=PLUGIN_LISTENING, **parameters):
            listed = ",".join(f"{name}={value}" for name, value in parameters.items())
            command = testbed.aws_command(
                *("ssm", "start-session", "--target", node.id, "--document-name", document, "--parameters", listed),
                aws=DEBIAN_AWS,
            )
            return stack.enter_context(Forward(command, testbed.client_environment(), ready))

        yield start


def local(target, port=0):
    """-L on loopback."""
    return ("-L", f"127.0.0.1:{port}:127.0.0.1:{target}")


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def ask_hash(port, data):
    """Sends and half-closes; what comes back is the far side's hash of it all."""
    with connect(port) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection).decode()


def curl(*arguments):
    done = subprocess.run(["curl", "-sS", "--fail", *map(str, arguments)], capture_output=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-1000:].decode()
    return done.stdout


# -- curl


def test_curl_two_hundred_downloads_at_once(forward, tmp_path):
    with FileServer(DOWNLOAD_BYTES) as server:
        through = forward(*local(server.port))
        # One connection each: 200 streams at a time, not two hundred requests over a few.
        curl(
            *("--parallel", "--parallel-immediate", "--parallel-max", DOWNLOADS, "-H", "Connection: close"),
            *(f"http://127.0.0.1:{through.port}/[1-{DOWNLOADS}]", "-o", tmp_path / "#1"),
        )
        wanted = hashlib.sha256(server.content).digest()
    files = sorted(tmp_path.iterdir())
    assert len(files) == DOWNLOADS
    assert {hashlib.sha256(file.read_bytes()).digest() for file in files} == {wanted}


def test_curl_through_socks(forward):
    with FileServer(1000) as server:
        through = forward("-D", "127.0.0.1:0")
        proxy = ("--socks5-hostname", f"127.0.0.1:{through.port}")
        assert curl(*proxy, f"http://localhost:{server.port}/") == server.content
        assert curl(*proxy, f"http://127.0.0.1:{server.port}/") == server.content
        refused = subprocess.run(
            ["curl", "-sS", *proxy, f"http://127.0.0.1:{free_port()}/"], capture_output=True, text=True, timeout=60, check=False
        )
        # What SOCKS says for a refused connection, in curl's words.
        assert refused.returncode == 97, refused
        assert curl(*proxy, f"http://localhost:{server.port}/") == server.content


# -- psql


@pytest.fixture(scope="module")
def postgres():
    if not is_installed():
        pytest.skip("not installed: postgresql")
    with Postgres() as server:
        yield server


def check_psql(port):
    assert psql(port, "-c", "select 6 * 7") == "42"
    rows = "\n".join(f"{n}\tline {n}" for n in range(50_000))
    script = "create temp table t (n int, line text);\ncopy t from stdin;\n" + rows + "\n\\.\ncopy t to stdout;\n"
    assert psql(port, text=script) == rows


def test_psql_through_a_remote_host_document(aws_forward, postgres):
    through = aws_forward(
        "AWS-StartPortForwardingSessionToRemoteHost", host="localhost", portNumber=postgres.port, localPortNumber=0
    )
    check_psql(through.port)


def test_psql_through_postern_forward(forward, postgres):
    check_psql(forward("-L", f"127.0.0.1:0:localhost:{postgres.port}").port)


# -- AWS's documents


def test_port_document(aws_forward):
    with hash_server() as server:
        through = aws_forward("AWS-StartPortForwardingSession", portNumber=server.port, localPortNumber=free_port())
        data = os.urandom(3_000_000)
        assert ask_hash(through.port, data) == hashlib.sha256(data).hexdigest()


def test_socket_document(aws_forward, tmp_path):
    """To a UNIX socket on the node."""
    path = tmp_path / "socket"
    with hash_server(path):
        through = aws_forward("AWS-StartPortForwardingSessionToSocket", socket=path, localPortNumber=0)
        assert ask_hash(through.port, b"to a socket") == hashlib.sha256(b"to a socket").hexdigest()


def test_sockets_of_both_machines(forward, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    with hash_server(there), hash_server() as server:
        through = forward("-L", f"127.0.0.1:0:{there}", "-L", f"{here}:127.0.0.1:{server.port}", ready=f"{LISTENING}.*?{here}")
        assert ask_hash(through.port, b"there") == hashlib.sha256(b"there").hexdigest()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(str(here))
            connection.sendall(b"here")
            connection.shutdown(socket.SHUT_WR)
            assert read_all(connection).decode() == hashlib.sha256(b"here").hexdigest()


# -- what TCP promises


def test_half_close_by_the_client(forward):
    with hash_server() as server:
        through = forward(*local(server.port))
        for data in (b"", b"x", os.urandom(5_000_000)):
            assert ask_hash(through.port, data) == hashlib.sha256(data).hexdigest()


def test_half_close_by_the_server(forward):
    """It has said everything first, and goes on reading."""
    heard = []

    def serve(connection):
        connection.sendall(b"a greeting")
        connection.shutdown(socket.SHUT_WR)
        heard.append(read_all(connection))

    with TcpServer(serve) as server:
        through = forward(*local(server.port))
        with connect(through.port) as connection:
            assert read_all(connection) == b"a greeting"
            connection.sendall(b"an answer")
        wait_until(lambda: heard, 20, "the server's end of stream")
    assert heard == [b"an answer"]


def test_both_directions_at_once(forward):
    data = os.urandom(BULK_BYTES)
    with echo_server() as server:
        through = forward(*local(server.port))
        with connect(through.port) as connection, concurrent.futures.ThreadPoolExecutor(1) as pool:
            sending = pool.submit(connection.sendall, data)
            digest, left = hashlib.sha256(), len(data)
            while left:
                block = connection.recv(BLOCK)
                assert block, f"{left} bytes missing"
                digest.update(block)
                left -= len(block)
            sending.result()
    assert digest.digest() == hashlib.sha256(data).digest()


def test_one_that_does_not_read_holds_up_nobody(forward):
    def flood(connection):
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(bytes(BLOCK))

    with TcpServer(flood) as flooding, hash_server() as server:
        through = forward(*local(flooding.port), *local(server.port), ready=f"{LISTENING}.*?{LISTENING}")
        ports = listening_ports(through)
        stalled = [connect(ports[0]) for _ in range(10)]
        try:
            data = os.urandom(20_000_000)
            assert ask_hash(ports[1], data) == hashlib.sha256(data).hexdigest()
        finally:
            for connection in stalled:
                connection.close()


def listening_ports(through):
    """The local port of each line, in the order of the command line."""
    return [int(match[1]) for match in re.finditer(rf"(?m)^[^\n]*?{LISTENING}", through.said())]


def test_refused_connection_is_reported_to_itself_alone(forward):
    refusing = free_port()
    with echo_server() as server:
        through = forward(*local(refusing), *local(server.port), ready=f"{LISTENING}.*?{LISTENING}")
        ports = listening_ports(through)
        with connect(ports[1]) as alive:
            alive.sendall(b"before")
            assert receive(alive, 6) == b"before"
            with connect(ports[0]) as refused, contextlib.suppress(ConnectionResetError):
                assert receive(refused, 1) == b""
            through.wait_said("refused")
            assert str(refusing) in through.said()
            alive.sendall(b"after")
            assert alive.recv(5) == b"after"


def test_metadata_address_is_denied(testbed, node):
    """A literal address is refused before there is a session."""
    done = subprocess.run(
        [testbed.program("postern"), "forward", node.name, "-L", "127.0.0.1:0:169.254.169.254:80"],
        env=testbed.client_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "169.254.169.254" in done.stderr


# -- the command line


def test_busy_port_is_said_at_once(testbed, node):
    end_all(testbed)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [testbed.program("postern"), "forward", node.name, *local(80, port)],
            env=testbed.client_environment(),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 255
    assert f"127.0.0.1:{port}" in done.stderr
    assert "in use" in done.stderr
    # We are the owner, and may know it.
    assert str(os.getpid()) in done.stderr
    assert describe(testbed, "Active") == {}, "no session was started for nothing"


def test_ctrl_c_ends_it_and_its_session(testbed, forward):
    with echo_server() as server:
        through = forward(*local(server.port))
        with connect(through.port) as connection:
            connection.sendall(b"x")
            assert connection.recv(1) == b"x"
            assert len(describe(testbed, "Active")) == 1
            through.interrupt()
            through.process.wait(20)
            # Closed one way or the other: something may have been on its way.
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""
        wait_until(lambda: not describe(testbed, "Active"), 20, "the session's end", 0.1)


# -- the other way


def test_remote_forward(forward):
    """-R: a port of the node leads to this side."""
    with hash_server() as server:
        through = forward("-R", f"127.0.0.1:0:127.0.0.1:{server.port}")
        data = os.urandom(3_000_000)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: ask_hash(through.port, data), range(8)))
    assert set(answers) == {hashlib.sha256(data).hexdigest()}


def test_remote_forward_of_a_busy_port_says_so(testbed, node):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [testbed.program("postern"), "forward", node.name, "-R", f"127.0.0.1:{port}:127.0.0.1:80"],
            env=testbed.client_environment(),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 255
    assert str(port) in done.stderr
    assert "in use" in done.stderr
