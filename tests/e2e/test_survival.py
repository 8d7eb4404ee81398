"""Killed programs and cut connections: a session resumes where it was, or ends with a reason in a stated time."""

import contextlib
import hashlib
import json
import os
import pwd
import signal
import socket
import sqlite3
import struct
import tempfile
import threading
import time
import uuid
from pathlib import Path

import pytest
from sessions import describe, session_id, wait_over
from support.aws_http import AwsHttp
from support.byte_servers import TcpServer, echo, receive
from support.forward import Forward
from support.postern_testbed import DEBIAN_AWS, Testbed
from support.processes import descendants, is_alive, kill, name_of
from support.tcp_proxy import TcpProxy
from support.terminal import Terminal
from support.wait import wait_until

CUT_SECONDS = 10
# Within this time of the network's return a session runs on.
RESUME_SECONDS = 20
# The delay between two of an idle agent's attempts may be a minute.
MOST_BETWEEN_ATTEMPTS = 75
# Within this time of an end's death nothing of a session remains on the node.
END_SECONDS = 60
# AWS's plugin makes its last attempt so long after it lost its connection.
PLUGIN_SECONDS = 3
COUNTED = 400
# More than all buffers on the way hold together, so that most of it is yet to come when a connection is cut.
FLOOD = 1_400_000
PASTED_LINES = 20_000
# Our client's, wherever the output happens to be.
NOTICE = b"\r\nConnection lost, reconnecting ...\r\n"


@pytest.fixture
def far_node(testbed):
    """A node whose agent reaches the service through a proxy."""
    with TcpProxy(("127.0.0.1", testbed.port)) as proxy:
        node = testbed.add_node(f"far-{uuid.uuid4()}", endpoint=f"https://127.0.0.1:{proxy.port}")
        yield node, proxy
        node.stop()


@pytest.fixture
def far_client(testbed):
    """A profile that reaches the service through a proxy."""
    with TcpProxy(("127.0.0.1", testbed.port)) as proxy:
        testbed.write_profile("far", testbed.admin, f"https://127.0.0.1:{proxy.port}")
        yield proxy


def open_shell(testbed, node, profile="postern", kind="postern", endpoint=None):
    command = [testbed.program("postern"), "start-session", node.id, "--profile", profile]
    if kind == "aws":
        command = testbed.aws_command("ssm", "start-session", "--target", node.id, aws=DEBIAN_AWS, endpoint=endpoint)
    shell = Terminal(command, env=testbed.client_environment(profile))
    shell.settle()
    return shell


def agents():
    """Processes of agents, their workers included, wherever the death of a parent has put them."""
    return {process.pid for process in descendants(os.getpid()) if "postern-agent" in process.command}


def interrupt(proxy, how):
    """Takes the connection away for CUT_SECONDS."""
    getattr(proxy, how)()
    time.sleep(CUT_SECONDS)
    proxy.restore()


def check_resumes(shell, proxy, how):
    """The far side counts and the person types while the connection is away; both arrive complete and in order."""
    shell.send(f"for i in $(seq {COUNTED}); do echo n$i; sleep 0.02; done; read line; echo \"got $line\"\r")
    shell.expect(b"n10\r\n")
    getattr(proxy, how)()
    shell.send("typed while away\r")
    interrupt(proxy, how)
    printed = shell.expect(b"got typed while away\r\n", timeout=RESUME_SECONDS)
    numbers = [line for line in printed.split(b"\r\n") if line.startswith(b"n")]
    assert numbers == [b"n%d" % i for i in range(11, COUNTED + 1)]
    shell.expect(shell.prompt)
    assert shell.run("echo still here") == "still here"


@pytest.mark.parametrize("how", ["cut", "freeze"])
def test_client_is_away(testbed, node, far_client, how):
    with open_shell(testbed, node, "far") as shell:
        assert far_client.connection_count() > 0, "the session bypasses the proxy"
        check_resumes(shell, far_client, how)
        shell.send("exit\r")
        shell.wait_end()


