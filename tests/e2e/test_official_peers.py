"""AWS's own plugin and agent against ours, unmodified, when they are brought from outside.

POSTERN_OFFICIAL_DIR names a directory with session-manager-plugin, amazon-ssm-agent and the agent's workers. The agent
needs root, for a mount namespace in which it finds the places compiled into it.
"""

import os
import re
from pathlib import Path

import pytest
from sessions import session_id, wait_over
from support.official_agent import OfficialAgent
from support.postern_testbed import DEBIAN_AWS
from support.terminal import Terminal
from support.wait import wait_until

DIRECTORY = os.environ.get("POSTERN_OFFICIAL_DIR")
pytestmark = pytest.mark.skipif(not DIRECTORY, reason="POSTERN_OFFICIAL_DIR is not set")


@pytest.fixture(scope="module")
def official_node(testbed):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    agent = OfficialAgent(testbed, DIRECTORY)
    yield agent
    agent.stop()


@pytest.fixture(params=["official-plugin", "our-plugin", "postern"])
def open_shell(request, testbed):
    def open_on(node_id):
        if request.param == "postern":
            command = [testbed.program("postern"), "start-session", node_id]
        else:
            command = testbed.aws_command("ssm", "start-session", "--target", node_id, aws=DEBIAN_AWS)
        environment = testbed.client_environment()
        if request.param == "official-plugin":
            # First in PATH; it trusts what Go trusts.
            environment["PATH"] = f"{Path(DIRECTORY)}:{environment['PATH']}"
            environment["SSL_CERT_FILE"] = str(testbed.ca_bundle)
        shell = Terminal(command, env=environment)
        shell.settle()
        return shell

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
