"""Every kind of session with one or two ends of AWS's: the matrix of docs/compatibility.md beyond shells.

See official.py for how to bring AWS's programs. Amounts are small, since AWS's ends move less than 1 MB/s.
"""

import concurrent.futures
import contextlib
import hashlib
import json
import os
import shlex
import socket
import subprocess

import pytest
from official import DIRECTORY, official_environment
from sessions import describe, wait_over
from support.byte_servers import TcpServer, read_all
from support.forward import Forward
from support.postern_testbed import DEBIAN_AWS
from support.sshd import free_port
from support.terminal import Terminal
from support.wait import wait_until

pytestmark = pytest.mark.skipif(not DIRECTORY, reason="POSTERN_OFFICIAL_DIR is not set")

BULK_BYTES = 1_500_000
CONTENT = {
    "schemaVersion": "1.0",
    "sessionType": "NonInteractiveCommands",
    "parameters": {"command": {"type": "String"}},
    "properties": {
        platform: {"commands": "{{ command }}", "separateOutputStream": "true"} for platform in ("linux", "windows", "macos")
    },
}


class Pair:
    """A client program and a node, one of them AWS's at least."""

    def __init__(self, testbed, client, node_id):
        self.testbed, self.client, self.node_id = testbed, client, node_id

    @property
    def environment(self):
        return official_environment(self.testbed) if self.client == "official-plugin" else self.testbed.client_environment()

    def aws(self, document, **parameters):
        """argv that starts a session with a document."""
        listed = json.dumps({name: [str(value)] for name, value in parameters.items()})
        command = ("ssm", "start-session", "--target", self.node_id, "--document-name", document, "--parameters", listed)
        return self.testbed.aws_command(*command, aws=DEBIAN_AWS)

    def postern(self, command, *arguments):
        return [self.testbed.program("postern"), command, self.node_id, *map(str, arguments)]

    def run(self, command, data=b""):
        return subprocess.run(command, env=self.environment, input=data, timeout=120, check=False, capture_output=True)

    def forward(self, target_port, document="AWS-StartPortForwardingSession", **parameters):
        """A forward from a free local port, which is in its `port`."""
        if self.client == "postern":
            host = parameters.get("host", "localhost")
            command = self.postern("forward", "-L", f"127.0.0.1:0:{host}:{target_port}")
            return Forward(command, self.environment, r"127\.0\.0\.1:(\d+)")
        command = self.aws(document, portNumber=target_port, localPortNumber=free_port(), **parameters)
        return Forward(command, self.environment, r"Port (\d+) opened for sessionId \S+\.\s+Waiting for connections")


@pytest.fixture(
    params=["official-plugin/our-agent", "official-plugin/official-agent", "our-plugin/official-agent", "postern/official-agent"]
)
def pair(request, testbed, node):
    client, agent = request.param.split("/")
    node_id = node.id if agent == "our-agent" else request.getfixturevalue("official_node").id
    return Pair(testbed, client, node_id)


@pytest.fixture
def plugin_pair(pair):
    """Without `postern`, which has no command for a document by its name."""
    if pair.client == "postern":
        pytest.skip("a plugin's matter")
    return pair


def counted_hash(connection):
    """Answers with the SHA-256 of as many bytes as the first eight say: official ends know no half-close."""
    size = int.from_bytes(connection.recv(8, socket.MSG_WAITALL), "big")
    connection.sendall(hashlib.sha256(connection.recv(size, socket.MSG_WAITALL)).digest())


def ask(port, data):
    with socket.create_connection(("127.0.0.1", port), timeout=100) as connection:
        connection.sendall(len(data).to_bytes(8, "big") + data)
        return connection.recv(32, socket.MSG_WAITALL)


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
            assert connection.recv(len(data), socket.MSG_WAITALL) == data


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
                    assert connection.recv(8, socket.MSG_WAITALL) == b"open now"


def test_port_on_a_local_socket(plugin_pair, tmp_path):
    path = tmp_path / "socket"
    with TcpServer(counted_hash) as server:
        command = plugin_pair.aws(
            "AWS-StartPortForwardingSessionToSocket",
            host="127.0.0.1",
            portNumber=server.port,
            localConnectionType="unix",
            localUnixSocket=path,
        )
        with Forward(command, plugin_pair.environment, r"Unix socket \S+ opened for sessionId"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(60)
                connection.connect(str(path))
                connection.sendall((4).to_bytes(8, "big") + b"data")
                assert connection.recv(32, socket.MSG_WAITALL) == hashlib.sha256(b"data").digest()


def test_end_of_a_forward(pair):
    """Ctrl-C at the client ends the session."""
    with TcpServer(read_all) as server, pair.forward(server.port) as through:
        before = set(describe(pair.testbed, "Active"))
        assert len(before) == 1
        # As the terminal would: to the CLI, which ignores it, and to the plugin.
        through.interrupt()
        through.process.wait(30)
        wait_until(lambda: not describe(pair.testbed, "Active"), 60, "no active session", 0.2)


def test_ssh(pair, ssh_peers, tmp_path):
    proxy = pair.postern("ssh-proxy", "%p") if pair.client == "postern" else pair.aws("AWS-StartSSHSession", portNumber="%p")
    # By a shell, which ssh asks; its own % remain.
    command = shlex.join(map(str, proxy))
    config = tmp_path / "ssh_config"
    config.write_text(ssh_peers.config_text() + f"Host node\n ProxyCommand {command}\n")
    data = os.urandom(BULK_BYTES)
    done = pair.run(["ssh", "-F", str(config), "node", "cat; exit 3"], data)
    assert done.returncode == 3, done.stderr
    assert done.stdout == data


def test_interactive_command(plugin_pair):
    command = plugin_pair.aws("AWS-StartInteractiveCommand", command="head -n 1")
    with Terminal(command, env=plugin_pair.environment) as terminal:
        terminal.expect(b"SessionId: ")
        identifier = terminal.expect(b"\r\n").strip().decode()
        terminal.send("typed\r")
        rest = terminal.wait_end(60)
    # The terminal's echo, and what the command made of it.
    assert rest.count(b"typed") == 2
    assert wait_over(plugin_pair.testbed, identifier)["Status"] == "Terminated"


def test_noninteractive_command(plugin_pair):
    done = plugin_pair.run(plugin_pair.aws("AWS-StartNonInteractiveCommand", command="echo from the node"))
    assert done.returncode == 0, done
    assert b"from the node\n" in done.stdout


@pytest.fixture(scope="module")
def document_with_status(testbed):
    """One that tells the exit status, as none of AWS's own does."""
    testbed.ssm(
        *("create-document", "--name", "Commands-WithStatus", "--document-type", "Session"),
        *("--content", json.dumps(CONTENT)),
    )
    return "Commands-WithStatus"


def test_noninteractive_command_with_exit_status(plugin_pair, document_with_status):
    """AWS's plugin prints everything on its standard output, the status too, and ends with 0."""
    command = "sh -c 'echo out; echo err >&2; exit 3'"
    done = plugin_pair.run(plugin_pair.aws(document_with_status, command=command))
    assert b"out\n" in done.stdout
    if plugin_pair.client == "official-plugin":
        assert b"err\n" in done.stdout
        assert b"EXIT_CODE: 3" in done.stdout


def test_postern_exec(testbed, official_node):
    """Falls back to what AWS's documents can express: no input, but separate streams and the status."""
    pair = Pair(testbed, "postern", official_node.id)
    done = pair.run(pair.postern("exec", "--", "sh", "-c", "echo out; echo err >&2; exit 3"))
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"err\n")