@pytest.mark.parametrize("how", ["cut", "freeze"])
def test_agent_is_away(testbed, far_node, how):
    node, proxy = far_node
    with open_shell(testbed, node) as shell:
        check_resumes(shell, proxy, how)
        shell.send("exit\r")
        shell.wait_end()
    node.wait_connected(MOST_BETWEEN_ATTEMPTS)


def test_plugin_is_away(testbed, node, far_client):
    """The same program as `postern`, but the AWS CLI has called the API, and the plugin makes its own way back."""
    with open_shell(testbed, node, kind="aws", endpoint=f"https://127.0.0.1:{far_client.port}") as shell:
        assert far_client.connection_count() > 0, "the session bypasses the proxy"
        check_resumes(shell, far_client, "cut")
        shell.send("exit\r")
        shell.wait_end()


class Several:
    """Proxies that share their fate."""

    def __init__(self, *proxies):
        self._proxies = proxies

    def __getattr__(self, name):
        return lambda: [getattr(proxy, name)() for proxy in self._proxies]


@pytest.fixture(params=["client", "agent", "both"])
def far_ends(request, testbed, far_node, far_client):
    """A node and a profile that are both reached through proxies, and what cuts the named leg."""
    node, agent_proxy = far_node
    cut = {"client": Several(far_client), "agent": Several(agent_proxy), "both": Several(far_client, agent_proxy)}
    return node, cut[request.param]


@pytest.mark.parametrize("how", ["cut", "freeze"])
def test_flood_of_output_is_complete(testbed, far_ends, how):
    node, proxies = far_ends
    with open_shell(testbed, node, "far") as shell:
        shell.send(f"seq 1 {FLOOD}; echo do''ne\r")
        begun = shell.expect(b"\r\n20000\r\n")
        interrupt(proxies, how)
        rest = shell.expect(b"done\r\n", timeout=RESUME_SECONDS + 60)
        printed = (begun + b"\r\n20000\r\n" + rest.replace(NOTICE, b"")).split(b"\r\n")[1:-1]
        assert printed == [str(n).encode() for n in range(1, FLOOD + 1)]
        shell.expect(shell.prompt)
        shell.send("exit\r")
        shell.wait_end()


def test_paste_is_complete(testbed, far_ends):
    node, proxies = far_ends
    text = b"".join(b"line %06d of what somebody pastes\n" % i for i in range(PASTED_LINES))
    with open_shell(testbed, node, "far") as shell:
        shell.send("stty -echo; echo rea''dy; cat | sha256sum; stty echo\r")
        shell.expect(b"ready\r\n")
        # The terminal takes nothing while the client is full.
        paste = threading.Thread(target=lambda: shell.child.send(text + b"\x04"), daemon=True)
        paste.start()
        interrupt(proxies, "cut")
        assert hashlib.sha256(text).hexdigest() in shell.expect(shell.prompt, timeout=RESUME_SECONDS + 60).decode()
        paste.join()
        shell.send("exit\r")
        shell.wait_end()


def test_agent_without_a_session_comes_back(testbed, far_node):
    node, proxy = far_node
    interrupt(proxy, "cut")
    node.wait_connected(MOST_BETWEEN_ATTEMPTS)
    with open_shell(testbed, node) as shell:
        assert shell.run("echo again") == "again"


def test_a_session_outlives_its_nodes_credentials(testbed, node):
    """They are good for an hour, and nothing is cut with them; what connects after that asks for others first."""
    with open_shell(testbed, node) as shell:
        testbed.stop_posternd()
        expires = time.time() + 10
        with contextlib.closing(sqlite3.connect(testbed.state_dir / "postern.db")) as store, store:
            assert store.execute("UPDATE node_credentials SET expires = ?", (int(expires * 1e6),)).rowcount > 0
        testbed.start_posternd()
        assert shell.run("echo before", timeout=RESUME_SECONDS + 10) == "before"
        wait_until(lambda: time.time() > expires + 1, 20, "the credentials expired")
        assert shell.run("echo after") == "after"
        assert f"leg_closed session={session_id(shell)}" not in testbed.log(testbed.posternd.log_name)
        testbed.stop_posternd()
        testbed.start_posternd()
        assert shell.run("echo again", timeout=MOST_BETWEEN_ATTEMPTS) == "again"
        shell.send("exit\r")
        shell.wait_end()
    node.wait_connected(MOST_BETWEEN_ATTEMPTS)


