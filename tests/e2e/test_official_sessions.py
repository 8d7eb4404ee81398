"""Every kind of session with one or two ends of AWS's: the matrix of docs/compatibility.md beyond shells.

See official.py for how to bring AWS's programs. Amounts are small, since AWS's ends move less than 1 MB/s.
"""

import concurrent.futures
import contextlib
import hashlib
import json
import os
import re
import shlex
import socket
import subprocess

import pytest
from official import DIRECTORY, official_environment
from sessions import describe, end_all, wait_over
from support.byte_servers import TcpServer, read_all, receive
from support.forward import Forward
from support.postern_testbed import DEBIAN_AWS
from support.sshd import free_port
from support.terminal import Terminal
from support.wait import wait_until

pytestmark = pytest.mark.skipif(not DIRECTORY, reason="POSTERN_OFFICIAL_DIR is not set")

BULK_BYTES = 1_500_000
STATUS_DOCUMENT = {
    "schemaVersion": "1.0",
    "sessionType": "NonInteractiveCommands",
    "parameters": {"command": {"type": "String"}},
    "properties": {
        platform: {"commands": "{{ command }}", "separateOutputStream": "true"} for platform in ("linux", "windows", "macos")
    },
}


SOCKET_DOCUMENT = {
    "schemaVersion": "1.0",
    "sessionType": "Port",
    "parameters": {"portNumber": {"type": "String"}, "localUnixSocket": {"type": "String"}},
    "properties": {
        "portNumber": "{{ portNumber }}",
        "type": "LocalPortForwarding",
        "localConnectionType": "unix",
        "localUnixSocket": "{{ localUnixSocket }}",
    },
}


class Pair:
    """A client program and a node, one of them AWS's at least."""

    def __init__(self, testbed, client, node_id):
        self.testbed, self.client, self.node_id = testbed, client, node_id

    @property
    def environment(self):
        return official_environment(self.testbed) if self.client == "official-plugin" else self.testbed.client_environment()

    def start(self, document, **parameters):
        """argv that starts a session with a document."""
        listed = json.dumps({name: [str(value)] for name, value in parameters.items()})
        if self.client == "postern":
            return self.postern("start-session", "--document-name", document, "--parameters", listed)
        command = ("ssm", "start-session", "--target", self.node_id, "--document-name", document, "--parameters", listed)
        return self.testbed.aws_command(*command, aws=DEBIAN_AWS)

    def postern(self, command, *arguments):
        return [self.testbed.program("postern"), command, self.node_id, *map(str, arguments)]

    def run(self, command, data=b""):
        return subprocess.run(command, env=self.environment, input=data, timeout=120, check=False, capture_output=True)

    def run_at_a_keyboard(self, command):
        """With an input that has no end: at its end AWS's plugin stops at once, whatever is still to come."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, env=self.environment, **pipes) as process:
            try:
                process.wait(60)
            finally:
                process.kill()
            return subprocess.CompletedProcess(command, process.returncode, process.stdout.read(), process.stderr.read())

    def forward(self, target_port, document="AWS-StartPortForwardingSession", **parameters):
        """A forward from a free local port, which is in its `port`."""
        if self.client == "postern":
            host = parameters.get("host", "localhost")
            command = self.postern("forward", "-L", f"127.0.0.1:0:{host}:{target_port}")
            return Forward(command, self.environment, r"127\.0\.0\.1:(\d+)")
        command = self.start(document, portNumber=target_port, localPortNumber=free_port(), **parameters)
        return Forward(command, self.environment, r"Port (\d+) opened for sessionId \S+\.\s+Waiting for connections")


@pytest.fixture(
    params=["official-plugin/our-agent", "official-plugin/official-agent", "our-plugin/official-agent", "postern/official-agent"]
)
def pair(request, testbed, node):
    client, agent = request.param.split("/")
    node_id = node.id if agent == "our-agent" else request.getfixturevalue("official_node").id
    return Pair(testbed, client, node_id)


def create_document(testbed, name, content):
    testbed.ssm("create-document", "--name", name, "--document-type", "Session", "--content", json.dumps(content))
    return name


@pytest.fixture(scope="module")
def document_with_status(testbed):
    """One that tells the exit status, as none of AWS's own does."""
    return create_document(testbed, "Commands-WithStatus", STATUS_DOCUMENT)


