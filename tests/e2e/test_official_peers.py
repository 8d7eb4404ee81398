"""AWS's own plugin and agent against ours, unmodified, when they are brought from outside: shells, and how they survive.

See official.py for how to bring them; test_official_sessions.py has the other kinds of session.
"""

import hashlib
import os
import re
import time

import pytest
from official import DIRECTORY, official_environment
from sessions import session_id, wait_over
from support.official_agent import OfficialAgent
from support.postern_testbed import DEBIAN_AWS
from support.processes import is_alive
from support.tcp_proxy import TcpProxy
from support.terminal import Terminal
from support.wait import wait_until

pytestmark = pytest.mark.skipif(not DIRECTORY, reason="POSTERN_OFFICIAL_DIR is not set")


@pytest.fixture(scope="module")
def far_official_node(testbed):
    """An official agent that reaches the service through a proxy."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    with TcpProxy(("127.0.0.1", testbed.port)) as proxy:
        agent = OfficialAgent(testbed, DIRECTORY, "far-official-agent", f"https://127.0.0.1:{proxy.port}")
        yield agent, proxy
        agent.stop()


def open_official(testbed, node_id, endpoint=None):
    """The AWS CLI with AWS's plugin."""
    command = testbed.aws_command("ssm", "start-session", "--target", node_id, aws=DEBIAN_AWS, endpoint=endpoint)
    return settled(Terminal(command, env=official_environment(testbed)))


def open_ours(testbed, node_id):
    return settled(Terminal([testbed.program("postern"), "start-session", node_id], env=testbed.client_environment()))


def settled(shell):
    shell.settle()
    return shell


@pytest.fixture(params=["official-plugin", "our-plugin", "postern"])
def open_shell(request, testbed):
    def open_on(node_id):
        if request.param == "official-plugin":
            return open_official(testbed, node_id)
        if request.param == "postern":
            return open_ours(testbed, node_id)
        command = testbed.aws_command("ssm", "start-session", "--target", node_id, aws=DEBIAN_AWS)
        return settled(Terminal(command, env=testbed.client_environment()))

    return open_on


def check_shell(testbed, shell):
    identifier = session_id(shell)
    assert shell.run("echo $((6 * 7))") == "42"
    shell.resize(33, 101)
    wait_until(lambda: shell.run("stty size") == "33 101", 10, "the new size")
    shell.send("sh -c 'echo star''ted; exec sleep 100'\r")
    shell.expect(b"started")
    shell.send("\x03")
    shell.expect(shell.prompt, timeout=10)
    assert len(shell.run("seq 20000", timeout=60).split("\n")) == 20000
    shell.send("exit\r")
    rest = shell.wait_end()
    assert f"Exiting session with sessionId: {identifier}." in rest.decode()
    assert wait_over(testbed, identifier)["Status"] == "Terminated"


def test_shell_on_our_agent(testbed, node, open_shell):
    with open_shell(node.id) as shell:
        check_shell(testbed, shell)


def test_shell_on_the_official_agent(testbed, official_node, open_shell):
    with open_shell(official_node.id) as shell:
        check_shell(testbed, shell)


def test_terminate(testbed, official_node, open_shell):
    with open_shell(official_node.id) as shell:
        identifier = session_id(shell)
        testbed.ssm("terminate-session", "--session-id", identifier)
        assert re.search(rf"SessionId: {identifier} : .*[Tt]erminated", shell.wait_end().decode())
    wait_over(testbed, identifier)


def test_official_agent_is_online(testbed, official_node):
    def seen():
        listed = testbed.ssm("describe-instance-information")["InstanceInformationList"]
        (found,) = [instance for instance in listed if instance["InstanceId"] == official_node.id]
        return found if found.get("ComputerName") else None

    found = wait_until(seen, 60, "the agent's full report", 0.5)
    assert found["PingStatus"] == "Online"
    assert found["PlatformType"] == "Linux"


@pytest.fixture(params=["our-agent", "official-agent"])
def any_node(request, node):
    return node.id if request.param == "our-agent" else request.getfixturevalue("official_node").id


def leave(testbed, shell):
    identifier = session_id(shell)
    shell.send("exit\r")
    shell.wait_end()
    assert wait_over(testbed, identifier)["Status"] == "Terminated"