def test_posternd_is_restarted(testbed, node):
    with open_shell(testbed, node) as shell:
        assert shell.run("variable=kept; echo $variable") == "kept"
        testbed.stop_posternd()
        testbed.start_posternd()
        shell.send("echo \"$variable after\"\r")
        shell.expect(b"kept after\r\n", timeout=RESUME_SECONDS)
        shell.expect(shell.prompt)
        shell.send("exit\r")
        shell.wait_end()
    node.wait_connected(60)


def test_posternd_is_killed(testbed, node):
    with open_shell(testbed, node) as shell:
        assert shell.run("variable=kept; echo $variable") == "kept"
        testbed.posternd.kill()
        testbed.posternd.wait()
        testbed.start_posternd()
        shell.send("echo \"$variable after\"\r")
        shell.expect(b"kept after\r\n", timeout=RESUME_SECONDS)
        shell.expect(shell.prompt)
        shell.send("exit\r")
        shell.wait_end()
    node.wait_connected(60)


def test_trap_25_a_killed_posternd_answers_in_time(testbed, node):
    """AWS's plugin asks ResumeSession for about three seconds after it lost its connection, and then never again."""
    with open_shell(testbed, node) as shell:
        identifier = session_id(shell)
        testbed.posternd.kill()
        testbed.posternd.wait()
        begun = time.monotonic()
        testbed.start_posternd()
        http = AwsHttp(testbed.endpoint, testbed.ca_bundle)
        answer = http.ssm("ResumeSession", {"SessionId": identifier}, testbed.admin)
        took = time.monotonic() - begun
        assert answer.status == 200 and answer.json()["TokenValue"], answer.body
        assert took < PLUGIN_SECONDS, took
        testbed.ssm("terminate-session", "--session-id", identifier)
        wait_over(testbed, identifier)
    node.wait_connected(60)


@pytest.fixture
def mortal(testbed):
    """A node whose agent a test may end, and restart."""
    node = testbed.add_node(f"mortal-{uuid.uuid4()}")
    yield node
    if node.process.poll() is not None:
        # Its workers would wait for it for minutes.
        node.run()
    node.stop()


def wait_adopted(testbed, node, identifier):
    """Waits until the node's new agent is connected and has told the service that it holds the session."""
    wait_until(lambda: f"session={identifier}" in testbed.log(node.process.log_name), END_SECONDS, "the session adopted", 0.05)
    node.wait_connected(60)