@pytest.fixture(scope="module")
def local_socket_document(testbed):
    return create_document(testbed, "Port-OnALocalSocket", SOCKET_DOCUMENT)


def counted_hash(connection):
    """Answers with the SHA-256 of as many bytes as the first eight say: official ends know no half-close."""
    size = int.from_bytes(receive(connection, 8), "big")
    connection.sendall(hashlib.sha256(receive(connection, size)).digest())


def ask(port, data):
    with socket.create_connection(("127.0.0.1", port), timeout=100) as connection:
        connection.sendall(len(data).to_bytes(8, "big") + data)
        return receive(connection, 32)


def check_forward(through, connections):
    data = os.urandom(BULK_BYTES // connections)
    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        answers = set(pool.map(lambda _: ask(through.port, data), range(connections)))
    assert answers == {hashlib.sha256(data).digest()}


@pytest.mark.parametrize("connections", [1, 8])
def test_port_upload(pair, connections):
    with TcpServer(counted_hash) as server, pair.forward(server.port) as through:
        check_forward(through, connections)


def test_port_download(pair):
    data = os.urandom(BULK_BYTES)

    def serve(connection):
        connection.sendall(data)
        connection.recv(1)

    with TcpServer(serve) as server, pair.forward(server.port) as through:
        with socket.create_connection(("127.0.0.1", through.port), timeout=100) as connection:
            assert receive(connection, len(data)) == data


def test_port_to_a_remote_host(pair):
    with TcpServer(counted_hash) as server:
        document = "AWS-StartPortForwardingSessionToRemoteHost"
        with pair.forward(server.port, document, host="127.0.0.1") as through:
            check_forward(through, 2)


def test_port_that_is_closed(pair):
    """Told to the person; the forward goes on."""
    port = free_port()
    with pair.forward(port) as through:
        with socket.create_connection(("127.0.0.1", through.port), timeout=60) as connection:
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""
        through.wait_said("onnection to destination port failed" if pair.client != "postern" else str(port))
        with socket.socket() as late:
            late.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            late.bind(("127.0.0.1", port))
            late.listen()
            with socket.create_connection(("127.0.0.1", through.port), timeout=60) as connection:
                accepted, _ = late.accept()
                with accepted:
                    accepted.sendall(b"open now")
                    assert receive(connection, 8) == b"open now"


def test_port_on_a_local_socket(pair, tmp_path, local_socket_document):
    path = tmp_path / "socket"
    with TcpServer(counted_hash) as server:
        command = pair.start(local_socket_document, portNumber=server.port, localUnixSocket=path)
        with Forward(command, pair.environment, r"(?:Unix socket \S+ opened for sessionId)|Forwarding"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(60)
                connection.connect(str(path))
                connection.sendall((4).to_bytes(8, "big") + b"data")
                assert receive(connection, 32) == hashlib.sha256(b"data").digest()


def test_end_of_a_forward(pair):
    """Ctrl-C at the client ends the session."""
    end_all(pair.testbed)
    with TcpServer(read_all) as server, pair.forward(server.port) as through:
        assert len(describe(pair.testbed, "Active")) == 1
        # As the terminal would: to the CLI, which ignores it, and to the plugin.
        through.interrupt()
        through.process.wait(30)
        wait_until(lambda: not describe(pair.testbed, "Active"), 60, "no active session", 0.2)


def test_ssh(pair, ssh_peers, tmp_path):
    proxy = pair.postern("ssh-proxy", "%p") if pair.client == "postern" else pair.start("AWS-StartSSHSession", portNumber="%p")
    # By a shell, which ssh asks; its own % remain.
    command = shlex.join(map(str, proxy))
    config = tmp_path / "ssh_config"
    config.write_text(ssh_peers.config_text() + f"Host node\n ProxyCommand {command}\n")
    data = os.urandom(BULK_BYTES)
    done = pair.run(["ssh", "-F", str(config), "node", "cat; exit 3"], data)
    assert done.returncode == 3, done.stderr
    assert done.stdout == data


def test_interactive_command(pair):
    command = pair.start("AWS-StartInteractiveCommand", command="echo rea''dy; head -n 1")
    with Terminal(command, env=pair.environment) as terminal:
        terminal.expect(b"SessionId: ")
        identifier = terminal.expect(b"\r\n").strip().decode()
        # What is typed earlier is lost in AWS's plugin.
        terminal.expect(b"ready")
        terminal.send("typed\r")
        rest = terminal.wait_end(60)
    # The far terminal's echo, and what the command made of it; with AWS's plugin sometimes the near terminal's echo besides.
    assert rest.count(b"typed") >= 2
    assert wait_over(pair.testbed, identifier)["Status"] == "Terminated"


def test_noninteractive_command(pair):
    done = pair.run_at_a_keyboard(pair.start("AWS-StartNonInteractiveCommand", command="echo from the node"))
    assert done.returncode == 0, done
    assert b"from the node\n" in done.stdout


def test_noninteractive_command_with_exit_status(pair, document_with_status):
    """Plugins print everything on their standard output, the status too, and end with 0; `postern` does better."""
    command = "sh -c 'echo out; echo err >&2; exit 3'"
    done = pair.run_at_a_keyboard(pair.start(document_with_status, command=command))
    assert b"out\n" in done.stdout
    if pair.client.endswith("plugin"):
        assert b"err\n" in done.stdout
        assert b"EXIT_CODE: 3" in done.stdout
        assert done.returncode == 0
    else:
        assert done.stderr.endswith(b"err\n")
        assert done.returncode == 3


def test_postern_exec(testbed, official_node):
    """Falls back to what AWS's documents can express: no input, but separate streams and the status."""
    pair = Pair(testbed, "postern", official_node.id)
    done = pair.run(pair.postern("exec", "--", "sh", "-c", "echo out; echo err >&2; exit 3"))
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"err\n")


def test_several_postern_forwards(testbed, official_node):
    """AWS's agent takes one destination a session: a session for each. One that can't be connected fails alone."""
    end_all(testbed)
    closed = free_port()

    def answer(number):
        return TcpServer(lambda connection: connection.sendall(b"server %d" % number))

    with answer(1) as one, answer(2) as two:
        to = [one.port, two.port, closed]
        command = [testbed.program("postern"), "forward", official_node.id, "--json"]
        command += [argument for port in to for argument in ("-L", f"127.0.0.1:0:localhost:{port}")]
        with Forward(command, testbed.client_environment(), r"(?:\{[^\n]*\}\n){3}") as through:
            lines = [json.loads(line) for line in re.findall(r"^\{.*\}$", through.said(), re.MULTILINE)]
            ports = {line["to"]: line["port"] for line in lines}
            assert len(describe(testbed, "Active")) == 3

            def read_from(port):
                with socket.create_connection(("127.0.0.1", ports[f"localhost:{port}"]), timeout=60) as local:
                    with contextlib.suppress(ConnectionResetError):
                        return receive(local, 8)
                    return b""

            assert read_from(closed) == b""
            through.wait_said(f"connection to localhost:{closed} failed")
            assert (read_from(one.port), read_from(two.port)) == (b"server 1", b"server 2")
            through.interrupt()
            assert through.process.wait(30) == 0
    wait_until(lambda: not describe(testbed, "Active"), 60, "no active session", 0.2)