def test_paste_through_the_official_plugin(testbed, any_node):
    line = b"0123456789abcdef" * 63 + b"0123456789abcde\n"
    text = line * 1024
    with open_official(testbed, any_node) as shell:
        shell.send("stty -echo; echo rea''dy; cat | sha256sum; stty echo\r")
        shell.expect(b"ready")
        for start in range(0, len(text), 16 * len(line)):
            shell.send(text[start : start + 16 * len(line)])
        shell.send("\x04")
        assert hashlib.sha256(text).hexdigest() in shell.expect(shell.prompt, timeout=150).decode()
        leave(testbed, shell)


def test_twenty_megabytes_of_output(testbed, official_node, open_shell):
    with open_shell(official_node.id) as shell:
        shell.send("seq 1 2600000; echo do''ne\r")
        printed = shell.expect(b"done", timeout=170).replace(b"\r", b"").split(b"\n")
        assert printed[1:-1] == [str(n).encode() for n in range(1, 2600001)]
        leave(testbed, shell)


def count_through(shell, interruption):
    """The far side counts while something happens; what arrives must be complete and in order."""
    shell.send("for i in $(seq 400); do echo n$i; sleep 0.02; done; echo do''ne\r")
    shell.expect(b"n10\r")
    interruption()
    printed = shell.expect(b"done", timeout=60).replace(b"\r", b"").split(b"\n")
    assert [line for line in printed if line.startswith(b"n")] == [b"n%d" % i for i in range(11, 401)]
    shell.expect(shell.prompt)
    assert shell.run("echo still here") == "still here"


def away(proxy, how, seconds):
    getattr(proxy, how)()
    time.sleep(seconds)
    proxy.restore()


# AWS's programs make six tries within about five seconds and then give a connection up for good.
@pytest.mark.parametrize("how, seconds", [("freeze", 10), ("cut", 2)])
def test_official_plugin_is_away(testbed, any_node, how, seconds):
    with TcpProxy(("127.0.0.1", testbed.port)) as proxy:
        with open_official(testbed, any_node, f"https://127.0.0.1:{proxy.port}") as shell:
            count_through(shell, lambda: away(proxy, how, seconds))
            leave(testbed, shell)


@pytest.mark.parametrize(
    "client, how, seconds",
    [
        (open_ours, "freeze", 10),
        (open_official, "freeze", 10),
        (open_ours, "cut", 2),
        (open_official, "cut", 2),
    ],
)
def test_official_agent_is_away(testbed, far_official_node, client, how, seconds):
    agent, proxy = far_official_node
    wait_until(lambda: testbed.is_connected(agent.id), 90, "the official agent connected", 0.5)
    with client(testbed, agent.id) as shell:
        count_through(shell, lambda: away(proxy, how, seconds))
        leave(testbed, shell)


def test_session_that_the_official_agent_gave_up(testbed, far_official_node):
    """It can be ended, and the person is told."""
    agent, proxy = far_official_node
    wait_until(lambda: testbed.is_connected(agent.id), 90, "the official agent connected", 0.5)
    with open_ours(testbed, agent.id) as shell:
        identifier, far_shell = session_id(shell), int(shell.run("echo $$"))
        away(proxy, "cut", 15)
        # A control channel that is away would not hear of it.
        wait_until(lambda: testbed.is_connected(agent.id), 90, "the official agent connected again", 0.5)
        testbed.ssm("terminate-session", "--session-id", identifier)
        assert re.search(rf"SessionId: {identifier} : .*[Tt]erminated", shell.wait_end().decode())
        assert wait_over(testbed, identifier)["Status"] == "Terminated"
    wait_until(lambda: not is_alive(far_shell), 60, "the far shell gone")


def test_idle_session(testbed, any_node):
    """Longer than any side waits for a sign of life."""
    with open_official(testbed, any_node) as shell:
        time.sleep(150)
        assert shell.run("echo still here") == "still here"
        leave(testbed, shell)


@pytest.mark.parametrize("client", [open_ours, open_official])
def test_posternd_is_restarted(testbed, official_node, client):
    def restart():
        testbed.stop_posternd()
        testbed.start_posternd()

    with client(testbed, official_node.id) as shell:
        count_through(shell, restart)
        leave(testbed, shell)
    wait_until(lambda: testbed.is_connected(official_node.id), 90, "the official agent connected", 0.5)