def test_a_shell_outlives_its_agent(testbed, mortal):
    files = sorted(mortal.state_dir.rglob("*"))
    others = agents()
    with open_shell(testbed, mortal) as shell:
        identifier = session_id(shell)
        far_shell = int(shell.run("variable=kept; echo $$"))
        shell.send("for i in $(seq 200); do echo n$i; sleep 0.02; done; read line; echo \"got $line\"\r")
        shell.expect(b"n10\r\n")
        mortal.kill()
        shell.send("typed meanwhile\r")
        # All of this without any agent.
        numbers = shell.expect(b"got typed meanwhile\r\n").split(b"\r\n")
        assert [line for line in numbers if line.startswith(b"n")] == [b"n%d" % i for i in range(11, 201)]
        shell.expect(shell.prompt)
        mortal.run()
        wait_adopted(testbed, mortal, identifier)
        assert shell.run("echo $variable") == "kept"
        assert describe(testbed, "Active")[identifier]["Status"] == "Connected"
        with open_shell(testbed, mortal) as another:
            assert another.run("echo new") == "new"
            another.send("exit\r")
            another.wait_end()
        # The order goes over the new agent's control channel.
        testbed.ssm("terminate-session", "--session-id", identifier)
        shell.wait_end()
    wait_over(testbed, identifier)
    wait_until(lambda: not is_alive(far_shell), END_SECONDS, "the far shell gone")
    wait_until(lambda: len(agents()) <= len(others), END_SECONDS, "the workers gone")
    assert sorted(mortal.state_dir.rglob("*")) == files


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_worker_that_has_become_somebody_else_outlives_its_agent(testbed, mortal):
    """The run-as user's rights are its own by now, and the next agent's orders reach it all the same."""
    document = {
        "schemaVersion": "1.0",
        "sessionType": "Port",
        "inputs": {"runAsEnabled": True, "runAsDefaultUser": "nobody"},
        "properties": {"socket": "{{ socket }}", "type": "LocalPortForwarding"},
        "parameters": {"socket": {"type": "String"}},
    }
    name = f"Port-AsNobody-{uuid.uuid4()}"
    testbed.ssm("create-document", "--name", name, "--document-type", "Session", "--content", json.dumps(document))
    users = []

    def serve(connection):
        users.append(struct.unpack("iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1])
        echo(connection)

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "socket"
        os.chmod(directory, 0o755)
        with TcpServer(serve, path):
            os.chmod(path, 0o777)
            command = [testbed.program("postern"), "start-session", mortal.id, "--document-name", name, "--parameters", f"socket={path}"]
            with Forward(command, testbed.client_environment(), r"(?:127\.0\.0\.1:|Port )(\d+)") as through:
                with socket.create_connection(("127.0.0.1", through.port), timeout=30) as connection:
                    connection.sendall(b"one")
                    assert receive(connection, 3) == b"one"
                    assert users == [pwd.getpwnam("nobody").pw_uid]
                    (identifier,) = describe(testbed, "Active", f"key=Target,value={mortal.id}")
                    mortal.kill()
                    connection.sendall(b"two")
                    assert receive(connection, 3) == b"two"
                    mortal.run()
                    wait_adopted(testbed, mortal, identifier)
                    connection.sendall(b"three")
                    assert receive(connection, 5) == b"three"
                    testbed.ssm("terminate-session", "--session-id", identifier)
                    wait_over(testbed, identifier)


def test_a_session_that_ends_without_an_agent(testbed, mortal):
    with open_shell(testbed, mortal) as shell:
        identifier = session_id(shell)
        shell.run("true")
        mortal.kill()
        shell.send("exit\r")
        shell.wait_end()
    assert wait_over(testbed, identifier)["Status"] == "Terminated"


def test_an_agent_is_upgraded(testbed, mortal):
    """What `systemctl restart` does with our unit."""
    with open_shell(testbed, mortal) as shell:
        identifier = session_id(shell)
        shell.run("variable=kept")
        mortal.process.send_signal(signal.SIGUSR1)
        assert mortal.process.wait(END_SECONDS) == 0
        mortal.run()
        wait_adopted(testbed, mortal, identifier)
        assert shell.run("echo $variable") == "kept"
        # A stop is still a stop.
        mortal.stop()
        assert b"The agent on the node was stopped." in shell.wait_end()
    wait_over(testbed, identifier)


def test_the_process_that_starts_workers_is_killed(testbed, mortal):
    """The agent can't make another, since it holds secrets by now: it leaves its sessions to the next agent."""
    with open_shell(testbed, mortal) as shell:
        identifier = session_id(shell)
        shell.run("variable=kept")
        (starter,) = [p.pid for p in descendants(mortal.process.pid) if name_of(p.pid) == "worker-starter"]
        kill(starter)
        answer = AwsHttp(testbed.endpoint, testbed.ca_bundle).ssm("StartSession", {"Target": mortal.id}, testbed.admin)
        refused = answer.json()["SessionId"]
        assert "the agent restarts. Try again." in wait_over(testbed, refused)["Details"]
        assert mortal.process.wait(END_SECONDS) == 1
        mortal.run()
        wait_adopted(testbed, mortal, identifier)
        assert shell.run("echo $variable") == "kept"
        shell.send("exit\r")
        shell.wait_end()


def test_no_agent_comes_back(testbed):
    others = agents()
    node = testbed.register_node("abandoned")
    command = [testbed.program("postern-agent"), "run", "--state-dir", node.state_dir, "--keep-sessions", "2"]
    node.run(command)
    node.wait_connected()
    reason = "The agent on the node has gone away and did not come back within 2 seconds."
    with open_shell(testbed, node) as shell:
        identifier = session_id(shell)
        far_shell = int(shell.run("echo $$"))
        node.kill()
        assert reason.encode() in shell.wait_end(timeout=END_SECONDS)
    assert wait_over(testbed, identifier, END_SECONDS)["Details"] == reason
    wait_until(lambda: not is_alive(far_shell), END_SECONDS, "the far shell gone")
    wait_until(lambda: agents() <= others, END_SECONDS, "the workers gone")
    node.run()
    node.wait_connected(60)
    with open_shell(testbed, node) as shell:
        assert shell.run("echo again") == "again"
    node.stop()


@pytest.mark.parametrize("kind", ["postern", "aws"])
def test_client_is_killed(testbed, node, kind):
    before = sorted(node.state_dir.rglob("*"))
    others = agents()
    shell = open_shell(testbed, node, kind=kind)
    identifier = session_id(shell)
    far_shell = int(shell.run("echo $$"))
    for pid in [*(process.pid for process in descendants(shell.pid)), shell.pid]:
        kill(pid)
    shell.wait_end()
    wait_until(
        lambda: describe(testbed, "Active").get(identifier, {}).get("Status") != "Connected", 10, "not Connected any more", 0.1
    )
    # Resumable by its own client only, which is dead; it goes when told, or when its grace is over.
    testbed.ssm("terminate-session", "--session-id", identifier)
    wait_over(testbed, identifier, END_SECONDS)
    wait_until(lambda: not is_alive(far_shell), END_SECONDS, "the far shell gone")
    wait_until(lambda: agents() <= others, END_SECONDS, "the worker gone")
    assert sorted(node.state_dir.rglob("*")) == before


def test_a_forward_is_killed(programs):
    """Its connections are gone with it; the node's ends of them go with the grace, and nobody has to wait for that."""
    gone = threading.Event()

    def echo_until_gone(connection):
        echo(connection)
        gone.set()

    with Testbed(settings="[sessions]\ngrace_seconds = 5\n") as bed, TcpServer(echo_until_gone) as server:
        node = bed.add_node("web")
        others = agents()

        def forward(port):
            command = [bed.program("postern"), "forward", node.name, "-L", f"127.0.0.1:{port}:127.0.0.1:{server.port}"]
            return Forward(command, bed.client_environment(), r"127\.0\.0\.1:(\d+)")

        with forward(0) as first, socket.create_connection(("127.0.0.1", first.port), timeout=30) as connection:
            connection.sendall(b"one")
            assert receive(connection, 3) == b"one"
            (identifier,) = describe(bed, "Active")
            kill(first.process.pid)
            assert connection.recv(1) == b""
            first.process.wait()
            with forward(first.port) as second, socket.create_connection(("127.0.0.1", second.port), timeout=30) as again:
                again.sendall(b"two")
                assert receive(again, 3) == b"two"
                assert not gone.is_set(), "the new client had to wait for the end of the old one's session"
                assert "did not come back" in wait_over(bed, identifier, END_SECONDS)["Details"]
                assert gone.wait(END_SECONDS), "the node still holds the killed client's connection"
        wait_until(lambda: agents() <= others, END_SECONDS, "the workers gone")


def test_one_killed_worker_does_not_touch_another_session(testbed, node):
    with open_shell(testbed, node) as one, open_shell(testbed, node) as two:
        identifier = session_id(one)
        shell_pid = int(one.run("echo $$"))
        kill(parent_of(shell_pid))
        one.wait_end(timeout=END_SECONDS)
        wait_until(lambda: not is_alive(shell_pid), END_SECONDS, "the shell gone with its worker")
        wait_over(testbed, identifier, END_SECONDS)
        assert two.run("echo untouched") == "untouched"
    assert testbed.is_connected(node.id)


def parent_of(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("PPid:"))


def test_everything_stops_on_sigterm(programs):
    """Agents and service leave within the testbed's limit, sessions open or not, and leave no process."""
    with Testbed() as bed:
        node = bed.add_node("short")
        with open_shell(bed, node) as shell:
            far_shell = int(shell.run("echo $$"))
            node.stop()
            bed.stop_posternd()
            wait_until(lambda: not is_alive(far_shell), END_SECONDS, "the far shell gone")
        assert bed.unclean == []
